#include "local/dynamodb/key_codec.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/encoding.h"
#include "local/dynamodb/number.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

namespace {

constexpr char kItemSpace = 'i';

std::string Prefix(uint64_t serial) { return kItemSpace + BigEndian(serial, 8); }

constexpr size_t kPrefixSize = 1 + 8;
constexpr size_t kHashSize = 8;

/// The smallest hash of a segment: ceil(2^64 * segment / segments). REQUIRES: segment < segments.
uint64_t SegmentStart(uint64_t segment, uint64_t segments) {
  auto scaled = static_cast<unsigned __int128>(segment) << 64;
  return static_cast<uint64_t>((scaled + segments - 1) / segments);
}

}  // namespace

void AppendKeyPart(const AttributeValue& value, std::string& out) {
  if (value.type == AttributeType::kNumber) {
    Number::Parse(value.text()).value_or(Number()).AppendSortable(out);
    return;
  }
  for (char c : value.text()) {
    out.push_back(c);
    if (c == 0) out.push_back('\xFF');
  }
  out.push_back(0);
  out.push_back(1);
}

std::optional<AttributeValue> ReadKeyPart(AttributeType type, std::string_view& in) {
  if (type == AttributeType::kNumber) {
    auto number = Number::ReadSortable(in);
    if (!number) return std::nullopt;
    return AttributeValue::Number(number->ToString());
  }
  std::string bytes;
  while (in.size() >= 2) {
    size_t zero = in.find('\0');
    if (zero == std::string_view::npos || zero + 1 >= in.size()) return std::nullopt;
    bytes.append(in, 0, zero);
    char after = in[zero + 1];
    in.remove_prefix(zero + 2);
    if (after == 1) return AttributeValue{type, std::move(bytes)};
    if (after != '\xFF') return std::nullopt;
    bytes.push_back(0);
  }
  return std::nullopt;
}

KeyRange KeyLayout::All() const { return {Prefix(serial), Prefix(serial + 1)}; }

KeyRange KeyLayout::Segment(uint64_t segment, uint64_t segments) const {
  KeyRange range = All();
  if (segment > 0) range.begin += BigEndian(SegmentStart(segment, segments), kHashSize);
  if (segment + 1 < segments) {
    range.end = Prefix(serial);
    range.end += BigEndian(SegmentStart(segment + 1, segments), kHashSize);
  }
  return range;
}

std::string KeyLayout::PartitionPrefix(const AttributeValue& partition_key) const {
  std::string part;
  AppendKeyPart(partition_key, part);
  std::string prefix = Prefix(serial);
  prefix += BigEndian(XXH3_64bits(part.data(), part.size()), kHashSize);
  return prefix += part;
}

std::optional<std::string> KeyLayout::Encode(const Item& item) const {
  std::string key;
  for (size_t i = 0; i < parts.size(); ++i) {
    const AttributeValue* value = Find(item, parts[i].name);
    if (value == nullptr || value->type != parts[i].type) return std::nullopt;
    if (i == 0) {
      key = PartitionPrefix(*value);
    } else {
      AppendKeyPart(*value, key);
    }
  }
  return key;
}

std::optional<Item> KeyLayout::Decode(std::string_view key) const {
  if (key.size() < kPrefixSize + kHashSize || key.substr(0, kPrefixSize) != Prefix(serial)) {
    return std::nullopt;
  }
  key.remove_prefix(kPrefixSize + kHashSize);
  Item item;
  for (const KeyAttribute& part : parts) {
    auto value = ReadKeyPart(part.type, key);
    if (!value) return std::nullopt;
    item.push_back({part.name, std::move(*value)});
  }
  if (!key.empty()) return std::nullopt;
  return item;
}

}  // namespace penstock::dynamodb
