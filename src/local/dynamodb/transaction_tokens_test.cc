#include "local/dynamodb/transaction_tokens.h"

#include <gtest/gtest.h>

#include "local/dynamodb/dynamodb_for_test.h"

namespace penstock::dynamodb {
namespace {

class TransactionTokensTest : public testing::Test {
 protected:
  WriteBatch Planned(const std::string& name) {
    WriteBatch batch;
    EXPECT_TRUE(tokens_.RecordIn(name, "digest of " + name, batch));
    return batch;
  }
  void Write(const WriteBatch& batch) { ASSERT_TRUE(store_.Write(batch, Durability::kProcess)); }
  bool IsKnown(const std::string& name) { return tokens_.Find(name)->has_value(); }
  /// A name of the same stripe as `name`, or of another.
  static std::string Other(const std::string& name, bool same_stripe) {
    for (int i = 0;; ++i) {
      std::string other = TransactionTokens::Name("111111111111", "other" + std::to_string(i));
      bool same = TransactionTokens::StripeOf(other) == TransactionTokens::StripeOf(name);
      if (same == same_stripe) return other;
    }
  }

  const std::string name_ = TransactionTokens::Name("111111111111", "token");
  MemoryKeyValue store_;
  TestClock clock_;
  TransactionTokens tokens_{&store_, &clock_};
};

TEST_F(TransactionTokensTest, AreKnownForTenMinutesAcrossRestarts) {
  Write(Planned(name_));
  TransactionTokens restarted(&store_, &clock_);
  EXPECT_EQ(*restarted.Find(name_), "digest of " + name_);
  clock_.Advance(std::chrono::minutes(10));
  EXPECT_FALSE(IsKnown(name_));
}

TEST_F(TransactionTokensTest, AreSweptByTheirStripe) {
  Write(Planned(name_));
  ASSERT_EQ(store_.Content().size(), 2u);
  clock_.Advance(std::chrono::minutes(11));
  Write(Planned(Other(name_, false)));
  EXPECT_EQ(store_.Content().size(), 4u);
  Write(Planned(Other(name_, true)));
  EXPECT_EQ(store_.Content().size(), 4u) << "the old token went, the new one came";
}

// Another token's transaction may be planned before this token is used anew and be written after:
// its lock is another one.
TEST_F(TransactionTokensTest, UsedAnewAreNotLostToAnotherStripesSweep) {
  Write(Planned(name_));
  clock_.Advance(std::chrono::minutes(11));
  WriteBatch late = Planned(Other(name_, false));
  Write(Planned(name_));
  Write(late);
  EXPECT_TRUE(IsKnown(name_));
}

TEST_F(TransactionTokensTest, UsedAnewAreKeptByTheirOwnStripesSweep) {
  Write(Planned(name_));
  clock_.Advance(std::chrono::minutes(11));
  Write(Planned(name_));
  Write(Planned(Other(name_, true)));
  EXPECT_TRUE(IsKnown(name_));
}

TEST_F(TransactionTokensTest, KeepTheirStripe) {
  // In the store: another hash would leave tokens there for ever.
  EXPECT_EQ(TransactionTokens::StripeOf(""), 0xE3u % 64);     // SHA-256 of nothing
  EXPECT_EQ(TransactionTokens::StripeOf("abc"), 0xBAu % 64);  // FIPS 180-4's example
}

}  // namespace
}  // namespace penstock::dynamodb
