#include "local/dynamodb/request_expressions.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/legacy_condition.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

bool IsPlaceholder(std::string_view key, char sign) {
  if (key.size() < 2 || key[0] != sign) return false;
  return std::all_of(key.begin() + 1, key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

ApiResult<Placeholders> ReadPlaceholders(const json::Object& request) {
  Placeholders placeholders;
  if (const json::Object* names = FindObject(request, "ExpressionAttributeNames")) {
    if (names->empty()) return ValidationError("ExpressionAttributeNames must not be empty");
    for (const auto& member : *names) {
      std::string key(member.key());
      if (!IsPlaceholder(key, '#')) {
        return ValidationError(fmt::format(
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"{}\"", key));
      }
      if (!member.value().is_string()) {
        return ValidationError(
            fmt::format("ExpressionAttributeNames contains invalid value: null for key {}", key));
      }
      placeholders.names.emplace_back(key, View(member.value().get_string()));
    }
  }
  if (const json::Object* values = FindObject(request, "ExpressionAttributeValues")) {
    if (values->empty()) return ValidationError("ExpressionAttributeValues must not be empty");
    for (const auto& member : *values) {
      std::string key(member.key());
      if (!IsPlaceholder(key, ':')) {
        return ValidationError(fmt::format(
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"{}\"", key));
      }
    }
    for (const auto& member : *values) {
      auto value = ReadAttributeValue(member.value());
      if (!value) {
        return ValidationError(
            fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}",
                        value.error().message, std::string_view(member.key())));
      }
      placeholders.values.push_back({std::string(member.key()), std::move(*value)});
    }
  }
  return placeholders;
}

ApiResult<void> CheckUnused(const Placeholders& placeholders) {
  std::vector<std::string> names, values;
  for (const auto& [key, name] : placeholders.names) {
    if (!placeholders.used.contains(key)) names.push_back(key);
  }
  for (const Attribute& value : placeholders.values) {
    if (!placeholders.used.contains(value.name)) values.push_back(value.name);
  }
  if (!names.empty()) {
    return ValidationError(fmt::format(
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}",
        fmt::join(names, ", ")));
  }
  if (!values.empty()) {
    return ValidationError(fmt::format(
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}",
        fmt::join(values, ", ")));
  }
  return {};
}

template <class T>
ApiResult<std::optional<T>> ParseOne(const json::Object& request, std::string_view parameter,
                                     Placeholders& placeholders,
                                     Result<T, std::string> (*parse)(std::string_view,
                                                                     Placeholders&)) {
  auto text = FindString(request, parameter);
  if (!text) return std::optional<T>();
  auto parsed = parse(*text, placeholders);
  if (!parsed) return ValidationError(fmt::format("Invalid {}: {}", parameter, parsed.error()));
  return std::optional<T>(std::move(*parsed));
}

ApiResult<void> ReadLegacy(const json::Object& request, RequestExpressions& expressions) {
  bool any = StringOr(request, "ConditionalOperator", "AND") == "OR";
  if (const json::Object* expected = FindObject(request, "Expected")) {
    ASSIGN_OR_RETURN(expressions.condition, ReadExpected(*expected, any));
  }
  for (std::string_view parameter : {"QueryFilter", "ScanFilter"}) {
    const json::Object* filter = FindObject(request, parameter);
    if (filter == nullptr) continue;
    ASSIGN_OR_RETURN(std::vector<LegacyCondition> conditions, ReadConditions(*filter));
    for (const LegacyCondition& condition : conditions) {
      expressions.filter_paths.push_back(TopLevelPath(condition.attribute));
    }
    bool none = conditions.empty();
    expressions.filter = ToExpression(std::move(conditions), any && !none);
    expressions.filter_is_legacy = true;
  }
  if (const json::Array* names = FindArray(request, "AttributesToGet")) {
    std::vector<DocumentPath>& paths = expressions.projection.emplace();
    for (const json::Value& name : *names) {
      if (!name.is_string()) continue;
      DocumentPath path = TopLevelPath(std::string(View(name.get_string())));
      if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
        return InvalidParameterValues(
            fmt::format("Duplicate value in attribute name: {}", PathHead(path)));
      }
      paths.push_back(std::move(path));
    }
  }
  return {};
}

}  // namespace

ApiResult<void> CheckExpressionParameters(const json::Object& request,
                                          const ExpressionParameters& parameters) {
  auto present = [&](std::string_view name) { return FindMember(request, name) != nullptr; };
  std::vector<std::string_view> expressions, legacy, take_values;
  for (std::string_view name : parameters.expressions) {
    if (present(name)) expressions.push_back(name);
    if (name != "ProjectionExpression") take_values.push_back(name);
  }
  for (std::string_view name : parameters.legacy) {
    // KeyConditions may stand beside expressions, only not beside KeyConditionExpression.
    if (name == "KeyConditions" && !present("KeyConditionExpression")) continue;
    if (present(name)) legacy.push_back(name);
  }
  if (!expressions.empty() && !legacy.empty()) {
    return ValidationError(
        fmt::format("Can not use both expression and non-expression parameters in the same "
                    "request: Non-expression "
                    "parameters: {{{}}} Expression parameters: {{{}}}",
                    fmt::join(legacy, ", "), fmt::join(expressions, ", ")));
  }
  if (present("ExpressionAttributeNames") && expressions.empty()) {
    return ValidationError("ExpressionAttributeNames can only be specified when using expressions");
  }
  if (!take_values.empty() && present("ExpressionAttributeValues") &&
      std::none_of(take_values.begin(), take_values.end(), present)) {
    return ValidationError(fmt::format(
        "ExpressionAttributeValues can only be specified when using expressions: {} {} null",
        fmt::join(take_values, " and "), take_values.size() > 1 ? "are" : "is"));
  }
  return {};
}

ApiResult<RequestExpressions> ParseExpressions(const json::Object& request) {
  RequestExpressions expressions;
  RETURN_IF_ERROR(ReadLegacy(request, expressions));
  ASSIGN_OR_RETURN(Placeholders placeholders, ReadPlaceholders(request));
  ASSIGN_OR_RETURN(expressions.update,
                   ParseOne(request, "UpdateExpression", placeholders, ParseUpdate));
  ASSIGN_OR_RETURN(auto condition,
                   ParseOne(request, "ConditionExpression", placeholders, ParseCondition));
  if (condition) expressions.condition = std::move(condition->expression);
  ASSIGN_OR_RETURN(expressions.key_condition,
                   ParseOne(request, "KeyConditionExpression", placeholders, ParseCondition));
  ASSIGN_OR_RETURN(auto filter,
                   ParseOne(request, "FilterExpression", placeholders, ParseCondition));
  if (filter) {
    expressions.filter = std::move(filter->expression);
    expressions.filter_paths = std::move(filter->paths);
  }
  ASSIGN_OR_RETURN(auto projection,
                   ParseOne(request, "ProjectionExpression", placeholders, ParseProjection));
  if (projection) expressions.projection = std::move(projection);
  RETURN_IF_ERROR(CheckUnused(placeholders));
  return expressions;
}

}  // namespace penstock::dynamodb
