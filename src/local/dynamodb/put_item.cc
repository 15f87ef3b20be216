// PutItem and DeleteItem.
#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/collection_metrics.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/item_transaction.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kPutExpressions[] = {"ConditionExpression"};
constexpr std::string_view kPutLegacy[] = {"Expected", "ConditionalOperator"};
constexpr ExpressionParameters kPutParameters{kPutExpressions, kPutLegacy};

ApiResult<void> CheckReturnValues(const Request& request) {
  std::string_view values = StringOr(request.body, "ReturnValues", "NONE");
  if (values != "NONE" && values != "ALL_OLD") {
    return ValidationError("ReturnValues can only be ALL_OLD or NONE");
  }
  return {};
}

/// `item`: what to put; nullptr deletes.
/// `key_attributes`: an item with at least the key.
Answer Write(Database& database, const Request& request, const std::optional<Expression>& condition,
             std::shared_ptr<Table> table, std::string key, const Item& key_attributes,
             const Item* item) {
  auto definition = table->definition();
  ItemTransaction transaction(database.store, database.locks, database.options.durability);
  size_t position = transaction.Add(table, std::move(key));
  RETURN_IF_ERROR(transaction.Begin());
  const std::optional<StoredItem>& old_item = transaction.old_item(position);
  if (condition) {
    ASSIGN_OR_RETURN(Item old_attributes, transaction.OldItem(position));
    if (!Matches(*condition, old_attributes)) {
      WriteCost cost = FailedWriteCost(old_item, item != nullptr ? ItemSize(*item) : 0);
      if (!table->TryWrite(cost, database.clock->Monotonic())) return Throttled(*definition);
      bool wants_item =
          StringOr(request.body, "ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD";
      return ConditionalCheckFailed(wants_item && old_item ? std::string(old_item->json) : "");
    }
  }
  ASSIGN_OR_RETURN(WriteCost cost, item != nullptr ? transaction.Put(position, *item)
                                                   : transaction.Delete(position));
  if (!table->TryWrite(cost, database.clock->Monotonic())) return Throttled(*definition);
  RETURN_IF_ERROR(transaction.Commit());

  ObjectWriter answer;
  if (StringOr(request.body, "ReturnValues", "NONE") == "ALL_OLD" && old_item) {
    answer.Add("Attributes", old_item->json);
  }
  AddCollectionMetrics(request, *table, key_attributes, answer);
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    std::string consumed;
    AppendJson(Consumed(*definition, cost), report, consumed);
    answer.Add("ConsumedCapacity", consumed);
  }
  return std::move(answer).Finish();
}

}  // namespace

Answer PutItem(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kPutParameters));
  ASSIGN_OR_RETURN(Item item, ReadItem(*FindObject(request.body, "Item")));
  RETURN_IF_ERROR(CheckReturnValues(request));
  if (ItemSize(item) > kItemSizeMax) return ItemTooLarge();
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  ASSIGN_OR_RETURN(std::string key, KeyOfItem(item, *table->definition()));
  return Write(database, request, expressions.condition, std::move(table), std::move(key), item,
               &item);
}

Answer DeleteItem(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kPutParameters));
  ASSIGN_OR_RETURN(Item key_attributes, ReadItem(*FindObject(request.body, "Key")));
  RETURN_IF_ERROR(CheckReturnValues(request));
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  ASSIGN_OR_RETURN(std::string key, KeyOfKey(key_attributes, *table->definition()));
  return Write(database, request, expressions.condition, std::move(table), std::move(key),
               key_attributes, nullptr);
}

}  // namespace penstock::dynamodb
