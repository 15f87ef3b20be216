#include "service/task_id.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace penstock {
namespace {

TEST(TaskId, ComesBack) {
  TaskIdCodec codec("secret");
  for (std::string name :
       {std::string(), std::string("df-1/@A_2014-01-01T00:00:00/1/3"), std::string("\0\xff", 2)}) {
    EXPECT_EQ(codec.Decode(codec.Encode(name)), name);
  }
}

TEST(TaskId, OnlyOursAreGood) {
  TaskIdCodec codec("secret"), other("another");
  std::string good = codec.Encode("df-1/@A/1/1");
  EXPECT_FALSE(other.Decode(good));
  EXPECT_FALSE(codec.Decode(""));
  EXPECT_FALSE(codec.Decode("not base64!"));
  EXPECT_FALSE(codec.Decode(Base64Encode("short")));
  std::string bytes = *Base64Decode(good);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(codec.Decode(Base64Encode(changed))) << i;
  }
}

}  // namespace
}  // namespace penstock
