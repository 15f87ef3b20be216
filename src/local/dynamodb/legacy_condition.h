// Conditions of the time before expressions: Expected, QueryFilter, ScanFilter and KeyConditions.
// They are turned into the same trees that expressions give.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/expression.h"

namespace penstock::dynamodb {

/// One entry of a Condition map: attribute, ComparisonOperator, AttributeValueList.
struct LegacyCondition {
  std::string attribute;
  std::string comparison;  // "EQ", "BETWEEN" …
  std::vector<AttributeValue> values;
};

/// Checks numbers and types of values as well.
ApiResult<std::vector<LegacyCondition>> ReadConditions(const json::Object& conditions);
/// All of them, or any with `any`.
Expression ToExpression(std::vector<LegacyCondition> conditions, bool any);

/// The Expected parameter with its ConditionalOperator.
ApiResult<Expression> ReadExpected(const json::Object& expected, bool any);

}  // namespace penstock::dynamodb
