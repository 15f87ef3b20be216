#include "local/dynamodb/key_condition.h"

#include <fmt/core.h>

#include <algorithm>

#include "local/dynamodb/dynamodb_error.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

namespace {

using Kind = Expression::Kind;

std::string_view ComparisonOf(Kind kind, bool mirrored) {
  switch (kind) {
    case Kind::kEqual:
      return "EQ";
    case Kind::kLess:
      return mirrored ? "GT" : "LT";
    case Kind::kLessOrEqual:
      return mirrored ? "GE" : "LE";
    case Kind::kGreater:
      return mirrored ? "LT" : "GT";
    case Kind::kGreaterOrEqual:
      return mirrored ? "LE" : "GE";
    case Kind::kBetween:
      return "BETWEEN";
    case Kind::kBeginsWith:
      return "BEGINS_WITH";
    default:
      return "";
  }
}

ApiError Misplaced(std::string_view name) {
  return ValidationError(fmt::format("Invalid operator used in KeyConditionExpression: {}", name));
}

ApiResult<void> Collect(Expression& expression, std::vector<LegacyCondition>& conditions) {
  switch (expression.kind) {
    case Kind::kAnd:
      for (Expression& part : expression.arguments) RETURN_IF_ERROR(Collect(part, conditions));
      return {};
    case Kind::kOr:
    case Kind::kNot:
    case Kind::kIn:
    case Kind::kNotEqual:
    case Kind::kAttributeExists:
    case Kind::kAttributeNotExists:
    case Kind::kAttributeType:
    case Kind::kContains:
      return Misplaced(KindName(expression.kind));
    default:
      break;
  }
  bool needs_key_first = expression.kind == Kind::kBetween || expression.kind == Kind::kBeginsWith;
  if (needs_key_first && expression.arguments[0].kind != Kind::kPath) {
    return ValidationError(
        fmt::format("Invalid condition in KeyConditionExpression: {} operator must have the key "
                    "attribute as its first "
                    "operand",
                    KindName(expression.kind)));
  }
  LegacyCondition condition;
  bool mirrored = false;
  for (size_t i = 0; i < expression.arguments.size(); ++i) {
    Expression& argument = expression.arguments[i];
    if (argument.kind == Kind::kSize) {
      return ValidationError("KeyConditionExpressions cannot contain nested operations");
    }
    if (argument.kind == Kind::kValue) {
      condition.values.push_back(std::move(argument.value));
      continue;
    }
    if (!condition.attribute.empty()) {
      return ValidationError(
          "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
          "condition");
    }
    if (argument.path.size() > 1) {
      return ValidationError("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    condition.attribute = PathHead(argument.path);
    mirrored = i > 0;
  }
  if (condition.attribute.empty()) {
    return ValidationError(
        "Invalid condition in KeyConditionExpression: No key attribute specified");
  }
  for (const LegacyCondition& other : conditions) {
    if (other.attribute == condition.attribute) {
      return ValidationError("KeyConditionExpressions must only contain one condition per key");
    }
  }
  condition.comparison = ComparisonOf(expression.kind, mirrored);
  conditions.push_back(std::move(condition));
  return {};
}

const LegacyCondition* ConditionOn(const std::vector<LegacyCondition>& conditions,
                                   std::string_view name) {
  for (const LegacyCondition& condition : conditions) {
    if (condition.attribute == name) return &condition;
  }
  return nullptr;
}

std::string Encoded(const AttributeValue& value) {
  std::string bytes;
  AppendKeyPart(value, bytes);
  return bytes;
}

/// The bytes that all encodings of values with this prefix begin with.
std::string EncodedPrefix(const AttributeValue& value) {
  std::string bytes = Encoded(value);
  bytes.resize(bytes.size() - 2);  // without the end mark of S and B
  return bytes;
}

}  // namespace

ApiResult<std::vector<LegacyCondition>> ToKeyConditions(Expression expression) {
  std::vector<LegacyCondition> conditions;
  RETURN_IF_ERROR(Collect(expression, conditions));
  for (const LegacyCondition& condition : conditions) {
    if (condition.comparison == "BEGINS_WITH" && !condition.values.empty() &&
        condition.values[0].type == AttributeType::kNumber) {
      return InvalidParameterValues(
          "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type");
    }
  }
  return conditions;
}

ApiResult<void> CheckKeyConditions(const std::vector<LegacyCondition>& conditions,
                                   const KeyLayout& layout) {
  if (conditions.empty() || conditions.size() > 2) {
    return ValidationError("Conditions can be of length 1 or 2 only");
  }
  size_t keys = layout.has_range ? 2 : 1;
  for (size_t i = 0; i < keys; ++i) {
    const KeyAttribute& key = layout.parts[i];
    if (i == 0 && keys == 1 && conditions.size() > 1) {
      return ValidationError("Query key condition not supported");
    }
    const LegacyCondition* condition = ConditionOn(conditions, key.name);
    if (condition == nullptr) {
      if (i > 0 && conditions.size() == 1) continue;
      return ValidationError(
          fmt::format("Query condition missed key schema element: {}", key.name));
    }
    for (std::string_view other : {"NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"}) {
      if (condition->comparison == other) {
        return ValidationError("Attempted conditional constraint is not an indexable operation");
      }
    }
    for (const AttributeValue& value : condition->values) {
      if (value.type != key.type) {
        return InvalidParameterValues("Condition parameter type does not match schema type");
      }
    }
    if (i == 0 && condition->comparison != "EQ") {
      return ValidationError("Query key condition not supported");
    }
    bool empty =
        condition->values[0].type != AttributeType::kNumber && condition->values[0].text().empty();
    if (empty && condition->comparison == "EQ") {
      return ValidationError(
          fmt::format("One or more parameter values are not valid. The AttributeValue for a key "
                      "attribute cannot "
                      "contain an empty {} value. Key: {}",
                      key.type == AttributeType::kBinary ? "binary" : "string", key.name));
    }
  }
  return {};
}

KeyRange RangeOf(const std::vector<LegacyCondition>& conditions, const KeyLayout& layout) {
  std::string partition =
      layout.PartitionPrefix(ConditionOn(conditions, layout.parts[0].name)->values[0]);
  KeyRange range{partition, PrefixEnd(partition)};
  const LegacyCondition* sort =
      layout.has_range ? ConditionOn(conditions, layout.parts[1].name) : nullptr;
  if (sort == nullptr) return range;
  // A key with the bound's sort value may go on with further parts: everything that begins with it.
  std::string bound = partition + Encoded(sort->values[0]);
  if (sort->comparison == "EQ") return {bound, PrefixEnd(bound)};
  if (sort->comparison == "LT") return {partition, bound};
  if (sort->comparison == "LE") return {partition, PrefixEnd(bound)};
  if (sort->comparison == "GT") return {PrefixEnd(bound), range.end};
  if (sort->comparison == "GE") return {bound, range.end};
  if (sort->comparison == "BETWEEN")
    return {bound, PrefixEnd(partition + Encoded(sort->values[1]))};
  std::string prefix = partition + EncodedPrefix(sort->values[0]);
  return {prefix, PrefixEnd(prefix)};
}

ApiResult<void> CheckStartKey(const Item& start_key, const std::vector<LegacyCondition>& conditions,
                              const KeyLayout& layout) {
  const LegacyCondition* sort =
      layout.has_range ? ConditionOn(conditions, layout.parts[1].name) : nullptr;
  if (sort != nullptr && !Matches(ToExpression({*sort}, false), start_key)) {
    return ValidationError("The provided starting key does not match the range key predicate");
  }
  const LegacyCondition* partition = ConditionOn(conditions, layout.parts[0].name);
  if (!Matches(ToExpression({*partition}, false), start_key)) {
    return ValidationError(
        "The provided starting key is outside query boundaries based on provided conditions");
  }
  return {};
}

}  // namespace penstock::dynamodb
