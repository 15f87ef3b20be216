#include "local/dynamodb/item_size.h"

#include "local/dynamodb/number.h"

namespace penstock::dynamodb {

namespace {

size_t NumberSize(std::string_view text) {
  auto number = Number::Parse(text);
  return number ? number->StoredSize() : text.size();
}

ValueSizes SizesOf(const AttributeValue& value) {
  switch (value.type) {
    case AttributeType::kString:
      return ValueSizes::OfString(value.text().size());
    case AttributeType::kBinary:
      return ValueSizes::OfBinary(value.text().size());
    case AttributeType::kNumber:
      return ValueSizes::OfNumber(NumberSize(value.text()));
    case AttributeType::kBoolean:
      return ValueSizes::OfBoolean();
    case AttributeType::kNull:
      return ValueSizes::OfNull();
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet: {
      size_t bytes = 0;
      for (const std::string& member : value.members())
        bytes += value.type == AttributeType::kNumberSet ? NumberSize(member) : member.size();
      return ValueSizes::OfSet(bytes, value.members().size());
    }
    case AttributeType::kList: {
      ValueSizes sizes = ValueSizes::OfContainer();
      for (const AttributeValue& element : value.list()) sizes.AddElement(SizesOf(element));
      return sizes;
    }
    case AttributeType::kMap: {
      ValueSizes sizes = ValueSizes::OfContainer();
      for (const Attribute& attribute : value.map())
        sizes.AddMember(attribute.name.size(), SizesOf(attribute.value));
      return sizes;
    }
  }
  return {};
}

}  // namespace

size_t ItemSize(const Item& item) { return SizesOf(item, {}).billed(); }

ItemSizes SizesOf(const Item& item, std::string_view range_key) {
  ItemSizes sizes;
  for (const Attribute& attribute : item) {
    const bool is_range_key = !range_key.empty() && attribute.name == range_key;
    sizes.Add(attribute.name.size(), SizesOf(attribute.value), is_range_key);
  }
  return sizes;
}

}  // namespace penstock::dynamodb
