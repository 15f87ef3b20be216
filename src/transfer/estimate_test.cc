#include "transfer/estimate.h"

#include <gtest/gtest.h>

#include "transfer/batch_writer.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using EstimateTest = testing::PagedFixture;

TEST_F(EstimateTest, EstimatesAreNearTheTruth) {
  Fill(1000, 1500);
  aws_.faults.page_bytes = 1 << 20;
  aws_.tables["T"].read_units = 20;
  ExportOptions options = Export("out");
  auto estimate = EstimateExport(Context(), options);
  ASSERT_GOOD(estimate);
  EXPECT_NEAR(estimate->seconds, estimate->units / 20, 0.1);
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_NEAR(estimate->units, exported->consumed_units, 0.2 * exported->consumed_units);
  auto write = EstimateImport(Context(), Import("out"));
  ASSERT_GOOD(write);
  EXPECT_EQ(write->items, 1000u);
  EXPECT_EQ(write->units, 2000);
  EXPECT_EQ(*ParseDeadline("1h30m"), 5400);
  EXPECT_EQ(*ParseDeadline("3 days"), 259200);
  EXPECT_FALSE(ParseDeadline("soon"));
  EXPECT_FALSE(ParsePriceList("{\"readUnitsPerMillion\":-1}"));
}

// Of these the storage overhead that a table's size includes is the most.
TEST_F(EstimateTest, SmallItemsAreForeseenByWhatReadingThemCosts) {
  Fill(4000, 5);
  aws_.faults.page_bytes = 1 << 20;
  for (bool consistent_read : {false, true}) {
    ExportOptions options = Export(consistent_read ? "consistent" : "out");
    options.consistent_read = consistent_read;
    auto estimate = EstimateExport(Context(), options);
    ASSERT_GOOD(estimate);
    auto exported = RunExport(Context(), options);
    ASSERT_GOOD(exported);
    EXPECT_NEAR(estimate->units, exported->consumed_units, 0.1 * exported->consumed_units);
  }
}

TEST(TableDescription, ASizeWithoutOverheadIsNotTakenForNone) {
  TableDescription table;
  table.item_count = 10;
  table.size_bytes = 600;
  EXPECT_EQ(table.ItemBytes(), 10u);
  table.size_bytes = 1500;
  EXPECT_EQ(table.ItemBytes(), 500u);
  table.size_bytes = 0;
  EXPECT_EQ(table.AverageItemSize(), 0);
}

void ExpectNear(uint64_t estimate, int truth, double rate) {
  EXPECT_NEAR(static_cast<double>(estimate), truth, 0.2 * truth) << rate << " units/s";
}

TEST_F(EstimateTest, RequestsAreForeseenUnderLowBoundsToo) {
  Fill(600, 900);
  aws_.faults.page_bytes = 1 << 20;
  int scans_slow = 0, scans_fast = 0, batches_slow = 0, batches_fast = 0;
  for (double rate : {1.0, 4.0, 30.0, 1000.0}) {
    ExportOptions options = Export(fmt::format("out-{}", rate));
    options.rate.units_per_second = rate;
    aws_.scans = 0;
    auto estimate = EstimateExport(Context(), options);
    ASSERT_GOOD(estimate);
    EXPECT_EQ(aws_.scans, 0);
    ASSERT_GOOD(RunExport(Context(), options));
    ExpectNear(estimate->requests, aws_.scans, rate);
    (rate < 2 ? scans_slow : scans_fast) = aws_.scans;

    ImportOptions import = Import(fmt::format("out-{}", rate));
    import.rate.units_per_second = rate;
    aws_.batches = 0;
    estimate = EstimateImport(Context(), import);
    ASSERT_GOOD(estimate);
    EXPECT_EQ(aws_.batches, 0);
    ASSERT_GOOD(RunImport(Context(), import));
    ExpectNear(estimate->requests, aws_.batches, rate);
    (rate < 2 ? batches_slow : batches_fast) = aws_.batches;
  }
  // It did depend on the bound.
  EXPECT_GT(scans_slow, 10 * scans_fast);
  EXPECT_GT(batches_slow, 10 * batches_fast);
}

TEST_F(EstimateTest, EachLaneOfAnImportHasALastBatch) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ImportOptions options = Import("out");
  options.memory_bytes = kDefaultMemory;
  auto estimate = EstimateImport(Context(), options);
  ASSERT_GOOD(estimate);
  EXPECT_EQ(estimate->requests, 300u / BatchRoom::kItemsMax + 5);
  options.mode = *ParseImportMode("skip-existing");
  EXPECT_EQ(EstimateImport(Context(), options)->requests, 300u);
}

TEST_F(EstimateTest, TheDestinationIsLookedAt) {
  Fill(10);
  auto notes = [&](const ExportOptions& options) {
    auto estimate = EstimateExport(Context(), options);
    EXPECT_TRUE(estimate) << estimate.error().message;
    return estimate ? estimate->Describe(std::nullopt) : "";
  };
  ExportOptions options = Export("out");
  EXPECT_EQ(notes(options).find("destination"), std::string::npos);
  EXPECT_FALSE(files_.Exists(folder_ + "/out"));
  ASSERT_GOOD(RunExport(Context(), options));
  const std::vector<std::string> before = Names("out");
  options.run_id = "run-2";
  EXPECT_NE(notes(options).find("would be refused; --overwrite"), std::string::npos);
  options.overwrite = Overwrite::kAnyExport;
  EXPECT_NE(notes(options).find("an export is replaced"), std::string::npos);
  options.resume = true;
  EXPECT_NE(notes(options).find("to go on takes less"), std::string::npos);
  EXPECT_EQ(Names("out"), before);

  options.destination = folder_ + "/" + FirstDataFile();
  auto file = EstimateExport(Context(), options);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("is a file"), std::string::npos) << file.error().message;
  aws_.s3_fault = [](const std::string&, const std::string&) { return 404; };
  options.destination = "s3://nowhere/out";
  EXPECT_FALSE(EstimateExport(Context(), options));
}

TEST_F(EstimateTest, ATableThatIsToBeMadeIsForeseenAsItWillBe) {
  Fill(500, 1500);
  aws_.tables["T"].write_units = 40;
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables.erase("U");
  ImportOptions options = Import("out");
  EXPECT_EQ(EstimateImport(Context(), options).error().code, ErrorCode::kNotFound);
  options.create_table = true;
  auto estimate = EstimateImport(Context(), options);
  ASSERT_GOOD(estimate);
  EXPECT_EQ(estimate->units_per_second, 40);
  EXPECT_NEAR(estimate->seconds, 500 * 2 / 40.0, 1);
  EXPECT_NE(estimate->Describe(std::nullopt).find("it would be made"), std::string::npos);
  EXPECT_FALSE(aws_.tables.contains("U"));
  options.billing = *ParseTableBilling("7,500");
  EXPECT_EQ(EstimateImport(Context(), options)->units_per_second, 500);
  options.billing = *ParseTableBilling("on-demand");
  EXPECT_EQ(EstimateImport(Context(), options)->units_per_second, kOnDemandGuess);
  ASSERT_TRUE(files_.Remove(folder_ + "/out/_table.json"));
  auto untold = EstimateImport(Context(), options);
  ASSERT_FALSE(untold);
  EXPECT_NE(untold.error().message.find("_table.json"), std::string::npos)
      << untold.error().message;
}

TEST(PriceList, TheExampleIsOne) {
  auto text =
      PosixFiles().Read(std::string(PENSTOCK_SOURCE_DIR) + "/docs/guide/prices.example.json");
  ASSERT_GOOD(text);
  auto prices = ParsePriceList(*text);
  ASSERT_GOOD(prices);
  Estimate estimate{.units = 1e6};
  EXPECT_EQ(estimate.Price(*prices), prices->read_units_per_million);
  estimate.is_export = false;
  EXPECT_EQ(estimate.Price(*prices), prices->write_units_per_million);
}

}  // namespace
}  // namespace penstock
