// Applies updates to items.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/expression_parser.h"
#include "local/dynamodb/table_definition.h"

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

/// What one UpdateItem is to do, in either language.
struct ItemUpdate {
  std::optional<ParsedUpdate> expression;
  std::vector<AttributeUpdate> legacy;

  /// Every path that it changes.
  std::vector<DocumentPath> Paths() const;
  /// Whether there are actions, and all of them take something away: these make no new item.
  bool OnlyRemoves() const;
};
/// Keys may not be updated, and paths may not lead into them.
ApiResult<void> CheckUpdatedPaths(const std::vector<DocumentPath>& paths,
                                  const TableDefinition& definition);
/// The item after the update; nullopt if there was none (`old_item` is empty) and none is made.
/// `key`: the request's key.
ApiResult<std::optional<Item>> UpdatedItem(const ItemUpdate& update, const Item& key, Item old_item,
                                           const TableDefinition& definition);

}  // namespace penstock::dynamodb
