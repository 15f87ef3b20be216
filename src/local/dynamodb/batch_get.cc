// BatchGetItem.
#include <algorithm>
#include <unordered_set>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"
#include "local/dynamodb/unprocessed.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kReadsMax = 100;
/// A BatchGetItem answers at most so many bytes of items; the rest is left as unprocessed.
constexpr uint64_t kBatchGetBytesMax = 16 * 1024 * 1024;

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
