// TransactGetItems.
#include <unordered_set>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_transaction.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr double kTransactionalReadFactor = 2;
constexpr std::string_view kReadExpressions[] = {"ProjectionExpression"};
constexpr ExpressionParameters kReadParameters{kReadExpressions, {}};

struct ReadAction {
  Item key;
  std::optional<std::vector<DocumentPath>> projection;
  std::shared_ptr<Table> table;
  std::string stored_key;
};

ApiResult<std::vector<ReadAction>> ReadReadActions(Database& database, const Request& request) {
  std::vector<ReadAction> actions;
  for (const json::Value& element : *FindArray(request.body, "TransactItems")) {
    const json::Object* get =
        element.is_object() ? FindObject(element.get_object(), "Get") : nullptr;
    if (get == nullptr) return ValidationError("TransactItems must contain a Get");
    ReadAction action;
    RETURN_IF_ERROR(CheckExpressionParameters(*get, kReadParameters));
    ASSIGN_OR_RETURN(action.key, ReadItem(*FindObject(*get, "Key")));
    ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(*get));
    action.projection = std::move(expressions.projection);
    ASSIGN_OR_RETURN(action.table,
                     database.catalog->FindForData(request.caller, *FindString(*get, "TableName")));
    actions.push_back(std::move(action));
  }
  std::vector<CancellationReason> reasons(actions.size());
  std::unordered_set<std::string_view> seen;
  bool canceled = false;
  for (size_t i = 0; i < actions.size(); ++i) {
    auto definition = actions[i].table->definition();
    auto key = KeyOfKey(actions[i].key, *definition);
    ApiResult<void> paths;
    if (actions[i].projection) paths = CheckKeyPaths(*actions[i].projection, *definition);
    if (!key || !paths) {
      reasons[i] = {"ValidationError", key ? paths.error().message : key.error().message, {}};
      canceled = true;
      continue;
    }
    actions[i].stored_key = std::move(*key);
    if (!seen.insert(actions[i].stored_key).second) {
      return ValidationError("Transaction request cannot include multiple operations on one item");
    }
  }
  if (canceled) return TransactionCanceled(reasons);
  return actions;
}

}  // namespace

Answer TransactGetItems(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::vector<ReadAction> actions, ReadReadActions(database, request));
  // The locks that it takes make the reads one step.
  ItemTransaction transaction(database.store, database.locks, database.options.durability);
  for (const ReadAction& action : actions) transaction.Add(action.table, action.stored_key);
  RETURN_IF_ERROR(transaction.Begin());

  auto now = database.clock->Monotonic();
  std::vector<CancellationReason> reasons(actions.size());
  bool canceled = false;
  for (size_t i = 0; i < actions.size(); ++i) {
    Table& table = *actions[i].table;
    if (table.AdmitsRead(table.serial(), now)) continue;
    auto definition = table.definition();
    reasons[i] = {definition->on_demand ? "ThrottlingError" : "ProvisionedThroughputExceeded",
                  Throttled(*definition).message,
                  {}};
    canceled = true;
  }
  if (canceled) return TransactionCanceled(reasons);

  std::string responses = "[";
  std::vector<ConsumedCapacity> consumed;
  for (size_t i = 0; i < actions.size(); ++i) {
    const ReadAction& action = actions[i];
    const std::optional<StoredItem>& stored = transaction.old_item(i);
    ObjectWriter response;
    if (stored && action.projection) {
      ASSIGN_OR_RETURN(Item item, transaction.OldItem(i));
      std::string projected;
      AppendJson(Project(*action.projection, item), projected);
      response.Add("Item", projected);
    } else if (stored) {
      response.Add("Item", stored->json);
    }
    if (i > 0) responses.push_back(',');
    responses += std::move(response).Finish();
    double units = kTransactionalReadFactor * ReadUnits(stored ? stored->item_size : 0, true);
    action.table->TakeRead(action.table->serial(), units, now);
    AddConsumed(consumed, {.table = action.table->definition()->name, .table_units = units});
  }
  ObjectWriter answer;
  answer.Add("Responses", responses + "]");
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    answer.Add("ConsumedCapacity", WriteConsumed(consumed, report, CapacityUse::kRead));
  }
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
