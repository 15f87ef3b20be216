// UpdateItem.
#include <fmt/core.h>

#include <algorithm>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/item_transaction.h"
#include "local/dynamodb/item_update.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kExpressions[] = {"UpdateExpression", "ConditionExpression"};
constexpr std::string_view kLegacy[] = {"AttributeUpdates", "Expected", "ConditionalOperator"};
constexpr ExpressionParameters kParameters{kExpressions, kLegacy};

std::vector<DocumentPath> UpdatedPaths(const std::optional<ParsedUpdate>& update,
                                       const std::vector<AttributeUpdate>& legacy) {
  std::vector<DocumentPath> paths;
  if (update) {
    for (const UpdateAction& action : update->actions) paths.push_back(action.path);
  }
  for (const AttributeUpdate& one : legacy) paths.push_back(TopLevelPath(one.attribute));
  return paths;
}

ApiResult<void> CheckUpdatedPaths(const std::vector<DocumentPath>& paths,
                                  const TableDefinition& definition) {
  for (const KeyAttribute& part : definition.layout.parts) {
    for (const DocumentPath& path : paths) {
      if (PathHead(path) != part.name) continue;
      return InvalidParameterValues(
          fmt::format("Cannot update attribute {}. This attribute is part of the key", part.name));
    }
  }
  return CheckKeyPaths(paths, definition);
}

/// The Attributes member, or empty if the answer has none.
std::string ReturnedAttributes(std::string_view values, const std::vector<DocumentPath>& paths,
                               const Item& old_item, const Item& new_item) {
  std::string json;
  if (values == "ALL_OLD" && !old_item.empty()) AppendJson(old_item, json);
  if (values == "ALL_NEW") AppendJson(new_item, json);
  if (values == "UPDATED_OLD" || values == "UPDATED_NEW") {
    Item part = Project(paths, values == "UPDATED_OLD" ? old_item : new_item);
    if (!part.empty()) AppendJson(part, json);
  }
  return json;
}

}  // namespace

Answer UpdateItem(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kParameters));
  ASSIGN_OR_RETURN(Item key_attributes, ReadItem(*FindObject(request.body, "Key")));
  std::vector<AttributeUpdate> legacy;
  if (const json::Object* updates = FindObject(request.body, "AttributeUpdates")) {
    ASSIGN_OR_RETURN(legacy, ReadAttributeUpdates(*updates));
  }
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  auto definition = table->definition();
  ASSIGN_OR_RETURN(std::string key, KeyOfKey(key_attributes, *definition));
  std::vector<DocumentPath> paths = UpdatedPaths(expressions.update, legacy);
  RETURN_IF_ERROR(CheckUpdatedPaths(paths, *definition));

  ItemTransaction transaction(database.store, database.options.durability);
  size_t position = transaction.Add(table, std::move(key));
  RETURN_IF_ERROR(transaction.Begin());
  ASSIGN_OR_RETURN(Item old_item, transaction.OldItem(position));
  if (expressions.condition && !Matches(*expressions.condition, old_item)) {
    const std::optional<StoredItem>& stored = transaction.old_item(position);
    if (!table->TryWrite(FailedWriteCost(stored, 0), database.clock->Monotonic())) {
      return Throttled(*definition);
    }
    bool wants_item =
        StringOr(request.body, "ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD";
    return ConditionalCheckFailed(wants_item && stored ? std::string(stored->json) : "");
  }
  Item new_item = old_item.empty() ? key_attributes : old_item;
  if (expressions.update) RETURN_IF_ERROR(ApplyUpdate(*expressions.update, new_item));
  RETURN_IF_ERROR(ApplyUpdates(legacy, new_item));
  if (ItemSize(new_item) > kItemSizeMax) {
    return ValidationError("Item size to update has exceeded the maximum allowed size");
  }
  RETURN_IF_ERROR(KeyOfItem(new_item, *definition));  // index keys may have got a wrong type
  ASSIGN_OR_RETURN(WriteCost cost, transaction.Put(position, new_item));
  if (!table->TryWrite(cost, database.clock->Monotonic())) return Throttled(*definition);
  RETURN_IF_ERROR(transaction.Commit());

  ObjectWriter answer;
  std::string attributes =
      ReturnedAttributes(StringOr(request.body, "ReturnValues", "NONE"), paths, old_item, new_item);
  if (!attributes.empty()) answer.Add("Attributes", attributes);
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    std::string consumed;
    AppendJson(Consumed(*definition, cost), report, consumed);
    answer.Add("ConsumedCapacity", consumed);
  }
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
