// What a Query asks of the keys: one value of the partition key and at most one condition on the
// sort key.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "local/dynamodb/expression.h"
#include "local/dynamodb/key_codec.h"
#include "local/dynamodb/legacy_condition.h"

namespace penstock::dynamodb {

/// A KeyConditionExpression as the entries of KeyConditions that mean the same.
ApiResult<std::vector<LegacyCondition>> ToKeyConditions(Expression expression);

/// Checks them against the keys of the table or index.
ApiResult<void> CheckKeyConditions(const std::vector<LegacyCondition>& conditions,
                                   const KeyLayout& layout);
/// The stored keys that fulfil them. REQUIRES: CheckKeyConditions has passed.
KeyRange RangeOf(const std::vector<LegacyCondition>& conditions, const KeyLayout& layout);
/// Whether a start key lies where the conditions look, with DynamoDB's words if not.
ApiResult<void> CheckStartKey(const Item& start_key, const std::vector<LegacyCondition>& conditions,
                              const KeyLayout& layout);

}  // namespace penstock::dynamodb
