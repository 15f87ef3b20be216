#include "local/dynamodb/key_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {
namespace {

KeyLayout Layout(AttributeType sort_type) {
  return {
      .serial = 7, .parts = {{"pk", AttributeType::kString}, {"sk", sort_type}}, .has_range = true};
}

Item Key(std::string partition, AttributeValue sort) {
  return {{"pk", AttributeValue::String(std::move(partition))}, {"sk", std::move(sort)}};
}

RC_GTEST_PROP(KeyCodec, KeysOfOnePartitionSortByTheirSortKeysBytes,
              (const std::string& a, const std::string& b)) {
  KeyLayout layout = Layout(AttributeType::kBinary);
  std::string x = *layout.Encode(Key("p", AttributeValue::Binary(a)));
  std::string y = *layout.Encode(Key("p", AttributeValue::Binary(b)));
  RC_ASSERT((x < y) == (a < b));
  RC_ASSERT(x == y || (!x.starts_with(y) && !y.starts_with(x)));
}

RC_GTEST_PROP(KeyCodec, KeysReadBack, (const std::string& partition, const std::string& sort)) {
  KeyLayout layout = Layout(AttributeType::kBinary);
  Item key = Key(partition, AttributeValue::Binary(sort));
  auto decoded = layout.Decode(*layout.Encode(key));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(Equal(*decoded, key));
}

RC_GTEST_PROP(KeyCodec, ForeignBytesAreRefusedNotTrusted, (const std::string& bytes)) {
  KeyLayout layout = Layout(AttributeType::kNumber);
  std::string key = layout.PartitionPrefix(AttributeValue::String("p")) + bytes;
  auto decoded = layout.Decode(key);
  if (decoded) RC_ASSERT(*layout.Encode(*decoded) == key);
}

RC_GTEST_PROP(KeyCodec, PartitionPrefixHoldsExactlyItsPartition,
              (const std::string& a, const std::string& b)) {
  KeyLayout layout = Layout(AttributeType::kString);
  std::string prefix = layout.PartitionPrefix(AttributeValue::String(a));
  std::string key = *layout.Encode(Key(b, AttributeValue::String("x")));
  RC_ASSERT(key.starts_with(prefix) == (a == b));
}

TEST(KeyCodec, SegmentsHalveExactly) {
  KeyLayout layout = Layout(AttributeType::kString);
  for (uint64_t segments : {1u, 2u, 3u, 7u, 1000u, 999'983u, 500'000u}) {
    for (uint64_t segment : {uint64_t{0}, segments / 2, segments - 1}) {
      KeyRange whole = layout.Segment(segment, segments);
      KeyRange low = layout.Segment(2 * segment, 2 * segments);
      KeyRange high = layout.Segment(2 * segment + 1, 2 * segments);
      EXPECT_EQ(whole.begin, low.begin);
      EXPECT_EQ(low.end, high.begin);
      EXPECT_EQ(high.end, whole.end);
    }
  }
  EXPECT_EQ(layout.Segment(0, 1).begin, layout.All().begin);
  EXPECT_EQ(layout.Segment(0, 1).end, layout.All().end);
}

TEST(KeyCodec, SegmentsTakeEqualShares) {
  KeyLayout layout{.serial = 1, .parts = {{"pk", AttributeType::kNumber}}};
  constexpr int kItems = 20'000, kSegments = 8;
  int counts[kSegments] = {};
  for (int i = 0; i < kItems; ++i) {
    std::string key = *layout.Encode({{"pk", AttributeValue::Number(std::to_string(i))}});
    for (int s = 0; s < kSegments; ++s) {
      KeyRange range = layout.Segment(s, kSegments);
      if (key >= range.begin && key < range.end) ++counts[s];
    }
  }
  int sum = 0;
  for (int count : counts) {
    EXPECT_NEAR(count, kItems / kSegments, kItems / kSegments / 8);
    sum += count;
  }
  EXPECT_EQ(sum, kItems);
}

TEST(StoredItem, HoldsTheWireFormAndDetectsDamage) {
  Item item = {
      {"pk", AttributeValue::String("a\n\"\\\x01\xC3\xA9")},
      {"n", AttributeValue::Number("-0.5")},
      {"m", AttributeValue::Map({{"l", AttributeValue::List({AttributeValue::Null(),
                                                             AttributeValue::Boolean(false)})}})},
      {"b", AttributeValue::Set(AttributeType::kBinarySet, {"", std::string("\0\xFF", 2)})}};
  std::string value = EncodeStoredItem(item, "");
  auto stored = DecodeStoredItem(value);
  ASSERT_TRUE(stored.has_value());
  auto read = ParseStoredJson(stored->json);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(Equal(*read, item));
  for (size_t i = 2; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(DecodeStoredItem(damaged).has_value()) << i;
  }
}

}  // namespace
}  // namespace penstock::dynamodb
