#include "transfer/verifier.h"

#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using VerifierTest = testing::PagedFixture;

TEST_F(VerifierTest, TableAgainstTable) {
  Fill(300);
  aws_.faults.latency = Duration(0);
  aws_.tables["U"].items = aws_.tables["T"].items;
  VerifyOptions options;
  options.source = "dynamodb://T";
  options.table = "U";
  options.rate.ratio = 1;
  aws_.tables["U"].id = "id-2";
  auto verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  EXPECT_EQ(verified->items, 300u);
  aws_.Put("U", R"({"Id":{"n":"7"}})");
  verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  EXPECT_EQ(
      verified->differences,
      (std::vector<std::string>{
          "both have 300 items, with different content",
          "with other content in the table than in the first table: {\"Id\":{\"N\":\"7\"}}"}));
  // What is said of a schema names the two.
  aws_.tables["U"].ttl_attribute = "at";
  verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  EXPECT_EQ(verified->warnings,
            std::vector<std::string>{
                "the schema differs: the time to live: none in table T, at in table U"});
  options.table = "T";
  auto same = RunVerify(Context(), options);
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("the same table"), std::string::npos);
}

}  // namespace
}  // namespace penstock
