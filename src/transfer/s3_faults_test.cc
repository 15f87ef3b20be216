// Whole transfers against an S3 that throttles, breaks connections and cuts bodies short.
#include <gtest/gtest.h>

#include "transfer/estimate.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::FakeS3;

class S3FaultsTest : public testing::PagedFixture {
 protected:
  S3FaultsTest() {
    aws_.faults.latency = Duration(0);
    Fill(400);
  }

  bool IsObject(const std::string& target) { return target.find('?') == std::string::npos; }
  /// Gives every n-th reading of an object that fault.
  void BreakReads(int n, int fault) {
    reads_ = 0;
    aws_.s3_fault = [this, n, fault](const std::string& method, const std::string& target) {
      return method == "GET" && IsObject(target) && ++reads_ % n == 0 ? fault : 0;
    };
  }
  void ExpectImported() {
    aws_.tables["U"].items.clear();
    auto imported = RunImport(Context(), Import("s3://bucket/out"));
    ASSERT_GOOD(imported);
    EXPECT_EQ(imported->items, 400u);
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  }

  int reads_ = 0;
};

TEST_F(S3FaultsTest, SlowDownIsWaitedOut) {
  int asked = 0;
  aws_.s3_fault = [&](const std::string&, const std::string&) {
    ++asked;
    const bool is_storm = asked > 3 && asked < 30;  // for longer than a client tries by itself
    return is_storm || asked % 4 == 0 ? FakeS3::kSlowDown : 0;
  };
  double began = clock_.Seconds();
  auto exported = RunExport(Context(), Export("s3://bucket/out"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 400u);
  EXPECT_GT(asked, 30);
  EXPECT_GT(clock_.Seconds() - began, 1);  // it backed off
  ExpectImported();
  ExpectVerified("s3://bucket/out");
}

TEST_F(S3FaultsTest, AnS3ThatOnlyThrottlesEndsTheJobAndItGoesOnLater) {
  int puts = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string&) {
    return method == "PUT" && ++puts > 3 ? FakeS3::kSlowDown : 0;
  };
  double began = clock_.Seconds();
  auto exported = RunExport(Context(), Export("s3://bucket/out"), {}, stop_.get_token());
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kUnavailable) << exported.error().message;
  EXPECT_NE(exported.error().message.find("SlowDown"), std::string::npos)
      << exported.error().message;
  EXPECT_GT(clock_.Seconds() - began, 600);
  EXPECT_FALSE(aws_.objects.contains("/bucket/out/manifest"));
  aws_.s3_fault = nullptr;
  exported = RunExport(Context(), Export("s3://bucket/out"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->resumed_from, "run-1");
  EXPECT_EQ(exported->items, 400u);
  ExpectVerified("s3://bucket/out");
}

TEST_F(S3FaultsTest, FiveMinutesOfThrottlesAreNoReasonToLoseAnything) {
  ExportOptions options = Export("s3://bucket/out");
  double began = 0;
  std::string_view part;
  aws_.s3_fault = [&](const std::string&, const std::string& target) {
    const bool is_meant = target.find(part) != std::string::npos;
    return is_meant && clock_.Seconds() - began < 300 ? FakeS3::kSlowDown : 0;
  };
  // The small files, that are written and read at once.
  for (const char* name : {"_penstock", "_table.json", "manifest"}) {
    part = name;
    aws_.objects.clear();
    aws_.tables["U"].items.clear();
    began = clock_.Seconds();
    auto exported = RunExport(Context(), options, {}, stop_.get_token());
    ASSERT_GOOD(exported);
    EXPECT_GE(clock_.Seconds() - began, 300) << name;
    began = clock_.Seconds();
    auto imported = RunImport(Context(), Import("s3://bucket/out"), {}, stop_.get_token());
    ASSERT_GOOD(imported);
    EXPECT_TRUE(imported->warnings.empty()) << imported->warnings[0];
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
    began = clock_.Seconds();
    auto verified = RunVerify(Context(), Verify("T", "s3://bucket/out"), {}, stop_.get_token());
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal);
  }
  began = clock_.Seconds();
  auto estimate = EstimateImport(Context(), Import("s3://bucket/out"), stop_.get_token());
  ASSERT_GOOD(estimate);
  EXPECT_GE(clock_.Seconds() - began, 300);
}

TEST_F(S3FaultsTest, ConnectionsThatBreakInTheMiddleOfABodyLoseNothing) {
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  for (int n : {2, 3}) {
    BreakReads(n, FakeS3::kReset);
    ExpectImported();
    EXPECT_GT(reads_, 3);
    ExpectVerified("s3://bucket/out");
  }
}

TEST_F(S3FaultsTest, BodiesCutShortAreReadAgain) {
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  for (int n : {2, 3}) {
    BreakReads(n, FakeS3::kCutShort);
    ExpectImported();
    EXPECT_GT(reads_, 3);
    ExpectVerified("s3://bucket/out");
  }
}

TEST_F(S3FaultsTest, BodiesThatAreAlwaysCutShortAreNoImport) {
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    const bool is_data = target.find("manifest") == std::string::npos;
    return method == "GET" && IsObject(target) && is_data ? FakeS3::kCutShort : 0;
  };
  auto imported = RunImport(Context(), Import("s3://bucket/out"));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kUnavailable) << imported.error().message;
  EXPECT_NE(imported.error().message.find("before the end of the range"), std::string::npos)
      << imported.error().message;
  EXPECT_TRUE(aws_.tables["U"].items.empty());
  auto verified = RunVerify(Context(), Verify("", "s3://bucket/out"));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kUnavailable) << verified.error().message;
}

TEST_F(S3FaultsTest, AnUploadThatAConflictEndedIsMadeAnew) {
  Fill(40, 290'000);
  ExportOptions options = Export("s3://bucket/out");
  options.segments = 1;  // so that its file has several parts
  int conflicts = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    const bool completes = method == "POST" && target.find("uploadId=") != std::string::npos;
    return completes && conflicts++ == 0 ? FakeS3::kUploadGone : 0;
  };
  auto exported = RunExport(Context(), options);
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kUnavailable) << exported.error().message;
  EXPECT_NE(exported.error().message.find("written again"), std::string::npos)
      << exported.error().message;
  EXPECT_EQ(conflicts, 2);
  exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 400u);
  ExpectVerified("s3://bucket/out");
}

TEST_F(S3FaultsTest, NobodyThereIsSaidAtOnce) {
  aws_.s3_fault = [](const std::string&, const std::string&) { return FakeS3::kLost; };
  double began = clock_.Seconds();
  auto exported = RunExport(Context(), Export("s3://bucket/out"), {}, stop_.get_token());
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(clock_.Seconds() - began, 10);
}

TEST_F(S3FaultsTest, AnswersLostAndFaultsAfterTheWork) {
  for (int fault : {FakeS3::kLost, FakeS3::kDone500}) {
    aws_.objects.clear();
    int writes = 0;
    aws_.s3_fault = [&](const std::string& method, const std::string&) {
      return method != "GET" && method != "HEAD" && ++writes % 2 == 0 ? fault : 0;
    };
    auto exported = RunExport(Context(), Export("s3://bucket/out"));
    ASSERT_GOOD(exported);
    EXPECT_EQ(exported->items, 400u);
    ExpectVerified("s3://bucket/out");
  }
}

}  // namespace
}  // namespace penstock
