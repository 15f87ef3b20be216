// How large DynamoDB says things are. Two measures: the billed size (400 KB limit, capacity units)
// and the internal form whose sum ends a page at 1 MB. The second is not documented; the formula is
// the one that reproduces AWS's page ends.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
#pragma once

#include <cstddef>
#include <string_view>

#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

constexpr size_t kItemSizeMax = 409'600;
constexpr size_t kPageSizeMax = 1'048'576;
/// Storage and index sizes add this to each item.
constexpr size_t kStorageOverhead = 100;

/// A value by both measures, in bytes. In the internal form headers are small and attribute names
/// are one byte.
struct ValueSizes {
  size_t billed = 0, internal = 0;

  static constexpr ValueSizes OfString(size_t bytes) {
    return {bytes, bytes + (bytes < 128 ? 1 : bytes < 16384 ? 2 : 3)};
  }
  static constexpr ValueSizes OfBinary(size_t bytes) { return {bytes, bytes + 1}; }
  /// `bytes`: Number::StoredSize.
  static constexpr ValueSizes OfNumber(size_t bytes) { return {bytes, bytes + 1}; }
  static constexpr ValueSizes OfBoolean() { return {1, 1}; }
  static constexpr ValueSizes OfNull() { return {1, 0}; }
  /// `bytes`: of all members as above.
  static constexpr ValueSizes OfSet(size_t bytes, size_t members) {
    return {bytes, bytes + members + 1};
  }
  /// A list or map without content; what it holds is added.
  static constexpr ValueSizes OfContainer() { return {3, 3}; }
  constexpr void AddElement(ValueSizes element) {
    billed += 1 + element.billed;
    internal += 1 + element.internal;
  }
  constexpr void AddMember(size_t name_bytes, ValueSizes member) {
    billed += 1 + name_bytes + member.billed;
    internal += 2 + member.internal;
  }
};

/// An item by both measures, from its attributes.
class ItemSizes {
 public:
  constexpr void Add(size_t name_bytes, ValueSizes value, bool is_range_key) {
    billed_ += name_bytes + value.billed;
    if (is_range_key) {
      range_key_ = value.billed;
    } else {
      internal_ += 1 + value.internal;
    }
  }
  constexpr size_t billed() const { return billed_; }
  /// What the item takes of a page.
  constexpr size_t page() const {
    constexpr size_t kChunk = 3072, kChunkOverhead = 18;
    return 2 + internal_ + (1 + (1 + internal_) / kChunk) * (kChunkOverhead + range_key_);
  }

 private:
  size_t billed_ = 0, internal_ = 0, range_key_ = 0;
};

/// UTF-8 bytes of the names plus the values' sizes.
size_t ItemSize(const Item& item);
/// `range_key`: the table's sort key attribute or empty.
ItemSizes SizesOf(const Item& item, std::string_view range_key);

}  // namespace penstock::dynamodb
