#include "local/dynamodb/request_shape.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/text.h"
#include "local/dynamodb/attribute_value.h"
#include "local/dynamodb/dynamodb_error.h"

namespace penstock::dynamodb {

namespace {

using ShapeKind = Shape::Kind;

constexpr size_t kErrorsListed = 10;
constexpr std::string_view kModel = "com.amazonaws.dynamodb.v20120810.";
constexpr std::string_view kNamePattern = "[a-zA-Z0-9_.-]+";

bool IsNumber(const json::Value& value) { return value.is_number(); }

bool IsWhole(const json::Value& value) {
  return !value.is_double() || value.get_double() == std::floor(value.get_double());
}

std::string_view NumberToken(const json::Value& value) {
  return IsWhole(value) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
}

std::string_view BooleanToken(const json::Value& value) {
  return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
}

std::string JavaType(const Shape& shape) {
  if (shape.class_name.find('.') != std::string_view::npos) return std::string(shape.class_name);
  return fmt::format("{}{}", kModel, shape.class_name);
}

constexpr std::string_view kStructureStart = "Start of structure or map found where not expected";

// --- JSON types
// -------------------------------------------------------------------------------------------------------

ApiResult<void> CheckType(const json::Value& value, const Shape& shape);

ApiResult<void> CheckString(const json::Value& value) {
  if (value.is_string()) return {};
  if (value.is_bool()) {
    return SerializationError(fmt::format("{} cannot be converted to String", BooleanToken(value)));
  }
  if (IsNumber(value)) {
    return SerializationError(fmt::format("{} cannot be converted to String", NumberToken(value)));
  }
  if (value.is_array()) {
    return SerializationError("Unrecognized collection type class java.lang.String");
  }
  return SerializationError(std::string(kStructureStart));
}

ApiResult<void> CheckBoolean(const json::Value& value) {
  if (value.is_bool()) return {};
  if (IsNumber(value)) {
    return SerializationError(fmt::format("{} cannot be converted to Boolean", NumberToken(value)));
  }
  if (value.is_string()) {
    std::string word = AsciiUpper(View(value.get_string()));
    for (std::string_view legal : {"TRUE", "1", "YES", "FALSE", "0", "NO"}) {
      if (word == legal) return {};
    }
    return SerializationError("Unexpected token received from parser");
  }
  if (value.is_array()) {
    return SerializationError("Unrecognized collection type class java.lang.Boolean");
  }
  return SerializationError(std::string(kStructureStart));
}

ApiResult<void> CheckWholeNumber(const json::Value& value, std::string_view type) {
  if (IsNumber(value)) return {};
  if (value.is_bool()) {
    return SerializationError(
        fmt::format("{} cannot be converted to {}", BooleanToken(value), type));
  }
  if (value.is_string()) {
    return SerializationError(fmt::format("STRING_VALUE cannot be converted to {}", type));
  }
  if (value.is_array()) {
    return SerializationError(fmt::format("Unrecognized collection type class java.lang.{}", type));
  }
  return SerializationError(std::string(kStructureStart));
}

ApiResult<void> CheckBlob(const json::Value& value) {
  if (value.is_bool() || IsNumber(value)) {
    return SerializationError("only base-64-encoded strings are convertible to bytes");
  }
  if (value.is_array()) {
    return SerializationError("Unrecognized collection type class java.nio.ByteBuffer");
  }
  if (!value.is_string()) return SerializationError(std::string(kStructureStart));
  std::string_view text = View(value.get_string());
  if (text.size() % 4 != 0) {
    return SerializationError(fmt::format(
        "Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.size()));
  }
  if (!Base64DecodedSize(text)) {
    return SerializationError("Invalid last non-pad Base64 character dectected");
  }
  return {};
}

template <class CheckElement>
ApiResult<void> CheckList(const json::Value& value, CheckElement check) {
  if (value.is_object()) return SerializationError(std::string(kStructureStart));
  if (!value.is_array()) return SerializationError("Unexpected field type");
  for (const json::Value& element : value.get_array()) {
    if (!element.is_null()) RETURN_IF_ERROR(check(element));
  }
  return {};
}

ApiResult<void> CheckAttributeValue(const json::Value& value, bool is_field) {
  if (value.is_array()) {
    return SerializationError(
        "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue");
  }
  if (!value.is_object()) {
    return SerializationError(is_field ? "Unexpected field type"
                                       : "Unexpected value type in payload");
  }
  for (const auto& member : value.get_object()) {
    auto type = TypeFromName({member.key().data(), member.key().size()});
    const json::Value& data = member.value();
    if (!type || data.is_null()) continue;
    switch (*type) {
      case AttributeType::kString:
      case AttributeType::kNumber:
        RETURN_IF_ERROR(CheckString(data));
        break;
      case AttributeType::kBinary:
        RETURN_IF_ERROR(CheckBlob(data));
        break;
      case AttributeType::kBoolean:
      case AttributeType::kNull:
        RETURN_IF_ERROR(CheckBoolean(data));
        break;
      case AttributeType::kStringSet:
      case AttributeType::kNumberSet:
        RETURN_IF_ERROR(CheckList(data, CheckString));
        break;
      case AttributeType::kBinarySet:
        RETURN_IF_ERROR(CheckList(data, CheckBlob));
        break;
      case AttributeType::kList:
        RETURN_IF_ERROR(CheckList(
            data, [](const json::Value& element) { return CheckAttributeValue(element, false); }));
        break;
      case AttributeType::kMap: {
        static constexpr Shape kElement{.kind = ShapeKind::kAttributeValue};
        static constexpr Shape kMap{
            .kind = ShapeKind::kMap, .class_name = "AttributeValue", .element = &kElement};
        RETURN_IF_ERROR(CheckType(data, kMap));
        break;
      }
    }
  }
  return {};
}

constexpr std::string_view kParameterizedCast =
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
    "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
    "java.lang.Class are in module java.base of loader 'bootstrap')";

ApiResult<void> CheckMembers(const json::Object& object, std::span<const Member> members) {
  for (const Member& member : members) {
    const json::Value* value = FindMember(object, member.name);
    if (value != nullptr) RETURN_IF_ERROR(CheckType(*value, *member.shape));
  }
  return {};
}

ApiResult<void> CheckType(const json::Value& value, const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::kString:
      return CheckString(value);
    case ShapeKind::kBoolean:
      return CheckBoolean(value);
    case ShapeKind::kInteger:
      return CheckWholeNumber(value, "Integer");
    case ShapeKind::kLong:
      return CheckWholeNumber(value, "Long");
    case ShapeKind::kAttributeValue:
      return CheckAttributeValue(value, shape.is_field);
    case ShapeKind::kStructure:
      if (value.is_array()) {
        return SerializationError(
            fmt::format("Unrecognized collection type class {}", JavaType(shape)));
      }
      if (!value.is_object()) {
        return SerializationError(shape.is_field ? "Unexpected field type"
                                                 : "Unexpected value type in payload");
      }
      return CheckMembers(value.get_object(), shape.members);
    case ShapeKind::kList:
      if (shape.is_parameterized && !value.is_array() && !value.is_object()) {
        return SerializationError(std::string(kParameterizedCast));
      }
      return CheckList(
          value, [&](const json::Value& element) { return CheckType(element, *shape.element); });
    case ShapeKind::kMap:
      if (value.is_array()) {
        return SerializationError(fmt::format(
            "Unrecognized collection type java.util.Map<java.lang.String, {}>", JavaType(shape)));
      }
      if (!value.is_object()) {
        return SerializationError(shape.is_parameterized ? std::string(kParameterizedCast)
                                                         : "Unexpected field type");
      }
      for (const auto& member : value.get_object()) {
        if (!member.value().is_null()) RETURN_IF_ERROR(CheckType(member.value(), *shape.element));
      }
      return {};
  }
  return {};
}

// --- constraints
// ------------------------------------------------------------------------------------------------------

std::string LowerFirst(std::string_view name) {
  std::string lower(name);
  if (!lower.empty() && lower[0] >= 'A' && lower[0] <= 'Z')
    lower[0] = static_cast<char>(lower[0] + 32);
  return lower;
}

bool IsName(std::string_view text) {
  for (char c : text) {
    bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '.' || c == '-';
    if (!legal) return false;
  }
  return !text.empty();
}

/// A value as messages show it.
std::string Shown(const json::Value* value) {
  if (value == nullptr || value->is_null()) return "null";
  if (value->is_string()) return std::string(View(value->get_string()));
  if (value->is_array()) {
    std::string text = "[";
    for (const json::Value& element : value->get_array()) {
      if (text.size() > 1) text += ", ";
      text += Shown(&element);
    }
    return text + "]";
  }
  if (value->is_double()) return fmt::format("{:.0f}", std::floor(value->get_double()));
  return json::Write(*value);
}

/// Where in the request a value is. Its text is made only for what is wrong.
struct Place {
  const Place* parent;
  std::string_view name;        // of a member
  std::optional<size_t> index;  // or of a list's element
  bool is_key = false;          // the name is a map's key, which stays as it is

  std::string Text() const {
    std::string own = index    ? fmt::to_string(*index)
                      : is_key ? std::string(name)
                               : LowerFirst(name);
    return parent == nullptr ? own : parent->Text() + "." + own;
  }
};

class ConstraintChecker {
 public:
  void CheckMembers(const json::Object& object, std::span<const Member> members,
                    const Place* parent) {
    for (const Member& member : members) {
      Check(member.name, FindMember(object, member.name), *member.shape, member.not_null, parent);
    }
  }

  ApiResult<void> Finish() const {
    if (errors_.empty()) return {};
    return ValidationError(fmt::format("{} validation error{} detected: {}", errors_.size(),
                                       errors_.size() > 1 ? "s" : "", fmt::join(errors_, "; ")));
  }

 private:
  void Fail(std::string_view name, const json::Value* value, const Place* parent,
            const std::string& constraint) {
    if (errors_.size() >= kErrorsListed) return;
    std::string shown = Shown(value);
    if (shown != "null") shown = "'" + shown + "'";
    errors_.push_back(fmt::format("Value {} at '{}' failed to satisfy constraint: {}", shown,
                                  Place{parent, name}.Text(), constraint));
  }

  void Check(std::string_view name, const json::Value* value, const Shape& shape, bool not_null,
             const Place* parent) {
    if (errors_.size() >= kErrorsListed) return;
    if (value == nullptr || value->is_null()) {
      if (not_null) Fail(name, value, parent, "Member must not be null");
      return;
    }
    CheckBounds(name, *value, shape, parent);
    CheckInside(*value, shape, {parent, name});
  }

  void CheckBounds(std::string_view name, const json::Value& value, const Shape& shape,
                   const Place* parent) {
    if (shape.is_name && !IsName(View(value.get_string()))) {
      Fail(name, &value, parent,
           fmt::format("Member must satisfy regular expression pattern: {}", kNamePattern));
    }
    if (!shape.choices.empty()) {
      bool found = false;
      for (std::string_view choice : shape.choices)
        found = found || choice == View(value.get_string());
      if (!found) {
        Fail(name, &value, parent,
             fmt::format("Member must satisfy enum value set: [{}]",
                         fmt::join(shape.choices, ", ")));
      }
    }
    bool is_number = shape.kind == ShapeKind::kInteger || shape.kind == ShapeKind::kLong;
    std::string_view measure = is_number ? "value" : "length";
    if (!shape.least && !shape.most && !shape.keys_are_table_names && !shape.values_most) return;
    double measured =
        is_number ? std::floor(value.to_number<double>()) : static_cast<double>(Length(value));
    if (shape.least && measured < static_cast<double>(*shape.least)) {
      Fail(name, &value, parent,
           fmt::format("Member must have {} greater than or equal to {}", measure, *shape.least));
    }
    if (shape.most && measured > static_cast<double>(*shape.most)) {
      Fail(name, &value, parent,
           fmt::format("Member must have {} less than or equal to {}", measure, *shape.most));
    }
    if (shape.keys_are_table_names) CheckTableNameKeys(name, value, parent);
    if (shape.values_most) CheckValueLengths(name, value, shape, parent);
  }

  void CheckTableNameKeys(std::string_view name, const json::Value& value, const Place* parent) {
    for (const auto& member : value.get_object()) {
      std::string_view key(member.key().data(), member.key().size());
      if (key.size() >= 3 && key.size() <= 255 && IsName(key)) continue;
      Fail(name, &value, parent,
           fmt::format(
               "Map keys must satisfy constraint: [Member must have length less than or equal "
               "to 255, Member must have length greater than or equal to 3, Member must "
               "satisfy regular expression pattern: {}]",
               kNamePattern));
    }
  }

  void CheckValueLengths(std::string_view name, const json::Value& value, const Shape& shape,
                         const Place* parent) {
    for (const auto& member : value.get_object()) {
      if (member.value().is_null()) continue;
      int64_t length = Length(member.value());
      if (length >= shape.values_least.value_or(0) && length <= *shape.values_most) continue;
      Fail(name, &value, parent,
           fmt::format("Map value must satisfy constraint: [Member must have length less than or "
                       "equal to {}, Member must have length greater than or equal to {}]",
                       *shape.values_most, shape.values_least.value_or(0)));
    }
  }

  void CheckInside(const json::Value& value, const Shape& shape, const Place& here) {
    if (shape.kind == ShapeKind::kStructure) {
      CheckMembers(value.get_object(), shape.members, &here);
    } else if (shape.kind == ShapeKind::kList &&
               shape.element->kind != ShapeKind::kAttributeValue) {
      Place at{.parent = &here, .index = 0};
      for (const json::Value& element : value.get_array()) {
        ++*at.index;
        Check("member", &element, *shape.element, false, &at);
      }
    } else if (shape.kind == ShapeKind::kMap && shape.element->kind != ShapeKind::kAttributeValue) {
      for (const auto& member : value.get_object()) {
        const Place at{
            .parent = &here, .name = {member.key().data(), member.key().size()}, .is_key = true};
        Check("member", &member.value(), *shape.element, false, &at);
      }
    }
  }

  static int64_t Length(const json::Value& value) {
    if (value.is_string()) return static_cast<int64_t>(value.get_string().size());
    if (value.is_array()) return static_cast<int64_t>(value.get_array().size());
    if (value.is_object()) return static_cast<int64_t>(value.get_object().size());
    return 0;
  }

  std::vector<std::string> errors_;
};

}  // namespace

std::string_view View(const json::String& text) { return {text.data(), text.size()}; }

ApiResult<void> CheckRequest(const json::Object& request, std::span<const Member> members) {
  RETURN_IF_ERROR(CheckMembers(request, members));
  for (const Member& member : members) {
    if (!member.is_required_table_name) continue;
    auto name = FindString(request, member.name);
    if (!name) {
      return ValidationError(fmt::format(
          "The parameter '{}' is required but was not present in the request", member.name));
    }
    if (name->size() < 3 || name->size() > 255) {
      return ValidationError(fmt::format(
          "{} must be at least 3 characters long and at most 255 characters long", member.name));
    }
  }
  ConstraintChecker checker;
  checker.CheckMembers(request, members, nullptr);
  return checker.Finish();
}

const json::Value* FindMember(const json::Object& object, std::string_view name) {
  return json::Find(object, name);
}

std::optional<std::string_view> FindString(const json::Object& object, std::string_view name) {
  const json::Value* value = FindMember(object, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return View(value->get_string());
}

std::string_view StringOr(const json::Object& object, std::string_view name,
                          std::string_view otherwise) {
  return FindString(object, name).value_or(otherwise);
}

bool BooleanOr(const json::Object& object, std::string_view name, bool otherwise) {
  const json::Value* value = FindMember(object, name);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  std::string word = value->is_string() ? AsciiUpper(View(value->get_string())) : "";
  return word == "TRUE" || word == "YES" || word == "1";
}

std::optional<int64_t> FindInteger(const json::Object& object, std::string_view name) {
  const json::Value* value = FindMember(object, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return INT64_MAX;
  double number = std::floor(value->get_double());
  if (number >= 9.2e18) return INT64_MAX;
  if (number <= -9.2e18) return INT64_MIN;
  return static_cast<int64_t>(number);
}

const json::Object* FindObject(const json::Object& object, std::string_view name) {
  const json::Value* value = FindMember(object, name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

const json::Array* FindArray(const json::Object& object, std::string_view name) {
  const json::Value* value = FindMember(object, name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

}  // namespace penstock::dynamodb
