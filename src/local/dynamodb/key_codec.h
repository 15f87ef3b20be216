// How keys lie in the store. One table, or one index of a table, is a KeyLayout with a serial
// number of its own, never used again, so that account, region and name are settled by the
// catalogue alone and a table is removed as one range:
//
//   'i'  serial (8 bytes)  hash of the first part (8 bytes)  part  part…        integers big-endian
//
// A table's parts are its partition key and, if it has one, its sort key. An index has its own keys
// first, then those of the table that it does not have already, so that equal index keys stay
// apart. Parts are encoded so that the order of the bytes is the order of the values and no part is
// a prefix of another:
//
//   S, B   the bytes with 00 written as 00 FF, then 00 01
//   N      Number::AppendSortable
//
// The hash spreads partitions evenly, which is what parallel scans divide: segment s of n covers
// the hashes h with s * 2^64 <= h * n < (s + 1) * 2^64, hence exactly segments 2s and 2s + 1 of 2n.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

/// REQUIRES: S, N or B.
void AppendKeyPart(const AttributeValue& value, std::string& out);
/// Takes a part off the front of `in`; nullopt if there is none of that type.
std::optional<AttributeValue> ReadKeyPart(AttributeType type, std::string_view& in);

struct KeyAttribute {
  std::string name;
  AttributeType type = AttributeType::kString;
  bool operator==(const KeyAttribute&) const = default;
};

/// A half-open range of stored keys.
struct KeyRange {
  std::string begin, end;
};

/// Value type; immutable once made.
struct KeyLayout {
  uint64_t serial = 0;
  /// Partition key, sort key if there is one, then (indexes only) the table's remaining key
  /// attributes.
  std::vector<KeyAttribute> parts;
  /// Whether parts[1] is this layout's own sort key.
  bool has_range = false;

  std::string_view range_name() const {
    return has_range ? std::string_view(parts[1].name) : std::string_view();
  }

  /// All keys of the layout.
  KeyRange All() const;
  /// The keys of a segment of a parallel scan. REQUIRES: segment < segments.
  KeyRange Segment(uint64_t segment, uint64_t segments) const;
  /// What all keys with this partition key begin with.
  std::string PartitionPrefix(const AttributeValue& partition_key) const;

  /// The item's key; nullopt if it lacks one of the parts or has it with another type.
  std::optional<std::string> Encode(const Item& item) const;
  /// The key attributes, in the order of `parts`; nullopt if it is no key of this layout.
  std::optional<Item> Decode(std::string_view key) const;
};

}  // namespace penstock::dynamodb
