#include "store/secret_box.h"

#include <gtest/gtest.h>

#include <set>

namespace penstock {
namespace {

class CountingRandom : public Random {
 public:
  explicit CountingRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override { return state_ = state_ * 6364136223846793005u + 1442695040888963407u; }

 private:
  uint64_t state_;
};

TEST(SecretBox, OpensWhatItSealed) {
  CountingRandom random(1);
  SecretBox box(std::string(32, 'k'), random);
  for (std::string plain : {std::string(), std::string("secret"), std::string(100'000, 'x')}) {
    std::string sealed = box.Seal(plain, "definition/df-1");
    EXPECT_EQ(sealed.find("secret"), std::string::npos);
    EXPECT_EQ(box.Open(sealed, "definition/df-1").value(), plain);
  }
}

TEST(SecretBox, ALaterStartOpensWhatAnEarlierOneSealed) {
  CountingRandom first_random(1), second_random(2);
  SecretBox first(std::string(32, 'k'), first_random), second(std::string(32, 'k'), second_random);
  EXPECT_EQ(second.Open(first.Seal("a", "place"), "place").value(), "a");
}

TEST(SecretBox, EqualTextsNeverLookEqual) {
  CountingRandom random(1);
  SecretBox box(std::string(32, 'k'), random);
  std::set<std::string> sealed;
  for (int i = 0; i < 100; ++i) sealed.insert(box.Seal("same", "place"));
  EXPECT_EQ(sealed.size(), 100u);
}

TEST(SecretBox, RefusesWhatWasChangedMovedOrSealedElsewhere) {
  CountingRandom random(1);
  SecretBox box(std::string(32, 'k'), random), other(std::string(32, 'o'), random);
  std::string sealed = box.Seal("secret", "place");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(box.Open(changed, "place").error().code, ErrorCode::kCorrupt) << i;
  }
  EXPECT_FALSE(box.Open(sealed, "another place"));
  EXPECT_FALSE(other.Open(sealed, "place"));
  EXPECT_FALSE(box.Open("", "place"));
  EXPECT_FALSE(box.Open(sealed.substr(0, 40), "place"));
}

}  // namespace
}  // namespace penstock
