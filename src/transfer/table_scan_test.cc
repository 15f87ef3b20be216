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

class TableScan : public ::testing::Test {
 protected:
  TableScan() { aws_.tables["T"].key = KeySchema{{{"Id", AttributeType::kN}}}; }

  void Fill(int items, size_t padding) {
    for (int i = 0; i < items; ++i) {
      aws_.Put("T", fmt::format(R"({{"Id":{{"N":"{}"}},"Pad":{{"S":"{}"}}}})", i,
                                std::string(padding, 'x')));
    }
  }
  /// All of T under so many units a second. How many items came.
  uint64_t Scan(double units, int segments, double average_item_size) {
    RateController rate(
        {.ratio = 1}, {{units, "provisioned", false}},
        []() -> Result<TableCapacity> { return Unavailable("throttled"); }, &clock_, &random_);
    ProgressCallback progress;
    ProgressMeter meter("exporting", progress, &clock_, &rate);
    uint64_t items = 0;
    OpenSegment open = [&](SegmentStart*) -> Result<std::unique_ptr<SegmentSink>> {
      return std::unique_ptr<SegmentSink>(std::make_unique<CountingSink>(&items));
    };
    TableScanOptions options{
        .table = "T", .segments = WholeTable(segments), .average_item_size = average_item_size};
    Status scanned = ScanTable(client_, options, rate, meter, clock_, random_, open, {});
    EXPECT_TRUE(scanned) << scanned.error().message;
    consumed_ = rate.totals().consumed;
    return items;
  }

  FakeClock clock_;
  FakeRandom random_;
  FakeAws aws_{&clock_};
  DynamoDbClient client_{{&aws_, &clock_, &random_},
                         {"http://aws.test", "us-east-1", StaticCredentials({"A", "s", ""})}};
  double consumed_ = 0;
};

TEST_F(TableScan, PagesWhoseAnswersAreLostStillCount) {
  Fill(600, 3000);
  aws_.faults.lost_answer_every = 2;
  EXPECT_EQ(Scan(20, 1, 3000), 600u);
  double read = 0;
  for (const auto& page : aws_.reads) read += page.units;
  EXPECT_GT(read, 300);  // most pages twice
  EXPECT_LE(WindowMax(aws_.reads), 1.05 * 20 * 10 + 10);
  EXPECT_GE(consumed_, 0.9 * read);
}

TEST_F(TableScan, UnderALowBoundAPageStaysAsLargeAsItsUnitsPayFor) {
  Fill(400, 980);
  // The last page of a segment is short and costs as much as a full one.
  EXPECT_EQ(Scan(1, 20, 985), 400u);
  EXPECT_LE(aws_.scans, 400 / 4 + 20);
  EXPECT_LE(consumed_, 0.5 * (400.0 / 4 + 20));
}

TEST_F(TableScan, ItemsLargerThanTheTableSaysAreLearnt) {
  Fill(400, 3000);
  EXPECT_EQ(Scan(20, 1, 1000), 400u);
  // Half a second's units are 81 items of the size that was told, and 27 of these.
  EXPECT_GT(aws_.scans, 400 / 81 + 2);
  EXPECT_LE(WindowMax(aws_.reads), 1.05 * 20 * 10 + 81 * 3000 / 8192.0);
}

}  // namespace
}  // namespace penstock
