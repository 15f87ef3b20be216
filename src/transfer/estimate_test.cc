#include "transfer/estimate.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace penstock
