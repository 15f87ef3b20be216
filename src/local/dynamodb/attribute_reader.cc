#include "local/dynamodb/attribute_reader.h"

#include <fmt/core.h>

#include <unordered_set>

#include "base/encoding.h"
#include "base/text.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/number.h"

namespace penstock::dynamodb {

namespace {

std::string_view View(const json::Value& value) {
  return {value.get_string().data(), value.get_string().size()};
}

/// Booleans may come as "true", "YES", "1" …; request_shape.h has refused the rest.
bool ReadBoolean(const json::Value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_string()) return false;
  std::string word = AsciiUpper(View(value));
  return word == "TRUE" || word == "1" || word == "YES";
}

ApiResult<std::string> ReadNumber(const json::Value& value) {
  if (!value.is_string()) return SerializationError("Unexpected value type in payload");
  auto number = Number::Parse(View(value));
  if (!number) return ValidationError(DescribeFault(number.error(), View(value)));
  return number->ToString();
}

ApiResult<std::string> ReadBinary(const json::Value& value) {
  auto bytes = value.is_string() ? Base64Decode(View(value)) : std::nullopt;
  if (!bytes) return SerializationError("Invalid last non-pad Base64 character dectected");
  return std::move(*bytes);
}

/// "[a, b]": a set as the error message shows it.
std::string Listed(const json::Array& members) {
  std::string text = "[";
  for (const json::Value& member : members) {
    if (text.size() > 1) text += ", ";
    if (member.is_string()) text += View(member);
  }
  return text + "]";
}

ApiResult<void> ReadSet(AttributeType type, const json::Array& array, AttributeValue& out) {
  if (array.empty()) {
    switch (type) {
      case AttributeType::kStringSet:
        return InvalidParameterValues("An string set  may not be empty");
      case AttributeType::kNumberSet:
        return InvalidParameterValues("An number set  may not be empty");
      default:
        return InvalidParameterValues("Binary sets should not be empty");
    }
  }
  std::vector<std::string> members;
  members.reserve(array.size());
  for (const json::Value& element : array) {
    if (type == AttributeType::kNumberSet) {
      ASSIGN_OR_RETURN(std::string number, ReadNumber(element));
      members.push_back(std::move(number));
    } else if (type == AttributeType::kBinarySet) {
      ASSIGN_OR_RETURN(std::string bytes, ReadBinary(element));
      members.push_back(std::move(bytes));
    } else {
      if (!element.is_string()) {
        return InvalidParameterValues("An string set  may not have a null string as a member");
      }
      members.emplace_back(View(element));
    }
  }
  std::unordered_set<std::string_view> seen(members.begin(), members.end());
  if (seen.size() != members.size()) {
    switch (type) {
      case AttributeType::kStringSet:
        return InvalidParameterValues(
            fmt::format("Input collection {} contains duplicates.", Listed(array)));
      case AttributeType::kNumberSet:
        return ValidationError("Input collection contains duplicates");
      default:
        return InvalidParameterValues(
            fmt::format("Input collection {}of type BS contains duplicates.", Listed(array)));
    }
  }
  out = AttributeValue::Set(type, std::move(members));
  return {};
}

// Into their places: moved from hand to hand, values cost as much as reading them.
ApiResult<void> Read(const json::Value& value, int level, AttributeValue& out);

ApiResult<void> ReadMembers(const json::Object& object, int level, Item& out) {
  out.reserve(object.size());
  for (const auto& member : object) {
    if (member.value().is_null()) continue;
    Attribute& attribute = out.emplace_back();
    attribute.name.assign(member.key().data(), member.key().size());
    RETURN_IF_ERROR(Read(member.value(), level, attribute.value));
  }
  return {};
}

ApiResult<void> ReadTyped(AttributeType type, const json::Value& value, int level,
                          AttributeValue& out) {
  out.type = type;
  switch (type) {
    case AttributeType::kString:
      if (!value.is_string()) break;
      out.data.emplace<std::string>(View(value));
      return {};
    case AttributeType::kNumber: {
      ASSIGN_OR_RETURN(out.data, ReadNumber(value));
      return {};
    }
    case AttributeType::kBinary: {
      ASSIGN_OR_RETURN(out.data, ReadBinary(value));
      return {};
    }
    case AttributeType::kBoolean:
      out.data = ReadBoolean(value);
      return {};
    case AttributeType::kNull:
      if (!ReadBoolean(value)) {
        return InvalidParameterValues("Null attribute value types must have the value of true");
      }
      out.data = std::monostate();
      return {};
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet:
      if (!value.is_array()) break;
      return ReadSet(type, value.get_array(), out);
    case AttributeType::kList: {
      if (!value.is_array()) break;
      auto& elements = out.data.emplace<std::vector<AttributeValue>>();
      elements.reserve(value.get_array().size());
      for (const json::Value& element : value.get_array())
        RETURN_IF_ERROR(Read(element, level + 1, elements.emplace_back()));
      return {};
    }
    case AttributeType::kMap:
      if (!value.is_object()) break;
      return ReadMembers(value.get_object(), level + 1, out.data.emplace<Item>());
  }
  return SerializationError("Unexpected value type in payload");
}

/// `level`: how many containers are around it.
ApiResult<void> Read(const json::Value& value, int level, AttributeValue& out) {
  int types = 0;
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      // AWS drops members it does not know before it looks.
      auto type = TypeFromName({member.key().data(), member.key().size()});
      if (!type || member.value().is_null()) continue;
      if (level >= kNestingMax && (*type == AttributeType::kList || *type == AttributeType::kMap)) {
        return ValidationError("Nesting Levels have exceeded supported limits");
      }
      // The others are read for what may be wrong with them.
      AttributeValue other;
      RETURN_IF_ERROR(ReadTyped(*type, member.value(), level, ++types == 1 ? out : other));
    }
    if (types > 1) {
      return ValidationError(
          "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
          "the "
          "supported datatypes");
    }
  }
  if (types == 0) {
    return ValidationError(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }
  return {};
}

}  // namespace

ApiResult<void> CheckAttributeName(std::string_view name) {
  if (name.empty()) return InvalidParameterValues("Attribute name must not be empty");
  return {};
}

ApiResult<AttributeValue> ReadAttributeValue(const json::Value& value) {
  AttributeValue read;
  RETURN_IF_ERROR(Read(value, 0, read));
  return read;
}

ApiResult<Item> ReadItem(const json::Object& object) {
  Item item;
  RETURN_IF_ERROR(ReadMembers(object, 0, item));
  for (const Attribute& attribute : item) RETURN_IF_ERROR(CheckAttributeName(attribute.name));
  return item;
}

}  // namespace penstock::dynamodb
