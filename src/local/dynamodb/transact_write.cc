// TransactWriteItems.
#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

#include "base/digest.h"
#include "base/encoding.h"
#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/collection_metrics.h"
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

constexpr uint64_t kItemBytesMax = 4 * 1024 * 1024;  // of all items together
/// Transactional reads and writes cost twice.
constexpr double kTransactionFactor = 2;

enum class ActionKind { kConditionCheck, kPut, kDelete, kUpdate };
constexpr std::pair<std::string_view, ActionKind> kActionKinds[] = {
    {"ConditionCheck", ActionKind::kConditionCheck},
    {"Put", ActionKind::kPut},
    {"Delete", ActionKind::kDelete},
    {"Update", ActionKind::kUpdate},
};
constexpr std::string_view kWriteExpressions[] = {"UpdateExpression", "ConditionExpression"};
constexpr ExpressionParameters kWriteParameters{kWriteExpressions, {}};

struct WriteAction {
  ActionKind kind = ActionKind::kConditionCheck;
  const json::Object* body = nullptr;
  Item item;  // what to put, else the key
  std::optional<Expression> condition;
  ItemUpdate update;
  std::shared_ptr<Table> table;
  std::string stored_key;
};

/// What is wrong with an action by itself refuses the whole request.
ApiResult<WriteAction> ReadWriteAction(const json::Value& element) {
  WriteAction action;
  int given = 0;
  for (const auto& [name, kind] : kActionKinds) {
    const json::Object* body =
        element.is_object() ? FindObject(element.get_object(), name) : nullptr;
    if (body == nullptr) continue;
    ++given;
    action.kind = kind;
    action.body = body;
  }
  if (given != 1) {
    return ValidationError("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  RETURN_IF_ERROR(CheckExpressionParameters(*action.body, kWriteParameters));
  bool is_put = action.kind == ActionKind::kPut;
  ASSIGN_OR_RETURN(action.item, ReadItem(*FindObject(*action.body, is_put ? "Item" : "Key")));
  if (is_put && ItemSize(action.item) > kItemSizeMax) return ItemTooLarge();
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(*action.body));
  action.condition = std::move(expressions.condition);
  action.update.expression = std::move(expressions.update);
  return action;
}

ApiResult<std::vector<WriteAction>> ReadWriteActions(Database& database, const Request& request) {
  std::vector<WriteAction> actions;
  uint64_t bytes = 0;
  for (const json::Value& element : *FindArray(request.body, "TransactItems")) {
    ASSIGN_OR_RETURN(WriteAction action, ReadWriteAction(element));
    bytes += ItemSize(action.item);
    actions.push_back(std::move(action));
  }
  if (bytes > kItemBytesMax) {
    return ValidationError("The items of a transaction may not exceed 4 MB together");
  }
  for (WriteAction& action : actions) {
    ASSIGN_OR_RETURN(action.table, database.catalog->FindForData(
                                       request.caller, *FindString(*action.body, "TableName")));
  }
  return actions;
}

/// The reasons, one for each action; the transaction is canceled if any is more than "None".
class Reasons {
 public:
  explicit Reasons(size_t actions) : reasons_(actions) {}
  void Set(size_t action, std::string code, std::string message, std::string item_json = {}) {
    reasons_[action] = {std::move(code), std::move(message), std::move(item_json)};
    any_ = true;
  }
  ApiResult<void> Check() const {
    if (any_) return TransactionCanceled(reasons_);
    return {};
  }
  bool any() const { return any_; }

 private:
  std::vector<CancellationReason> reasons_;
  bool any_ = false;
};

/// Key and index keys of what is put, or the key.
ApiResult<std::string> StoredKey(const WriteAction& action, const TableDefinition& definition) {
  if (action.kind == ActionKind::kPut) return KeyOfItem(action.item, definition);
  ASSIGN_OR_RETURN(std::string key, KeyOfKey(action.item, definition));
  RETURN_IF_ERROR(CheckUpdatedPaths(action.update.Paths(), definition));
  return key;
}

ApiResult<void> FindKeys(std::vector<WriteAction>& actions) {
  Reasons reasons(actions.size());
  std::unordered_set<std::string> seen;
  bool repeated = false;
  for (size_t i = 0; i < actions.size(); ++i) {
    auto key = StoredKey(actions[i], *actions[i].table->definition());
    if (!key) {
      reasons.Set(i, "ValidationError", key.error().message);
      continue;
    }
    actions[i].stored_key = std::move(*key);
    repeated = !seen.insert(actions[i].stored_key).second || repeated;
  }
  if (repeated) {
    return ValidationError("Transaction request cannot include multiple operations on one item");
  }
  return reasons.Check();
}

WriteCost Doubled(WriteCost cost) {
  cost.table *= kTransactionFactor;
  for (auto& [serial, units] : cost.indexes) units *= kTransactionFactor;
  return cost;
}

WriteCost CheckCost(const WriteAction& action, const std::optional<StoredItem>& old_item) {
  bool is_put = action.kind == ActionKind::kPut;
  return Doubled(FailedWriteCost(old_item, is_put ? ItemSize(action.item) : 0));
}

/// Intends the change of one action; what it costs.
ApiResult<WriteCost> Intend(const WriteAction& action, size_t position,
                            ItemTransaction& transaction) {
  switch (action.kind) {
    case ActionKind::kConditionCheck:
      return FailedWriteCost(transaction.old_item(position), 0);
    case ActionKind::kPut:
      return transaction.Put(position, action.item);
    case ActionKind::kDelete:
      return transaction.Delete(position);
    case ActionKind::kUpdate:
      break;
  }
  ASSIGN_OR_RETURN(Item old_item, transaction.OldItem(position));
  ASSIGN_OR_RETURN(
      std::optional<Item> item,
      UpdatedItem(action.update, action.item, std::move(old_item), *action.table->definition()));
  return item ? transaction.Put(position, *item) : transaction.Delete(position);
}

/// Conditions, then changes, then capacity; the cost of each action, or why it cannot be done.
ApiResult<std::vector<WriteCost>> Decide(Database& database,
                                         const std::vector<WriteAction>& actions,
                                         ItemTransaction& transaction) {
  Reasons reasons(actions.size());
  std::vector<WriteCost> costs(actions.size());
  for (size_t i = 0; i < actions.size(); ++i) {
    const WriteAction& action = actions[i];
    if (action.condition) {
      ASSIGN_OR_RETURN(Item old_item, transaction.OldItem(i));
      if (!Matches(*action.condition, old_item)) {
        const std::optional<StoredItem>& stored = transaction.old_item(i);
        bool wants_item =
            StringOr(*action.body, "ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD";
        reasons.Set(i, "ConditionalCheckFailed", "The conditional request failed",
                    wants_item && stored ? std::string(stored->json) : "");
        continue;
      }
    }
    auto cost = Intend(action, i, transaction);
    if (!cost && cost.error().http >= 500) return std::move(cost).error();
    if (!cost) {
      reasons.Set(i, "ValidationError", cost.error().message);
      continue;
    }
    costs[i] = Doubled(std::move(*cost));
  }
  auto now = database.clock->Monotonic();
  if (reasons.any()) {
    // As with single writes, a condition that fails is paid for.
    for (size_t i = 0; i < actions.size(); ++i) {
      actions[i].table->TakeWrite(CheckCost(actions[i], transaction.old_item(i)), now);
    }
  }
  RETURN_IF_ERROR(reasons.Check());
  for (size_t i = 0; i < actions.size(); ++i) {
    if (actions[i].table->TryWrite(costs[i], now)) continue;
    ApiError error = Throttled(*actions[i].table->definition());
    bool on_demand = actions[i].table->definition()->on_demand;
    reasons.Set(i, on_demand ? "ThrottlingError" : "ProvisionedThroughputExceeded", error.message);
  }
  RETURN_IF_ERROR(reasons.Check());
  return costs;
}

/// The transaction was done before: it costs reading what it wrote.
Answer AnswerRepeated(Database& database, const Request& request,
                      const std::vector<WriteAction>& actions) {
  std::vector<ConsumedCapacity> consumed;
  for (const WriteAction& action : actions) {
    auto value = database.store->Get(action.stored_key);
    if (!value) return InternalServerError(value.error().message);
    uint64_t size = 0;
    if (*value) {
      auto stored = DecodeStoredItem(**value);
      if (!stored) return InternalServerError(stored.error().message);
      size = stored->item_size;
    }
    double units = kTransactionFactor * ReadUnits(size, true);
    action.table->TakeRead(action.table->serial(), units, database.clock->Monotonic());
    AddConsumed(consumed, {.table = action.table->definition()->name, .table_units = units});
  }
  ObjectWriter answer;
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    answer.Add("ConsumedCapacity", WriteConsumed(consumed, report, CapacityUse::kRead));
  }
  return std::move(answer).Finish();
}

}  // namespace

Answer TransactWriteItems(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::vector<WriteAction> actions, ReadWriteActions(database, request));
  RETURN_IF_ERROR(FindKeys(actions));

  std::unique_lock<std::mutex> token_lock;
  WriteBatch token_writes;
  if (auto token = FindString(request.body, "ClientRequestToken")) {
    std::string name = TransactionTokens::Name(request.caller.account, *token);
    std::string digest = HexEncode(Sha256(json::Write(request.body)));
    token_lock = database.tokens->Lock(name);
    auto used_for = database.tokens->Find(name);
    if (!used_for) return InternalServerError(used_for.error().message);
    if (*used_for && **used_for != digest) return IdempotentParameterMismatch();
    if (*used_for) return AnswerRepeated(database, request, actions);
    Status recorded = database.tokens->RecordIn(name, digest, token_writes);
    if (!recorded) return InternalServerError(recorded.error().message);
  }

  ItemTransaction transaction(database.store, database.locks, database.options.durability);
  for (const WriteAction& action : actions) transaction.Add(action.table, action.stored_key);
  RETURN_IF_ERROR(transaction.Begin());
  ASSIGN_OR_RETURN(std::vector<WriteCost> costs, Decide(database, actions, transaction));
  transaction.AddWrites(std::move(token_writes));
  RETURN_IF_ERROR(transaction.Commit());

  ObjectWriter answer;
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    std::vector<ConsumedCapacity> consumed;
    for (size_t i = 0; i < actions.size(); ++i) {
      AddConsumed(consumed, Consumed(*actions[i].table->definition(), costs[i]));
    }
    answer.Add("ConsumedCapacity", WriteConsumed(consumed, report, CapacityUse::kWrite));
  }
  if (WantsCollectionMetrics(request)) {
    CollectionMetrics metrics;
    for (const WriteAction& action : actions) metrics.Add(*action.table, action.item);
    answer.Add("ItemCollectionMetrics", metrics.ByTable());
  }
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
