#include "local/dynamodb/legacy_condition.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

using Kind = Expression::Kind;

struct Comparison {
  std::string_view name;
  size_t values_least, values_most;
  std::string_view types;  // legal types of the values, each between blanks; empty: all
};

constexpr std::array<Comparison, 13> kComparisons = {{
    {"EQ", 1, 1, ""},
    {"NE", 1, 1, ""},
    {"LE", 1, 1, " S N B "},
    {"LT", 1, 1, " S N B "},
    {"GE", 1, 1, " S N B "},
    {"GT", 1, 1, " S N B "},
    {"CONTAINS", 1, 1, " S N B "},
    {"NOT_CONTAINS", 1, 1, " S N B "},
    {"BEGINS_WITH", 1, 1, " S B "},
    {"IN", 1, SIZE_MAX, " S N B "},
    {"BETWEEN", 2, 2, " S N B "},
    {"NULL", 0, 0, ""},
    {"NOT_NULL", 0, 0, ""},
}};

ApiResult<void> CheckValues(std::string_view comparison,
                            const std::vector<AttributeValue>& values) {
  auto known = std::find_if(kComparisons.begin(), kComparisons.end(),
                            [&](const Comparison& c) { return c.name == comparison; });
  if (known == kComparisons.end()) return {};
  if (values.size() < known->values_least || values.size() > known->values_most) {
    return InvalidParameterValues(
        fmt::format("Invalid number of argument(s) for the {} ComparisonOperator", comparison));
  }
  for (const AttributeValue& value : values) {
    if (value.type != values[0].type) {
      return InvalidParameterValues(
          "AttributeValues inside AttributeValueList must be of same type");
    }
  }
  for (const AttributeValue& value : values) {
    std::string_view type = TypeName(value.type);
    if (!known->types.empty() &&
        known->types.find(fmt::format(" {} ", type)) == std::string_view::npos) {
      return InvalidParameterValues(fmt::format(
          "ComparisonOperator {} is not valid for {} AttributeValue type", comparison, type));
    }
  }
  if (comparison == "BETWEEN") {
    auto order = Compare(values[0], values[1]);
    if (order && *order > 0) {
      return ValidationError(
          "The BETWEEN condition was provided a range where the lower bound is greater than the "
          "upper "
          "bound");
    }
  }
  return {};
}

ApiResult<std::vector<AttributeValue>> ReadValues(const json::Array* list) {
  std::vector<AttributeValue> values;
  if (list == nullptr) return values;
  for (const json::Value& element : *list) {
    ASSIGN_OR_RETURN(AttributeValue value, ReadAttributeValue(element));
    values.push_back(std::move(value));
  }
  return values;
}

Expression Negate(Expression expression) {
  std::vector<Expression> arguments;
  arguments.push_back(std::move(expression));
  return Expression::Of(Kind::kNot, std::move(arguments));
}

Expression ToExpression(LegacyCondition condition) {
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"EQ", Kind::kEqual},
      {"NE", Kind::kNotEqual},
      {"LE", Kind::kLessOrEqual},
      {"LT", Kind::kLess},
      {"GE", Kind::kGreaterOrEqual},
      {"GT", Kind::kGreater},
      {"CONTAINS", Kind::kContains},
      {"NOT_CONTAINS", Kind::kContains},
      {"BEGINS_WITH", Kind::kBeginsWith},
      {"IN", Kind::kIn},
      {"BETWEEN", Kind::kBetween},
      {"NULL", Kind::kAttributeNotExists},
      {"NOT_NULL", Kind::kAttributeExists},
  };
  std::vector<Expression> arguments;
  arguments.push_back(Expression::Path(TopLevelPath(condition.attribute)));
  for (AttributeValue& value : condition.values) {
    arguments.push_back(Expression::Value(std::move(value)));
  }
  Kind kind = Kind::kEqual;
  for (const auto& [name, named] : kKinds) {
    if (name == condition.comparison) kind = named;
  }
  Expression expression = Expression::Of(kind, std::move(arguments));
  return condition.comparison == "NOT_CONTAINS" ? Negate(std::move(expression)) : expression;
}

ApiResult<LegacyCondition> ReadExpectation(std::string attribute, const json::Object& object) {
  const json::Array* list = FindArray(object, "AttributeValueList");
  const json::Value* value = FindMember(object, "Value");
  auto comparison = FindString(object, "ComparisonOperator");
  const json::Value* exists = FindMember(object, "Exists");
  if (list != nullptr && value != nullptr) {
    return InvalidParameterValues(fmt::format(
        "Value and AttributeValueList cannot be used together for Attribute: {}", attribute));
  }
  ASSIGN_OR_RETURN(std::vector<AttributeValue> values, ReadValues(list));
  if (value != nullptr) {
    ASSIGN_OR_RETURN(AttributeValue read, ReadAttributeValue(*value));
    values.push_back(std::move(read));
  }
  if (comparison) {
    if (exists != nullptr) {
      return InvalidParameterValues(fmt::format(
          "Exists and ComparisonOperator cannot be used together for Attribute: {}", attribute));
    }
    if (*comparison != "NULL" && *comparison != "NOT_NULL" && list == nullptr && value == nullptr) {
      return InvalidParameterValues(fmt::format(
          "Value or AttributeValueList must be used with ComparisonOperator: {} for Attribute: {}",
          *comparison, attribute));
    }
    RETURN_IF_ERROR(CheckValues(*comparison, values));
    return LegacyCondition{std::move(attribute), std::string(*comparison), std::move(values)};
  }
  if (list != nullptr) {
    return InvalidParameterValues(fmt::format(
        "AttributeValueList can only be used with a ComparisonOperator for Attribute: {}",
        attribute));
  }
  bool must_exist = BooleanOr(object, "Exists", true);
  if (must_exist && value == nullptr) {
    return InvalidParameterValues(
        fmt::format("Value must be provided when Exists is {} for Attribute: {}",
                    exists == nullptr ? "null" : "true", attribute));
  }
  if (!must_exist && value != nullptr) {
    return InvalidParameterValues(
        fmt::format("Value cannot be used when Exists is false for Attribute: {}", attribute));
  }
  return LegacyCondition{std::move(attribute), must_exist ? "EQ" : "NULL", std::move(values)};
}

}  // namespace

ApiResult<std::vector<LegacyCondition>> ReadConditions(const json::Object& conditions) {
  std::vector<LegacyCondition> read;
  for (const auto& member : conditions) {
    if (!member.value().is_object()) continue;
    const json::Object& object = member.value().get_object();
    ASSIGN_OR_RETURN(std::vector<AttributeValue> values,
                     ReadValues(FindArray(object, "AttributeValueList")));
    std::string comparison(StringOr(object, "ComparisonOperator", ""));
    RETURN_IF_ERROR(CheckValues(comparison, values));
    read.push_back({std::string(member.key()), std::move(comparison), std::move(values)});
  }
  return read;
}

Expression ToExpression(std::vector<LegacyCondition> conditions, bool any) {
  std::vector<Expression> arguments;
  for (LegacyCondition& condition : conditions)
    arguments.push_back(ToExpression(std::move(condition)));
  return Expression::Of(any ? Kind::kOr : Kind::kAnd, std::move(arguments));
}

ApiResult<Expression> ReadExpected(const json::Object& expected, bool any) {
  std::vector<LegacyCondition> conditions;
  for (const auto& member : expected) {
    if (!member.value().is_object()) continue;
    ASSIGN_OR_RETURN(LegacyCondition condition,
                     ReadExpectation(std::string(member.key()), member.value().get_object()));
    conditions.push_back(std::move(condition));
  }
  return ToExpression(std::move(conditions), any && !conditions.empty());
}

}  // namespace penstock::dynamodb
