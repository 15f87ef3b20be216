// Applies updates to items.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/expression_parser.h"

namespace penstock::dynamodb {

/// All operands see the item as it was; an error leaves `item` in between.
ApiResult<void> ApplyUpdate(const ParsedUpdate& update, Item& item);

/// AttributeUpdates, the parameter of the time before expressions.
struct AttributeUpdate {
  enum class Action : uint8_t { kPut, kAdd, kDelete };
  std::string attribute;
  Action action = Action::kPut;
  std::optional<AttributeValue> value;  // may be absent for kDelete
};
ApiResult<std::vector<AttributeUpdate>> ReadAttributeUpdates(const json::Object& updates);
ApiResult<void> ApplyUpdates(const std::vector<AttributeUpdate>& updates, Item& item);

}  // namespace penstock::dynamodb
