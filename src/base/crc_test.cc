#include "base/crc.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

/// One bit after another, as the definition says.
template <class Word>
Word BitByBit(std::string_view bytes, Word polynomial) {
  Word state = ~Word{0};
  for (unsigned char byte : bytes) {
    state ^= byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? polynomial : 0);
  }
  return ~state;
}

std::string SomeBytes(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST(Crc, CheckValuesOfTheCatalogue) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc64Nvme("123456789"), 0xAE8B14860A799888ull);
  EXPECT_EQ(Crc64Nvme(""), 0u);
}

TEST(Crc, EveryLengthAsTheDefinitionSays) {
  const std::string bytes = SomeBytes(700);
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const std::string_view part = std::string_view(bytes).substr(bytes.size() - size);
    ASSERT_EQ(Crc32(part), BitByBit<uint32_t>(part, 0xEDB88320u)) << size;
    ASSERT_EQ(Crc32c(part), BitByBit<uint32_t>(part, 0x82F63B78u)) << size;
    ASSERT_EQ(Crc64Nvme(part), BitByBit<uint64_t>(part, 0x9A6C9329AC4BC9B5ull)) << size;
  }
}

TEST(Crc, RunsOn) {
  const std::string bytes = SomeBytes(300);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view begin = std::string_view(bytes).substr(0, cut);
    const std::string_view end = std::string_view(bytes).substr(cut);
    ASSERT_EQ(Crc32(end, Crc32(begin)), Crc32(bytes));
    ASSERT_EQ(Crc32c(end, Crc32c(begin)), Crc32c(bytes));
    ASSERT_EQ(Crc64Nvme(end, Crc64Nvme(begin)), Crc64Nvme(bytes));
  }
}

}  // namespace
}  // namespace penstock
