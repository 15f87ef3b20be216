// Whole transfers with tables that throttle, are hot in one place, disappear or change meanwhile,
// and with lines that no table takes.
#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::WindowMax;
using TableFaultsTest = testing::PagedFixture;

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
  for (const char* table : {"T", "U"}) {
    bool is_gone = false;
    ProgressCallback progress = [&](const Progress& now) {
      if (is_gone || now.phase == "checking files") return;
      std::lock_guard lock(aws_.mutex);
      aws_.tables.erase(table);
      is_gone = true;
    };
    auto ended = table == std::string("T") ? RunExport(Context(), Export("out"), progress)
                                           : RunImport(Context(), Import("before"), progress);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::kNotFound);
    EXPECT_NE(ended.error().message.find(std::string("table ") + table), std::string::npos)
        << ended.error().message;
  }
  EXPECT_FALSE(files_.Exists(folder_ + "/out/manifest"));
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
