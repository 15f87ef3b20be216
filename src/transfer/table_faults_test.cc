// Whole transfers with tables that throttle, are hot in one place, disappear or change meanwhile,
// and with lines that no table takes.
#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::WindowMax;

class TableFaultsTest : public testing::PagedFixture {
 protected:
  /// What happens to a table once a job is at work on it ends an export of T, a verification of it
  /// and an import into U, each with that error.
  void ExpectEnds(const std::function<void(const char* table)>& happens, ErrorCode code,
                  const std::string& expected) {
    for (const char* job : {"export", "verify", "import"}) {
      const char* table = job == std::string("import") ? "U" : "T";
      const testing::FakeAws::Table before = aws_.tables[table];
      bool has_happened = false;
      ProgressCallback progress = [&](const Progress& now) {
        if (has_happened || now.phase == "checking files") return;
        std::lock_guard lock(aws_.mutex);
        happens(table);
        has_happened = true;
      };
      ImportOptions import_options = Import("before");
      import_options.run_id = fmt::format("run-{}", ++runs_);
      auto ended = job == std::string("export") ? RunExport(Context(), Export("out"), progress)
                   : job == std::string("verify")
                       ? RunVerify(Context(), Verify("T", "before"), progress)
                       : RunImport(Context(), import_options, progress);
      ASSERT_FALSE(ended) << job;
      EXPECT_EQ(ended.error().code, code) << job;
      EXPECT_NE(ended.error().message.find(std::string("table ") + table), std::string::npos)
          << ended.error().message;
      EXPECT_NE(ended.error().message.find(expected), std::string::npos) << ended.error().message;
      EXPECT_FALSE(files_.Exists(folder_ + "/out/manifest"));
      static_cast<void>(disk_.RemoveTree(folder_ + "/out").has_value());
      aws_.tables[table] = before;
    }
  }

  int runs_ = 10;
};

TEST_F(TableFaultsTest, EveryThrottleClassIsBackPressureAndIsSaid) {
  Fill(400);
  for (const char* type :
       {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
        "Throttling", "LimitExceededException", "TooManyRequestsException", "SlowDown"}) {
    aws_.tables["U"].items.clear();
    aws_.faults.throttle_type = type;
    aws_.faults.throttle_every = 3;
    std::set<std::string> limiters;
    double last = 0, longest = 0;
    ProgressCallback progress = [&](const Progress& now) {
      limiters.insert(now.limited_by);
      if (now.phase != "checking files") longest = std::max(longest, now.seconds - last);
      last = now.seconds;
    };
    auto exported = RunExport(Context(), Export(type), progress);
    ASSERT_GOOD(exported);
    EXPECT_EQ(exported->items, 400u) << type;
    EXPECT_GT(exported->throttled_requests, 2u) << type;
    EXPECT_LT(longest, 2.5) << type;
    last = longest = 0;
    aws_.faults.throttle_every = 2;
    auto imported = RunImport(Context(), Import(type), progress);
    ASSERT_GOOD(imported);
    EXPECT_GT(imported->throttled_requests, 5u) << type;
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items) << type;
    EXPECT_TRUE(limiters.contains("DynamoDB")) << type;
  }
  // When nothing goes, that is what is said.
  aws_.faults.latency = Duration(0);
  std::map<std::string, int> said;
  aws_.faults.throttle_every = 1;
  ProgressCallback progress = [&](const Progress& now) {
    if (now.phase == "exporting" && ++said[now.limited_by] == 5) stop_.request_stop();
  };
  EXPECT_FALSE(RunExport(Context(), Export("never"), progress, stop_.get_token()));
  EXPECT_GE(said["throttling by DynamoDB"], 4);
}

TEST_F(TableFaultsTest, AHotPartitionIsParkedAndTheOthersGoOnAtFullRate) {
  Fill(6000, 1900);
  aws_.faults.latency = Duration(0);
  aws_.faults.page_bytes = 100'000;
  aws_.tables["T"].read_units = 200;
  aws_.tables["T"].hot_slots = 256;  // of 4096: one of the 16 segments
  aws_.tables["T"].hot_units = 10;
  ExportOptions options = Export("out");
  options.segments = 16;
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 6000u);
  EXPECT_GT(exported->throttled_requests, 2u);
  EXPECT_LE(WindowMax(aws_.reads), 1.05 * 200 * 10 + 128);
  // All but the hot segment's share at the whole rate: it took nobody's time but its own.
  double began = aws_.reads.front().at, units = 0, seconds = 0;
  const double others = exported->consumed_units * 15 / 16 * 0.95;
  for (const auto& read : aws_.reads) {
    units += read.units;
    if (units >= others) {
      seconds = read.at - began;
      break;
    }
  }
  EXPECT_LT(seconds, 1.1 * others / 200 + 1) << others;
  ExpectVerified("out");
}

TEST_F(TableFaultsTest, ATableThatDisappearsEndsTheJob) {
  Fill(1000);
  ASSERT_GOOD(RunExport(Context(), Export("before")));
  ExpectEnds([&](const char* table) { aws_.tables.erase(table); }, ErrorCode::kNotFound,
             "is not there any more");
}

TEST_F(TableFaultsTest, ATableMadeAnewMeanwhileEndsTheJob) {
  Fill(1000);
  ASSERT_GOOD(RunExport(Context(), Export("before")));
  ExpectEnds([&](const char* table) { aws_.tables[table].id = "id-9"; },
             ErrorCode::kFailedPrecondition, "made again");
  // With another key, and nothing in it.
  ExpectEnds(
      [&](const char* table) {
        aws_.tables[table] = {.key = {{{"Other", AttributeType::kS}}}, .id = "id-10"};
      },
      ErrorCode::kFailedPrecondition, "made again");
}

TEST_F(TableFaultsTest, ATableThatChangesMeanwhileIsStillAWholeExport) {
  Fill(1000);
  int changes = 0;
  ProgressCallback progress = [&](const Progress&) {
    std::lock_guard lock(aws_.mutex);
    ++changes;
    aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}}}})", 5000 + changes));
    aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"new":{{"s":"x"}}}})", changes));
    aws_.tables["T"].read_units = 100 + changes;
  };
  auto exported = RunExport(Context(), Export("out"), progress);
  ASSERT_GOOD(exported);
  EXPECT_GT(changes, 3);
  EXPECT_GE(exported->items, 1000u);
  auto verified = RunVerify(Context(), Verify("", "out"));
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal);
  EXPECT_EQ(verified->items, exported->items);
}

TEST_F(TableFaultsTest, CapacityThatWasRaisedMeanwhileIsRemindedOf) {
  Fill(1000);
  ProgressCallback progress = [&](const Progress&) {
    std::lock_guard lock(aws_.mutex);
    aws_.tables["T"].read_units = aws_.tables["U"].write_units = 2e6;
  };
  auto exported = RunExport(Context(), Export("out"), progress);
  ASSERT_GOOD(exported);
  aws_.tables["U"].write_units = 1e6;
  auto imported = RunImport(Context(), Import("out"), progress);
  ASSERT_GOOD(imported);
  for (const auto& [report, expected] :
       {std::pair(&*exported, "table T has 2000000 read units/s now and had 1000000"),
        std::pair(&*imported, "table U has 2000000 write units/s now and had 1000000")}) {
    ASSERT_EQ(report->warnings.size(), 1u) << expected << ", " << report->seconds << " s";
    EXPECT_TRUE(report->warnings[0].starts_with(expected)) << report->warnings[0];
  }
  auto again = RunExport(Context(), Export("again"), progress);
  ASSERT_GOOD(again);
  EXPECT_TRUE(again->warnings.empty());
}

TEST_F(TableFaultsTest, WhatNoTableTakesIsRejectedByItsLine) {
  std::string lines = "{\"Id\":{\"n\":\"1\"}}\n";
  lines += R"({"Id":{"n":"2"},"v":{"s":")" + std::string(410'000, 'x') + "\"}}\n";
  lines += "{\"Id\":{\"n\":\"3\"}}\n";
  const size_t torn_at = lines.size();
  lines += "{\"Id\":{\"n\":\"4\"},\"v\":{\"s\":\"to";  // as a full disk leaves it
  Write("in/f", lines);
  ImportOptions options = Import("in");
  options.no_manifest = true;
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 2u);
  ASSERT_EQ(imported->rejected, 2u);
  ASSERT_TRUE(imported->refusal);
  std::map<uint64_t, const Reject*> by_line;
  for (const Reject& reject : imported->rejects) by_line[reject.line] = &reject;
  ASSERT_TRUE(by_line.contains(2) && by_line.contains(4));
  EXPECT_NE(by_line[2]->reason.find("DynamoDB takes 409600"), std::string::npos)
      << by_line[2]->reason;
  EXPECT_GE(by_line[4]->offset, torn_at);
}

}  // namespace
}  // namespace penstock
