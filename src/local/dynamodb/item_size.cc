#include "local/dynamodb/item_size.h"

#include "local/dynamodb/number.h"

namespace penstock::dynamodb {

namespace {

size_t NumberSize(std::string_view text) {
  auto number = Number::Parse(text);
  return number ? number->StoredSize() : text.size();
}

size_t MembersSize(const AttributeValue& value) {
  size_t size = 0;
  for (const std::string& member : value.members()) {
    size += value.type == AttributeType::kNumberSet ? NumberSize(member) : member.size();
  }
  return size;
}

/// A value in the internal form: small headers, attribute names as one byte.
size_t PageValueSize(const AttributeValue& value) {
  switch (value.type) {
    case AttributeType::kString: {
      size_t size = value.text().size();
      return size + (size < 128 ? 1 : size < 16384 ? 2 : 3);
    }
    case AttributeType::kBinary:
      return value.text().size() + 1;
    case AttributeType::kNumber:
      return NumberSize(value.text()) + 1;
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet:
      return MembersSize(value) + value.members().size() + 1;
    case AttributeType::kNull:
      return 0;
    case AttributeType::kBoolean:
      return 1;
    case AttributeType::kList: {
      size_t size = 3;
      for (const AttributeValue& element : value.list()) size += 1 + PageValueSize(element);
      return size;
    }
    case AttributeType::kMap: {
      size_t size = 3;
      for (const Attribute& attribute : value.map()) size += 2 + PageValueSize(attribute.value);
      return size;
    }
  }
  return 0;
}

}  // namespace

size_t ValueSize(const AttributeValue& value) {
  switch (value.type) {
    case AttributeType::kString:
    case AttributeType::kBinary:
      return value.text().size();
    case AttributeType::kNumber:
      return NumberSize(value.text());
    case AttributeType::kBoolean:
    case AttributeType::kNull:
      return 1;
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet:
      return MembersSize(value);
    case AttributeType::kList: {
      size_t size = 3;
      for (const AttributeValue& element : value.list()) size += 1 + ValueSize(element);
      return size;
    }
    case AttributeType::kMap:
      return 3 + value.map().size() + ItemSize(value.map());
  }
  return 0;
}

size_t ItemSize(const Item& item) {
  size_t size = 0;
  for (const Attribute& attribute : item)
    size += attribute.name.size() + ValueSize(attribute.value);
  return size;
}

size_t PageSize(const Item& item, std::string_view range_key) {
  constexpr size_t kChunk = 3072, kChunkOverhead = 18;
  size_t size = 0, range_key_size = 0;
  for (const Attribute& attribute : item) {
    if (!range_key.empty() && attribute.name == range_key) {
      range_key_size = ValueSize(attribute.value);
    } else {
      size += 1 + PageValueSize(attribute.value);
    }
  }
  return 2 + size + (1 + (1 + size) / kChunk) * (kChunkOverhead + range_key_size);
}

}  // namespace penstock::dynamodb
