// A deliberately strict and faulty DynamoDB: Scan, BatchWriteItem, PutItem, GetItem, the tables'
// descriptions. For tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/crc.h"
#include "json/json.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "transfer/item_reader.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/key_schema.h"

namespace penstock::testing {

/// Has a token bucket of its own, a hot partition and faults on demand. One thread at a time.
class FakeDynamoDb {
 public:
  struct Table {
    KeySchema key;
    std::string id = "id-1";
    double read_units = 1000, write_units = 1000;
    std::string ttl_attribute;
    json::Object extras;                       // more members of its description
    std::map<std::string, double> indexes;     // global ones and their write capacity
    std::map<std::string, double> index_cost;  // units of theirs for each of the table's
    bool on_demand = false;
    std::map<std::string, std::string> items;  // canonical key -> wire JSON
    bool is_enforced = false;                  // answers throttles beyond one second's units
    double read_level = 0, write_level = 0;
    double levels_at = -1;
    /// A hot partition: the keys of the first of the 4096 slots have so many units a second among
    /// themselves.
    uint64_t hot_slots = 0;
    double hot_units = 0, hot_level = 0;
  };
  struct Faults {
    int server_error_every = 0;  // each n-th data call answers 500
    int lost_answer_every = 0;   // each n-th is carried out, and no answer comes
    int empty_page_every = 0;    // each n-th Scan answers no items and a LastEvaluatedKey
    int unprocessed_every = 0;   // each n-th batch leaves every second item
    int throttle_every = 0;
    std::string throttle_type = "ProvisionedThroughputExceededException";
    std::string poison;  // an item whose JSON has this is refused
    size_t page_bytes = 1 << 20;
    Duration latency{0};
  };
  struct Spent {
    double at;
    double units;
  };

  explicit FakeDynamoDb(Clock* dynamo_clock) : clock_(dynamo_clock) {}

  std::map<std::string, Table> tables;
  std::map<std::string, std::string> refused;  // operation -> the error it answers
  int refused_status = 400;
  std::string tags = R"([{"Key":"team","Value":"blue"}])";
  Faults faults;
  std::vector<Spent> reads, writes;
  std::map<std::string, std::vector<Spent>> index_writes;
  std::vector<std::string> unsupported;  // members that CreateTable refuses
  std::vector<json::Object> created;     // requests that made tables
  int batches = 0, scans = 0, describes = 0;
  int calls_until_stop = -1;
  std::stop_source* stop_source = nullptr;

  /// Puts an item given in any spelling.
  void Put(const std::string& table, std::string_view line) {
    Item item;
    ItemReader reader(ItemDialect::kFile);
    JsonCursor cursor(line);
    CHECK(reader.Read(cursor, &item), "{}", cursor.error());
    LineBuffer wire;
    ItemWriter::AppendWire(item, &wire);
    tables[table].items[KeyOf(tables[table], item)] = wire.view();
  }

 protected:
  Result<HttpResponse> Dynamo(const std::string& operation, const std::string& body) {
    auto request = json::ParseObject(body, 200);
    CHECK(request.has_value(), "{}", body);
    if (refused.contains(operation)) return Fault(refused_status, refused[operation], "refused");
    if (operation == "DescribeTable") return Describe(*json::GetString(*request, "TableName"));
    if (operation == "CreateTable") return Create(*request);
    if (operation == "DescribeTimeToLive" || operation == "UpdateTimeToLive") {
      Table& table = tables[*json::GetString(*request, "TableName")];
      if (const json::Value* specification = json::Find(*request, "TimeToLiveSpecification"))
        table.ttl_attribute = specification->at("AttributeName").as_string();
      json::Object described{{"TimeToLiveStatus", "DISABLED"}};
      if (!table.ttl_attribute.empty())
        described = {{"TimeToLiveStatus", "ENABLED"}, {"AttributeName", table.ttl_attribute}};
      return Answer(200, json::Write(json::Object{{"TimeToLiveDescription", described}}));
    }
    if (operation == "ListTagsOfResource") return Answer(200, "{\"Tags\":" + tags + "}");
    ++calls_;
    if (calls_until_stop > 0 && --calls_until_stop == 0 && stop_source != nullptr)
      stop_source->request_stop();
    if (Every(faults.server_error_every, calls_))
      return Fault(500, "InternalServerError", "injected");
    if (Every(faults.throttle_every, calls_)) return Throttled();
    Result<HttpResponse> answer = operation == "Scan"      ? Scan(*request)
                                  : operation == "PutItem" ? PutItem(*request)
                                  : operation == "GetItem" ? GetItem(*request)
                                  : operation == "BatchWriteItem"
                                      ? BatchWrite(*request)
                                      : Fault(400, "UnknownOperationException", operation);
    if (Every(faults.lost_answer_every, calls_)) return Unavailable("connection reset");
    return answer;
  }

 private:
  static HttpResponse Answer(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.Add("Content-Type", "application/x-amz-json-1.0");
    response.body = std::move(body);
    return response;
  }
  static HttpResponse Fault(int status, const std::string& type, const std::string& message) {
    return Answer(status,
                  json::Write(json::Object{{"__type", "com.amazonaws.dynamodb.v20120810#" + type},
                                           {"message", message}}));
  }
  HttpResponse Throttled() const { return Fault(400, faults.throttle_type, "too fast"); }
  static bool Every(int n, int count) { return n > 0 && count % n == 0; }

  std::string KeyOf(const Table& table, const Item& item) {
    LineBuffer key;
    table.key.AppendKey(item, hasher_, &key);
    return std::string(key.view());
  }

  HttpResponse Describe(const std::string& name) {
    ++describes;
    auto found = tables.find(name);
    if (found == tables.end()) return Fault(400, "ResourceNotFoundException", "no table " + name);
    const Table& table = found->second;
    uint64_t size = 0;
    for (const auto& [key, item] : table.items) size += FactsOf(table, item).stored_size + 100;
    json::Array definitions, schema;
    for (const KeyAttribute& key : table.key.attributes) {
      definitions.push_back(json::Object{{"AttributeName", key.name},
                                         {"AttributeType", AttributeTypeName(key.type)}});
      schema.push_back(json::Object{{"AttributeName", key.name},
                                    {"KeyType", schema.empty() ? "HASH" : "RANGE"}});
    }
    json::Object described{
        {"TableName", name},
        {"TableId", table.id},
        {"TableStatus", "ACTIVE"},
        {"ItemCount", table.items.size()},
        {"TableSizeBytes", size},
        {"AttributeDefinitions", definitions},
        {"KeySchema", schema},
        {"ProvisionedThroughput", json::Object{{"ReadCapacityUnits", table.read_units},
                                               {"WriteCapacityUnits", table.write_units}}}};
    json::Array indexes;
    for (const auto& [index, units] : table.indexes) {
      indexes.push_back(json::Object{
          {"IndexName", index},
          {"KeySchema", schema},
          {"Projection", json::Object{{"ProjectionType", "ALL"}}},
          {"ProvisionedThroughput",
           json::Object{{"ReadCapacityUnits", units}, {"WriteCapacityUnits", units}}}});
    }
    if (!indexes.empty()) described["GlobalSecondaryIndexes"] = indexes;
    for (const auto& [member, value] : table.extras) described[member] = value;
    if (table.on_demand)
      described["BillingModeSummary"] = json::Object{{"BillingMode", "PAY_PER_REQUEST"}};
    return Answer(200, json::Write(json::Object{{"Table", described}}));
  }

  HttpResponse Create(const json::Object& request) {
    std::string name = *json::GetString(request, "TableName");
    if (tables.contains(name)) return Fault(400, "ResourceInUseException", "exists");
    for (const std::string& member : unsupported) {
      if (request.contains(member))
        return Fault(400, "ValidationException", member + ": not supported");
    }
    Table& table = tables[name];
    table.id = "id-of-" + name;
    std::map<std::string, AttributeType> types;
    for (const json::Value& one : request.at("AttributeDefinitions").as_array()) {
      std::string_view type = one.at("AttributeType").as_string();
      types[std::string(one.at("AttributeName").as_string())] = type == "S"   ? AttributeType::kS
                                                                : type == "N" ? AttributeType::kN
                                                                              : AttributeType::kB;
    }
    for (const json::Value& one : request.at("KeySchema").as_array()) {
      std::string attribute(one.at("AttributeName").as_string());
      table.key.attributes.push_back({attribute, types[attribute]});
    }
    table.on_demand = request.at("BillingMode") == "PAY_PER_REQUEST";
    created.push_back(request);
    return Answer(200, "{}");
  }

  /// Whether the table's own bucket (one second of its units, may be overdrawn) lets a request in.
  bool Admit(Table& table, double& level) {
    double now = std::chrono::duration<double>(clock_->Monotonic()).count();
    if (table.levels_at < 0)
      table.levels_at = now, table.read_level = table.read_units,
      table.write_level = table.write_units;
    table.read_level =
        std::min(table.read_units, table.read_level + (now - table.levels_at) * table.read_units);
    table.write_level = std::min(table.write_units,
                                 table.write_level + (now - table.levels_at) * table.write_units);
    table.hot_level =
        std::min(table.hot_units, table.hot_level + (now - table.levels_at) * table.hot_units);
    table.levels_at = now;
    return !table.is_enforced || level > 0;
  }

  HttpResponse Scan(const json::Object& request) {
    ++scans;
    auto found = tables.find(*json::GetString(request, "TableName"));
    if (found == tables.end()) return Fault(400, "ResourceNotFoundException", "gone");
    Table& table = found->second;
    if (!Admit(table, table.read_level)) return Throttled();
    int64_t segment = json::OptionalInt(request, "Segment")->value_or(0);
    int64_t total = json::OptionalInt(request, "TotalSegments")->value_or(1);
    int64_t limit = json::OptionalInt(request, "Limit")->value_or(INT64_MAX);
    std::string start;
    if (const json::Value* key = json::Find(request, "ExclusiveStartKey"))
      start = json::Write(*key);
    std::string items, last;
    size_t size = 0;
    int64_t count = 0;
    bool more = false;
    const bool is_hot = static_cast<uint64_t>(4096 * segment / total) < table.hot_slots;
    if (is_hot && table.hot_level <= 0) return Throttled();
    bool empty = Every(faults.empty_page_every, scans);
    bool started = start.empty();
    // In the order of the keys' hashes, as segments are.
    struct Placed {
      uint64_t slot;
      const std::string* wire;
    };
    std::vector<Placed> in_order;
    for (const auto& [key, wire] : table.items)
      in_order.push_back({FactsOf(table, wire).slot, &wire});
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](const Placed& a, const Placed& b) { return a.slot < b.slot; });
    for (const auto& [slot, wire] : in_order) {
      bool is_in = static_cast<int64_t>(slot) * total / 4096 == segment;
      if (started && !is_in) continue;
      const auto& [shown, stored_size, _] = FactsOf(table, *wire);
      if (!started && !is_in && shown == start) {
        return Fault(400, "ValidationException", "the key is not of this segment");
      }
      if (!is_in) continue;
      if (!started) {
        started = shown == start;
        continue;
      }
      if (empty && !start.empty()) {
        last = start;
        more = true;
        break;
      }
      if (count == limit || size >= faults.page_bytes) {
        more = true;
        break;
      }
      items += (count++ > 0 ? "," : "") + *wire;
      size += stored_size;
      last = shown;
    }
    double units = std::max(1.0, std::ceil(static_cast<double>(size) / 4096)) *
                   (json::OptionalBool(request, "ConsistentRead")->value_or(false) ? 1 : 0.5);
    table.read_level -= units;
    if (is_hot) table.hot_level -= units;
    reads.push_back({std::chrono::duration<double>(clock_->Monotonic()).count(), units});
    std::string answer = "{";
    // As some servers do, before Items.
    if (more) answer += "\"LastEvaluatedKey\":" + last + ",";
    answer += fmt::format(
        "\"Count\":{},\"Items\":[{}],\"ScannedCount\":{},\"ConsumedCapacity\":{{\"TableName\":"
        "\"t\","
        "\"CapacityUnits\":{}}}}}",
        count, items, count, units);
    return Answer(200, answer);
  }

  HttpResponse BatchWrite(const json::Object& request) {
    ++batches;
    const json::Object& tables_written = **json::GetObject(request, "RequestItems");
    std::string name(tables_written.begin()->key());
    auto found = tables.find(name);
    if (found == tables.end()) return Fault(400, "ResourceNotFoundException", "gone");
    Table& table = found->second;
    const json::Array& puts = tables_written.begin()->value().get_array();
    if (puts.empty() || puts.size() > 25)
      return Fault(400, "ValidationException", "batch of a wrong size");
    if (!Admit(table, table.write_level)) return Throttled();
    struct Parsed {
      std::string key, wire;  // no wire: to be deleted
      double units;
    };
    std::vector<Parsed> parsed;
    std::set<std::string> keys;
    for (const json::Value& put : puts) {
      const json::Value* deletion = json::Find(put.get_object(), "DeleteRequest");
      std::string wire =
          json::Write(deletion ? deletion->at("Key") : put.at("PutRequest").at("Item"));
      Item item;
      ItemReader reader(ItemDialect::kFile);
      JsonCursor cursor(wire);
      if (!reader.Read(cursor, &item)) return Fault(400, "ValidationException", cursor.error());
      if (ItemSize(item) > kItemSizeMax) {
        return Fault(400, "ValidationException", "Item size has exceeded the maximum allowed size");
      }
      if (auto fault = table.key.Fault(item)) return Fault(400, "ValidationException", *fault);
      if (!faults.poison.empty() && wire.find(faults.poison) != std::string::npos) {
        return Fault(400, "ValidationException", "poisoned");
      }
      parsed.push_back({KeyOf(table, item), deletion ? "" : wire, WriteUnits(ItemSize(item))});
      if (!keys.insert(parsed.back().key).second) {
        return Fault(400, "ValidationException", "Provided list of item keys contains duplicates");
      }
    }
    bool partly = Every(faults.unprocessed_every, batches);
    json::Array unprocessed;
    double units = 0;
    for (size_t i = 0; i < parsed.size(); ++i) {
      if (partly && i % 2 == 1) {
        unprocessed.push_back(puts[i]);
        continue;
      }
      if (parsed[i].wire.empty()) {
        table.items.erase(parsed[i].key);
      } else {
        table.items[parsed[i].key] = parsed[i].wire;
      }
      units += parsed[i].units;
    }
    table.write_level -= units;
    writes.push_back({std::chrono::duration<double>(clock_->Monotonic()).count(), units});
    double all_units = units;
    json::Object index_units;
    for (const auto& [index, cost] : table.index_cost) {
      index_units[index] = json::Object{{"CapacityUnits", units * cost}};
      index_writes[index].push_back(
          {std::chrono::duration<double>(clock_->Monotonic()).count(), units * cost});
      all_units += units * cost;
    }
    json::Object left;
    if (!unprocessed.empty()) left[name] = std::move(unprocessed);
    return Answer(200, json::Write(json::Object{
                           {"UnprocessedItems", left},
                           {"ConsumedCapacity",
                            json::Array{json::Object{{"TableName", name},
                                                     {"CapacityUnits", all_units},
                                                     {"GlobalSecondaryIndexes", index_units}}}}}));
  }

  /// The conditions of imports: the key is absent, or also an older attribute #r.
  HttpResponse PutItem(const json::Object& request) {
    Table& table = tables[*json::GetString(request, "TableName")];
    if (!Admit(table, table.write_level)) return Throttled();
    std::string wire = json::Write(request.at("Item"));
    Item item;
    ItemReader reader(ItemDialect::kFile);
    JsonCursor cursor(wire);
    if (!reader.Read(cursor, &item)) return Fault(400, "ValidationException", cursor.error());
    double units = WriteUnits(ItemSize(item));
    table.write_level -= units;
    writes.push_back({std::chrono::duration<double>(clock_->Monotonic()).count(), units});
    std::string key = KeyOf(table, item);
    if (auto found = table.items.find(key); found != table.items.end()) {
      bool is_newer = false;
      if (const json::Value* values = json::Find(request, "ExpressionAttributeValues")) {
        std::string name(request.at("ExpressionAttributeNames").at("#r").as_string());
        auto there = json::ParseObject(found->second);
        auto number = [](const json::Value& value) {
          return std::stod(std::string(value.at("N").as_string()));
        };
        is_newer = !there->contains(name) || number(there->at(name)) < number(values->at(":r"));
      }
      if (!is_newer) return Fault(400, "ConditionalCheckFailedException", "no");
    }
    table.items[key] = wire;
    return Answer(200, fmt::format("{{\"ConsumedCapacity\":{{\"CapacityUnits\":{}}}}}", units));
  }

  HttpResponse GetItem(const json::Object& request) {
    Table& table = tables[*json::GetString(request, "TableName")];
    std::string wire = json::Write(request.at("Key"));
    Item item;
    ItemReader reader(ItemDialect::kFile);
    JsonCursor cursor(wire);
    CHECK(reader.Read(cursor, &item));
    auto found = table.items.find(KeyOf(table, item));
    return Answer(200, found == table.items.end() ? "{}" : "{\"Item\":" + found->second + "}");
  }

  /// What is shown of an item's key, the size it is charged with, and which of 4096 slots its
  /// partition key falls into. Kept, as each scan asks.
  struct Facts {
    std::string shown_key;
    uint64_t stored_size = 0;
    uint64_t slot = 0;
  };
  const Facts& FactsOf(const Table& table, const std::string& wire) {
    Facts& facts = facts_[wire];
    if (facts.stored_size == 0) {
      Item item;
      ItemReader reader(ItemDialect::kServer);
      JsonCursor cursor(wire);
      CHECK(reader.Read(cursor, &item));
      const KeySchema partition{{table.key.attributes[0]}};
      LineBuffer key;
      partition.AppendKey(item, hasher_, &key);
      facts = {table.key.Show(item), ItemSize(item), Crc32(key.view()) % 4096};
    }
    return facts;
  }

  std::unordered_map<std::string, Facts> facts_;
  Clock* const clock_;
  ItemHasher hasher_;
  int calls_ = 0;
};

}  // namespace penstock::testing
