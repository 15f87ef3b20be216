#include "transfer/table_scan.h"

#include <gtest/gtest.h>

#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;
using testing::WindowMax;

/// Counts.
class CountingSink : public SegmentSink {
 public:
  explicit CountingSink(uint64_t* items) : items_(items) {}
  Status Take(const Item&) override {
    ++*items_;
    return {};
  }
  Status EndPage(std::string_view) override { return {}; }
  Status EndSegment(const std::vector<SegmentStart>&) override { return {}; }

 private:
  uint64_t* const items_;
};

TEST(TableScan, PagesWhoseAnswersAreLostStillCount) {
  FakeClock clock;
  FakeRandom random;
  FakeAws aws(&clock);
  aws.tables["T"].key = KeySchema{{{"Id", AttributeType::kN}}};
  const std::string padding(3000, 'x');
  for (int i = 0; i < 600; ++i)
    aws.Put("T", fmt::format(R"({{"Id":{{"N":"{}"}},"Pad":{{"S":"{}"}}}})", i, padding));
  aws.faults.lost_answer_every = 2;
  DynamoDbClient client({&aws, &clock, &random},
                        {"http://aws.test", "us-east-1", StaticCredentials({"A", "s", ""})});
  RateController rate(
      {.ratio = 1}, {{20, "provisioned", false}},
      []() -> Result<TableCapacity> { return Unavailable("throttled"); }, &clock, &random);
  ProgressCallback progress;
  ProgressMeter meter("exporting", progress, &clock, &rate);
  uint64_t items = 0;
  OpenSegment open = [&](SegmentStart*) -> Result<std::unique_ptr<SegmentSink>> {
    return std::unique_ptr<SegmentSink>(std::make_unique<CountingSink>(&items));
  };
  TableScanOptions options{.table = "T", .segments = WholeTable(1), .average_item_size = 3000};
  Status scanned = ScanTable(client, options, rate, meter, clock, random, open, {});
  ASSERT_TRUE(scanned) << scanned.error().message;
  EXPECT_EQ(items, 600u);
  double read = 0;
  for (const auto& page : aws.reads) read += page.units;
  EXPECT_GT(read, 300);  // most pages twice
  EXPECT_LE(WindowMax(aws.reads), 1.05 * 20 * 10 + 10);
  EXPECT_GE(rate.totals().consumed, 0.9 * read);
}

}  // namespace
}  // namespace penstock
