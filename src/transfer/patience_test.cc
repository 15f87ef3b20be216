#include "transfer/patience.h"

#include <gtest/gtest.h>

#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeClock;
using testing::FakeRandom;

TEST(Patience, EndsAfterTenMinutesOfTrying) {
  FakeClock clock;
  FakeRandom random;
  Patience patience(&clock, &random);
  double began = clock.Seconds();
  while (patience.Wait({})) {
  }
  EXPECT_GT(clock.Seconds() - began, 600);
  EXPECT_LT(clock.Seconds() - began, 606);
  EXPECT_GT(patience.tries(), 100);
  patience.Reset();
  EXPECT_TRUE(patience.Wait({}));
}

TEST(Patience, DoesNotEndWhileNobodyTries) {
  FakeClock clock;
  FakeRandom random;
  Patience patience(&clock, &random);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(patience.Next()) << i;
    clock.Sleep(Duration(1'800'000));
  }
  EXPECT_FALSE(patience.Next());
}

}  // namespace
}  // namespace penstock
