// The values that items are made of: DynamoDB's ten types as one tree type.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::dynamodb {

enum class AttributeType : uint8_t {
  kString,
  kNumber,
  kBinary,
  kBoolean,
  kNull,
  kStringSet,
  kNumberSet,
  kBinarySet,
  kList,
  kMap,
};

/// As on the wire: "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M".
std::string_view TypeName(AttributeType type);
std::optional<AttributeType> TypeFromName(std::string_view name);

struct Attribute;
/// Attributes in the order in which they were given; names are unique.
using Item = std::vector<Attribute>;

/// Value type. A Number is held as its normal plain-decimal text, a Binary as raw bytes, sets as
/// their members in order. Values made by attribute_reader.h are valid: sets neither empty nor with
/// doubles, numbers in range.
struct AttributeValue {
  AttributeType type = AttributeType::kNull;
  std::variant<std::monostate, bool, std::string, std::vector<std::string>,
               std::vector<AttributeValue>, std::vector<Attribute>>
      data;

  static AttributeValue String(std::string text);
  /// REQUIRES: `text` is in normal form (Number::ToString).
  static AttributeValue Number(std::string text);
  static AttributeValue Binary(std::string bytes);
  static AttributeValue Boolean(bool value);
  static AttributeValue Null();
  static AttributeValue Set(AttributeType type, std::vector<std::string> members);
  static AttributeValue List(std::vector<AttributeValue> elements);
  static AttributeValue Map(Item attributes);

  // REQUIRES: `type` is one that holds it.
  bool boolean() const { return std::get<bool>(data); }
  const std::string& text() const { return std::get<std::string>(data); }
  const std::vector<std::string>& members() const {
    return std::get<std::vector<std::string>>(data);
  }
  std::vector<std::string>& members() { return std::get<std::vector<std::string>>(data); }
  const std::vector<AttributeValue>& list() const {
    return std::get<std::vector<AttributeValue>>(data);
  }
  std::vector<AttributeValue>& list() { return std::get<std::vector<AttributeValue>>(data); }
  const Item& map() const { return std::get<Item>(data); }
  Item& map() { return std::get<Item>(data); }

  bool IsSet() const {
    return type == AttributeType::kStringSet || type == AttributeType::kNumberSet ||
           type == AttributeType::kBinarySet;
  }
};

struct Attribute {
  std::string name;
  AttributeValue value;
};

/// The attribute's value, or nullptr. Lives until the item changes.
const AttributeValue* Find(const Item& item, std::string_view name);
AttributeValue* Find(Item& item, std::string_view name);
/// Replaces or appends.
void Assign(Item& item, std::string_view name, AttributeValue value);
/// Removing what is not there is nothing.
void Remove(Item& item, std::string_view name);

/// Same type and same content; the order of set members and of map entries does not matter.
bool Equal(const AttributeValue& a, const AttributeValue& b);
bool Equal(const Item& a, const Item& b);

/// The order of two values of one of the types S (by UTF-8 bytes), N, B; nullopt for other or
/// differing types.
std::optional<std::strong_ordering> Compare(const AttributeValue& a, const AttributeValue& b);

/// `text` as a JSON string, quotes included: only what must be escaped is.
void AppendJsonString(std::string_view text, std::string& out);
/// The wire form, compact: {"S":"x"}.
void AppendJson(const AttributeValue& value, std::string& out);
/// {"name":{"S":"x"},…}
void AppendJson(const Item& item, std::string& out);

}  // namespace penstock::dynamodb
