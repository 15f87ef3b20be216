// BatchWriteItem and BatchGetItem.
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>

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

constexpr size_t kWritesMax = 25;
constexpr size_t kReadsMax = 100;
/// A BatchGetItem answers at most so many bytes of items; the rest is left as unprocessed.
constexpr uint64_t kBatchGetBytesMax = 16 * 1024 * 1024;

/// Requests that were not served, by table, as JSON texts.
class Unprocessed {
 public:
  void Add(std::string_view table, std::string json) {
    tables_[std::string(table)].push_back(std::move(json));
  }
  size_t count() const {
    size_t sum = 0;
    for (const auto& [table, requests] : tables_) sum += requests.size();
    return sum;
  }
  /// {"table":<open>r1,r2<close>,…}
  template <class Open>
  std::string Write(Open open, std::string_view close) const {
    ObjectWriter object;
    for (const auto& [table, requests] : tables_) {
      object.Add(table, fmt::format("{}{}{}", open(table), fmt::join(requests, ","), close));
    }
    return std::move(object).Finish();
  }

 private:
  std::map<std::string, std::vector<std::string>> tables_;
};

struct BatchWrite {
  std::string_view table_name;
  const json::Value* request;  // as given, for UnprocessedItems
  std::optional<Item> put;     // else delete `key`
  Item key;
  std::shared_ptr<Table> table;
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
  if (writes.size() > kWritesMax) {
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

}  // namespace

Answer BatchWriteItem(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::vector<BatchWrite> writes,
                   ReadWrites(*FindObject(request.body, "RequestItems")));
  ItemTransaction transaction(database.store, database.options.durability);
  std::unordered_set<std::string> seen;
  for (BatchWrite& write : writes) {
    ASSIGN_OR_RETURN(write.table, database.catalog->FindForData(request.caller, write.table_name));
    auto definition = write.table->definition();
    auto key = write.put ? KeyOfItem(*write.put, *definition) : KeyOfKey(write.key, *definition);
    if (!key) return KeyError(std::move(key).error());
    if (!seen.insert(*key).second) {
      return ValidationError("Provided list of item keys contains duplicates");
    }
    std::string value =
        write.put ? EncodeStoredItem(*write.put, definition->layout.range_name()) : std::string();
    transaction.Add(write.table, std::move(*key), std::move(value));
  }
  RETURN_IF_ERROR(transaction.Begin());
  auto now = database.clock->Monotonic();
  Unprocessed unprocessed;
  std::vector<ConsumedCapacity> consumed;
  for (size_t i = 0; i < writes.size(); ++i) {
    const BatchWrite& write = writes[i];
    ASSIGN_OR_RETURN(WriteCost cost,
                     write.put ? transaction.Put(i, *write.put) : transaction.Delete(i));
    if (write.table->TryWrite(cost, now)) {
      AddConsumed(consumed, Consumed(*write.table->definition(), cost));
    } else {
      transaction.Cancel(i);
      unprocessed.Add(write.table_name, json::Write(*write.request));
    }
  }
  if (unprocessed.count() == writes.size()) return Throttled(*writes[0].table->definition());
  RETURN_IF_ERROR(transaction.Commit());
  ObjectWriter answer;
  answer.Add("UnprocessedItems", unprocessed.Write([](std::string_view) { return "["; }, "]"));
  if (WantsCollectionMetrics(request)) {
    CollectionMetrics metrics;
    for (const BatchWrite& write : writes) {
      metrics.Add(*write.table, write.put ? *write.put : write.key);
    }
    answer.Add("ItemCollectionMetrics", metrics.ByTable());
  }
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone)
    answer.Add("ConsumedCapacity", WriteConsumed(consumed, report));
  return std::move(answer).Finish();
}

namespace {

constexpr std::string_view kGetExpressions[] = {"ProjectionExpression"};
constexpr std::string_view kGetLegacy[] = {"AttributesToGet"};
constexpr ExpressionParameters kGetParameters{kGetExpressions, kGetLegacy};

struct BatchRead {
  std::string_view table_name;
  const json::Object* parameters;
  RequestExpressions expressions;
  std::vector<Item> keys;
  std::vector<std::string> stored_keys;
  std::shared_ptr<Table> table;
};

ApiResult<std::vector<BatchRead>> ReadReads(const json::Object& tables) {
  std::vector<BatchRead> reads;
  size_t count = 0;
  for (const auto& member : tables) {
    if (!member.value().is_object()) continue;
    BatchRead read{.table_name = {member.key().data(), member.key().size()},
                   .parameters = &member.value().get_object()};
    RETURN_IF_ERROR(CheckExpressionParameters(*read.parameters, kGetParameters));
    ASSIGN_OR_RETURN(read.expressions, ParseExpressions(*read.parameters));
    for (const json::Value& element : *FindArray(*read.parameters, "Keys")) {
      if (!element.is_object()) return KeySchemaMismatch();
      ASSIGN_OR_RETURN(Item key, ReadItem(element.get_object()));
      read.keys.push_back(std::move(key));
      if (++count > kReadsMax)
        return ValidationError("Too many items requested for the BatchGetItem call");
    }
    reads.push_back(std::move(read));
  }
  return reads;
}

/// The parameters of an unprocessed table other than its keys: `{"ConsistentRead":true,"Keys":[`.
std::string OpenUnprocessed(const json::Object& parameters) {
  std::string text = "{";
  for (const auto& member : parameters) {
    if (member.key() == "Keys" || member.value().is_null()) continue;
    AppendJsonString({member.key().data(), member.key().size()}, text);
    text += ":" + json::Write(member.value()) + ",";
  }
  return text + "\"Keys\":[";
}

}  // namespace

Answer BatchGetItem(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::vector<BatchRead> reads,
                   ReadReads(*FindObject(request.body, "RequestItems")));
  for (BatchRead& read : reads) {
    ASSIGN_OR_RETURN(read.table, database.catalog->FindForData(request.caller, read.table_name));
    auto definition = read.table->definition();
    if (read.expressions.projection)
      RETURN_IF_ERROR(CheckKeyPaths(*read.expressions.projection, *definition));
    std::unordered_set<std::string_view> seen;
    read.stored_keys.reserve(read.keys.size());
    for (const Item& key : read.keys) {
      ASSIGN_OR_RETURN(std::string stored_key, KeyOfKey(key, *definition));
      read.stored_keys.push_back(std::move(stored_key));
      if (!seen.insert(read.stored_keys.back()).second) {
        return ValidationError("Provided list of item keys contains duplicates");
      }
    }
  }
  auto now = database.clock->Monotonic();
  Unprocessed unprocessed;
  std::vector<ConsumedCapacity> consumed;
  ObjectWriter responses;
  uint64_t bytes = 0;
  size_t served = 0;
  for (const BatchRead& read : reads) {
    bool consistent = BooleanOr(*read.parameters, "ConsistentRead", false);
    std::string items = "[";
    double units = 0;
    for (size_t i = 0; i < read.keys.size(); ++i) {
      if (bytes >= kBatchGetBytesMax || !read.table->AdmitsRead(read.table->serial(), now)) {
        std::string key;
        AppendJson(read.keys[i], key);
        unprocessed.Add(read.table_name, std::move(key));
        continue;
      }
      ++served;
      auto value = database.store->Get(read.stored_keys[i]);
      if (!value) return InternalServerError(value.error().message);
      uint64_t size = 0;
      if (*value) {
        auto stored = DecodeStoredItem(**value);
        if (!stored) return InternalServerError(stored.error().message);
        size = stored->item_size;
        if (items.size() > 1) items.push_back(',');
        if (read.expressions.projection) {
          auto item = ParseStoredJson(stored->json);
          if (!item) return InternalServerError(item.error().message);
          AppendJson(Project(*read.expressions.projection, *item), items);
        } else {
          items += stored->json;
        }
      }
      bytes += size;
      double cost = ReadUnits(size, consistent);
      units += cost;
      read.table->TakeRead(read.table->serial(), cost, now);
    }
    responses.Add(read.table_name, items + "]");
    consumed.push_back({.table = std::string(read.table_name), .table_units = units});
  }
  if (served == 0) return Throttled(*reads[0].table->definition());
  auto open = [&](std::string_view table) {
    auto found = std::find_if(reads.begin(), reads.end(),
                              [&](const BatchRead& read) { return read.table_name == table; });
    return OpenUnprocessed(*found->parameters);
  };
  ObjectWriter answer;
  answer.Add("Responses", std::move(responses).Finish());
  answer.Add("UnprocessedKeys", unprocessed.Write(open, "]}"));
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone)
    answer.Add("ConsumedCapacity", WriteConsumed(consumed, report));
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
