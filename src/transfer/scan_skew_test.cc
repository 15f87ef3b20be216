#include "transfer/scan_skew.h"

#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

std::string KeyOf(const std::string& partition, int sort) {
  return fmt::format(R"({{"At":{{"N":"{}"}},"Who":{{"S":"{}"}}}})", sort, partition);
}

TEST(ScanSkew, ALargeItemCollectionIsNamed) {
  for (bool has_sort_key : {true, false}) {
    ScanSkew skew(has_sort_key ? "Who" : "");
    // Two segments in turn; one has 40 pages of one key after 10 of others, the other 50 of many.
    for (int page = 0; page < 50; ++page) {
      skew.SawPage({0, 2}, 128, KeyOf(page < 10 ? std::to_string(page) : "big", page));
      skew.SawPage({1, 2}, 128, page == 49 ? "" : KeyOf(fmt::format("small {}", page), page));
    }
    skew.SawPage({0, 2}, 64, "");
    std::vector<std::string> findings = skew.Findings();
    ASSERT_EQ(findings.size(), has_sort_key ? 1u : 0u);
    // The first of the 40 may begin with another key.
    if (has_sort_key) {
      EXPECT_TRUE(findings[0].starts_with(R"(the items with Who = {"S":"big"} are about 39 % of)"))
          << findings[0];
    }
  }
}

TEST(ScanSkew, EvenTablesSayNothing) {
  ScanSkew skew("Who");
  for (int page = 0; page < 300; ++page) {
    skew.SawPage({page % 4, 4}, 128, KeyOf(std::to_string(page / 40), page));
    skew.SawThrottle({page % 4, 4});
  }
  EXPECT_TRUE(skew.Findings().empty());
}

using ScanSkewTest = testing::PagedFixture;

TEST_F(ScanSkewTest, AnExportAndAVerificationTellOfIt) {
  aws_.tables["T"].key = {{{"Who", AttributeType::kS}, {"At", AttributeType::kN}}};
  for (int i = 0; i < 900; ++i) {
    aws_.Put("T", fmt::format(R"({{"Who":{{"s":"{}"}},"At":{{"n":"{}"}},"Pad":{{"s":"{}"}}}})",
                              i < 600 ? "big" : std::to_string(i), i, std::string(50, 'x')));
  }
  auto exported = RunExport(Context(), Export("out"));
  ASSERT_GOOD(exported);
  ASSERT_EQ(exported->warnings.size(), 1u);
  EXPECT_NE(exported->warnings[0].find(R"(Who = {"S":"big"})"), std::string::npos)
      << exported->warnings[0];
  VerifyOptions options = Verify("T", "out");
  options.memory_bytes = 1 << 20;
  auto verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal);
  ASSERT_EQ(verified->warnings.size(), 1u);
  EXPECT_NE(verified->warnings[0].find(R"(Who = {"S":"big"})"), std::string::npos);
}

}  // namespace
}  // namespace penstock
