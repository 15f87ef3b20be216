// BatchWriteItem.
#include <unordered_set>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/collection_metrics.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/item_transaction.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/plain_batch.h"
#include "local/dynamodb/request_shape.h"
#include "local/dynamodb/unprocessed.h"

namespace penstock::dynamodb {

namespace {

/// A write as the store knows it.
struct StoredWrite {
  std::shared_ptr<Table> table;
  std::string key;
  std::optional<std::string> value;  // none: delete
};

struct BatchOutcome {
  std::vector<size_t> unprocessed;  // places of those for which there was no capacity
  std::vector<ConsumedCapacity> consumed;
};

/// REQUIRES: at least one; keys differ.
ApiResult<BatchOutcome> WriteAll(Database& database, std::vector<StoredWrite> writes) {
  ItemTransaction transaction(database.store, database.locks, database.options.durability);
  for (StoredWrite& write : writes) transaction.Add(write.table, std::move(write.key));
  RETURN_IF_ERROR(transaction.Begin());
  const auto now = database.clock->Monotonic();
  BatchOutcome outcome;
  for (size_t i = 0; i < writes.size(); ++i) {
    StoredWrite& write = writes[i];
    ASSIGN_OR_RETURN(WriteCost cost, write.value ? transaction.PutStored(i, std::move(*write.value))
                                                 : transaction.Delete(i));
    if (write.table->TryWrite(cost, now)) {
      AddConsumed(outcome.consumed, Consumed(*write.table->definition(), cost));
    } else {
      transaction.Cancel(i);
      outcome.unprocessed.push_back(i);
    }
  }
  if (outcome.unprocessed.size() == writes.size()) return Throttled(*writes[0].table->definition());
  RETURN_IF_ERROR(transaction.Commit());
  return outcome;
}

/// `request_of`: (place) -> (table's name, the request's JSON).
template <class RequestOf>
std::string WriteUnprocessed(const BatchOutcome& outcome, RequestOf request_of) {
  Unprocessed unprocessed;
  for (size_t i : outcome.unprocessed) {
    auto [table, json] = request_of(i);
    unprocessed.Add(table, std::string(json));
  }
  return unprocessed.Write([](std::string_view) { return "["; }, "]");
}

struct BatchWrite {
  std::string_view table_name;
  const json::Value* request;
  std::optional<Item> put;  // else delete `key`
  Item key;
};

ApiResult<std::vector<BatchWrite>> ReadWrites(const json::Object& tables) {
  std::vector<BatchWrite> writes;
  for (const auto& member : tables) {
    if (!member.value().is_array()) continue;
    for (const json::Value& element : member.value().get_array()) {
      BatchWrite write{.table_name = {member.key().data(), member.key().size()},
                       .request = &element};
      const json::Object* object = element.if_object();
      const json::Object* put = object != nullptr ? FindObject(*object, "PutRequest") : nullptr;
      const json::Object* erase =
          object != nullptr ? FindObject(*object, "DeleteRequest") : nullptr;
      if ((put == nullptr) == (erase == nullptr)) {
        return ValidationError(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes");
      }
      if (put != nullptr) {
        ASSIGN_OR_RETURN(write.put, ReadItem(*FindObject(*put, "Item")));
        if (ItemSize(*write.put) > kItemSizeMax) return ItemTooLarge();
      } else {
        ASSIGN_OR_RETURN(write.key, ReadItem(*FindObject(*erase, "Key")));
      }
      writes.push_back(std::move(write));
    }
  }
  if (writes.size() > kBatchWritesMax) {
    return ValidationError("Too many items requested for the BatchWriteItem call");
  }
  return writes;
}

/// In a batch, what is wrong with an item's key is said in other words than in PutItem.
ApiError KeyError(ApiError error) {
  bool is_schema = error.message.find("Missing the key") != std::string::npos ||
                   error.message.find("Type mismatch for key") != std::string::npos;
  return is_schema ? KeySchemaMismatch() : error;
}

ApiResult<std::vector<StoredWrite>> ToStored(Database& database, const Caller& caller,
                                             const std::vector<BatchWrite>& writes) {
  std::vector<StoredWrite> stored;
  std::unordered_set<std::string> seen;
  for (const BatchWrite& write : writes) {
    StoredWrite& one = stored.emplace_back();
    ASSIGN_OR_RETURN(one.table, database.catalog->FindForData(caller, write.table_name));
    const auto definition = one.table->definition();
    auto key = write.put ? KeyOfItem(*write.put, *definition) : KeyOfKey(write.key, *definition);
    if (!key) return KeyError(std::move(key).error());
    one.key = std::move(*key);
    if (!seen.insert(one.key).second) {
      return ValidationError("Provided list of item keys contains duplicates");
    }
    if (write.put) one.value = EncodeStoredItem(*write.put, definition->layout.range_name());
  }
  return stored;
}

}  // namespace

Answer BatchWriteItem(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::vector<BatchWrite> writes,
                   ReadWrites(*FindObject(request.body, "RequestItems")));
  ASSIGN_OR_RETURN(std::vector<StoredWrite> stored, ToStored(database, request.caller, writes));
  std::vector<std::shared_ptr<Table>> tables;
  for (const StoredWrite& write : stored) tables.push_back(write.table);
  ASSIGN_OR_RETURN(BatchOutcome outcome, WriteAll(database, std::move(stored)));
  ObjectWriter answer;
  answer.Add("UnprocessedItems", WriteUnprocessed(outcome, [&](size_t i) {
               return std::pair(writes[i].table_name, json::Write(*writes[i].request));
             }));
  if (WantsCollectionMetrics(request)) {
    CollectionMetrics metrics;
    for (size_t i = 0; i < writes.size(); ++i)
      metrics.Add(*tables[i], writes[i].put ? *writes[i].put : writes[i].key);
    answer.Add("ItemCollectionMetrics", metrics.ByTable());
  }
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone)
    answer.Add("ConsumedCapacity", WriteConsumed(outcome.consumed, report));
  return std::move(answer).Finish();
}

std::optional<Answer> BatchWriteItemIfPlain(Database& database, const Caller& caller,
                                            std::string_view body) {
  auto batch = ReadPlainBatch(body, caller, *database.catalog);
  if (!batch) return std::nullopt;
  std::vector<StoredWrite> stored;
  stored.reserve(batch->puts.size());
  for (PlainPut& put : batch->puts)
    stored.push_back({std::move(put.table), std::move(put.item.key), std::move(put.item.value)});
  auto outcome = WriteAll(database, std::move(stored));
  if (!outcome) return Answer(std::move(outcome).error());
  ObjectWriter answer;
  answer.Add("UnprocessedItems", WriteUnprocessed(*outcome, [&](size_t i) {
               return std::pair(batch->puts[i].table_name, batch->puts[i].request);
             }));
  if (batch->report != CapacityReport::kNone)
    answer.Add("ConsumedCapacity", WriteConsumed(outcome->consumed, batch->report));
  return Answer(std::move(answer).Finish());
}

}  // namespace penstock::dynamodb
