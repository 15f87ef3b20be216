#include "engine/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

TEST(CodecTest, RecordsReadBackAndForeignBytesAreRefused) {
  InstanceRecord instance;
  instance.id = "@A_2014-05-01T00:00:00";
  instance.waiting_on = {"x", "y"};
  instance.retry_at = At("2014-05-01T00:00:00");
  instance.fields = {{"k", "v", true}};
  const Write write{{{"1", "r"}, "df-1"}, instance};
  const std::string key = RecordKey(write), value = EncodeRecord(write.change);
  EXPECT_EQ(*DecodeRecord(key, value), write);
  EXPECT_FALSE(DecodeRecord(key, value + "x"));
  EXPECT_FALSE(DecodeRecord(key + "x", value));
  EXPECT_FALSE(DecodeRecord("nonsense", value));
  for (size_t size = 1; size < 40; ++size) (void)DecodeRecord(key, value.substr(0, size));
}

}  // namespace
}  // namespace penstock::engine
