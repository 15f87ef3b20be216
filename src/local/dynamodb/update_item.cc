// UpdateItem.
#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/collection_metrics.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_transaction.h"
#include "local/dynamodb/item_update.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kUpdateExpressions[] = {"UpdateExpression", "ConditionExpression"};
constexpr std::string_view kUpdateLegacy[] = {"AttributeUpdates", "Expected",
                                              "ConditionalOperator"};
constexpr ExpressionParameters kUpdateParameters{kUpdateExpressions, kUpdateLegacy};

/// The Attributes member, or empty if the answer has none.
std::string ReturnedAttributes(std::string_view values, const std::vector<DocumentPath>& paths,
                               const Item& old_item, const Item& new_item) {
  std::string json;
  if (values == "ALL_OLD" && !old_item.empty()) AppendJson(old_item, json);
  if (values == "ALL_NEW" && !new_item.empty()) AppendJson(new_item, json);
  if (values == "UPDATED_OLD" || values == "UPDATED_NEW") {
    Item part = Project(paths, values == "UPDATED_OLD" ? old_item : new_item);
    if (!part.empty()) AppendJson(part, json);
  }
  return json;
}

}  // namespace

Answer UpdateItem(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kUpdateParameters));
  ASSIGN_OR_RETURN(Item key_attributes, ReadItem(*FindObject(request.body, "Key")));
  ItemUpdate update;
  if (const json::Object* updates = FindObject(request.body, "AttributeUpdates")) {
    ASSIGN_OR_RETURN(update.legacy, ReadAttributeUpdates(*updates));
  }
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  update.expression = std::move(expressions.update);
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  auto definition = table->definition();
  ASSIGN_OR_RETURN(std::string key, KeyOfKey(key_attributes, *definition));
  std::vector<DocumentPath> paths = update.Paths();
  RETURN_IF_ERROR(CheckUpdatedPaths(paths, *definition));

  ItemTransaction transaction(database.store, database.locks, database.options.durability);
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
  ASSIGN_OR_RETURN(std::optional<Item> new_item,
                   UpdatedItem(update, key_attributes, old_item, *definition));
  ASSIGN_OR_RETURN(WriteCost cost,
                   new_item ? transaction.Put(position, *new_item) : transaction.Delete(position));
  if (!table->TryWrite(cost, database.clock->Monotonic())) return Throttled(*definition);
  RETURN_IF_ERROR(transaction.Commit());

  ObjectWriter answer;
  std::string attributes = ReturnedAttributes(StringOr(request.body, "ReturnValues", "NONE"), paths,
                                              old_item, new_item.value_or(Item()));
  if (!attributes.empty()) answer.Add("Attributes", attributes);
  AddCollectionMetrics(request, *table, key_attributes, answer);
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    std::string consumed;
    AppendJson(Consumed(*definition, cost), report, consumed);
    answer.Add("ConsumedCapacity", consumed);
  }
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
