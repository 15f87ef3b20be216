#include "transfer/key_census.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock {
namespace {

TEST(KeyCensus, FewKeysAreAllKnown) {
  KeyCensus census(1 << 20);
  std::mt19937_64 dice(7);
  std::vector<uint64_t> hashes;
  for (int i = 0; i < 50'000; ++i) hashes.push_back(dice());
  for (uint64_t hash : hashes) EXPECT_FALSE(census.Repeats(hash));
  for (uint64_t hash : hashes) EXPECT_TRUE(census.Repeats(hash));
  EXPECT_FALSE(census.Repeats(0));
  EXPECT_TRUE(census.Repeats(0));
  EXPECT_TRUE(census.IsComplete());
}

TEST(KeyCensus, OfManyAnEvenSampleIs) {
  KeyCensus census(1 << 15);
  std::mt19937_64 dice(7);
  std::vector<uint64_t> hashes;
  for (int i = 0; i < 50'000; ++i) hashes.push_back(dice());
  // However many there are, none is said to repeat that does not.
  for (uint64_t hash : hashes) EXPECT_FALSE(census.Repeats(hash));
  EXPECT_FALSE(census.IsComplete());
  int found = 0;
  for (uint64_t hash : hashes) found += census.Repeats(hash) ? 1 : 0;
  // Of 4096 slots half at most are used, and more than a quarter.
  EXPECT_GT(found, 900);
  EXPECT_LE(found, 2048);
}

}  // namespace
}  // namespace penstock
