// What the transfer tests stand on: a clock that only tests move, a deliberately strict and faulty
// DynamoDB, a small S3, and a disk that dies. For tests only.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "aws/dynamodb_client.h"
#include "aws/s3_client.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"
#include "ports/files.h"
#include "transfer/item_reader.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/key_schema.h"

namespace penstock::testing {

/// Time passes when somebody sleeps. Threads that sleep at once sleep at the same time.
class FakeClock : public Clock {
 public:
  Instant Now() override { return Instant(std::chrono::duration_cast<Duration>(Monotonic())); }
  std::chrono::nanoseconds Monotonic() override { return std::chrono::nanoseconds(now_.load()); }
  void Sleep(Duration duration) override {
    int64_t until = now_.load() + std::chrono::nanoseconds(duration).count();
    int64_t now = now_.load();
    while (now < until && !now_.compare_exchange_weak(now, until)) {
    }
    std::this_thread::yield();
  }
  double Seconds() { return std::chrono::duration<double>(Monotonic()).count(); }

 private:
  std::atomic<int64_t> now_ = 1'000'000'000'000;
};

/// A known sequence.
class FakeRandom : public Random {
 public:
  explicit FakeRandom(uint64_t seed = 1) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_;
};

/// DynamoDB's side of Scan, BatchWriteItem and DescribeTable, with a token bucket of its own and
/// faults on demand; and an S3. Requests with an X-Amz-Target go to the one, others to the other.
class FakeAws : public HttpClient {
 public:
  struct Table {
    KeySchema key;
    std::string id = "id-1";
    double read_units = 1000, write_units = 1000;
    std::string ttl_attribute;
    std::map<std::string, double> indexes;     // global ones and their write capacity
    std::map<std::string, double> index_cost;  // units of theirs for each of the table's
    bool on_demand = false;
    std::map<std::string, std::string> items;  // canonical key -> wire JSON
    bool is_enforced = false;                  // answers throttles beyond one second's units
    double read_level = 0, write_level = 0;
    double levels_at = -1;
  };
  struct Faults {
    int server_error_every = 0;  // each n-th data call answers 500
    int lost_answer_every = 0;   // each n-th is carried out, and no answer comes
    int empty_page_every = 0;    // each n-th Scan answers no items and a LastEvaluatedKey
    int unprocessed_every = 0;   // each n-th batch leaves every second item
    int throttle_every = 0;
    std::string poison;  // an item whose JSON has this is refused
    size_t page_bytes = 1 << 20;
    Duration latency{0};
  };
  struct Spent {
    double at;
    double units;
  };

  explicit FakeAws(Clock* clock) : clock_(clock) {}

  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink* sink,
                            std::stop_token stop) override {
    std::string body = request.body;
    if (source != nullptr) body = *ReadAll(*source, 1u << 30);
    if (stop.stop_requested()) return Canceled("stopped");
    HttpResponse response;
    Duration latency{};
    {
      std::lock_guard lock(mutex);
      auto target = request.headers.Get("X-Amz-Target");
      if (target) {
        latency = faults.latency;
        auto answer = Dynamo(std::string(target->substr(target->rfind('.') + 1)), body);
        if (!answer) return answer.error();
        response = *std::move(answer);
      } else {
        std::string url = request.url.substr(request.url.find('/', 8));
        int fault = s3_fault ? s3_fault(request.method, url) : 0;
        if (fault > 0) return S3Refusal(fault);
        response = S3(request, body);
        if (fault == kLost) return Unavailable("connection reset");
      }
    }
    if (latency.count() > 0) clock_->Sleep(latency);
    if (sink != nullptr && response.status / 100 == 2) {
      RETURN_IF_ERROR(sink->Write(response.body));
      response.body.clear();
    }
    return response;
  }

  std::mutex mutex;  // for the members below while threads run
  std::map<std::string, Table> tables;
  std::map<std::string, std::string> objects;  // "/bucket/key"
  /// Asked of each request to S3: a status to answer instead; 0: none. kLost: it is carried out,
  /// and no answer comes.
  std::function<int(const std::string& method, const std::string& target)> s3_fault;
  static constexpr int kLost = -1;
  std::map<std::string, std::string> refused;  // operation of DynamoDB -> the error it answers
  std::string tags = R"([{"Key":"team","Value":"blue"}])";
  Faults faults;
  std::vector<Spent> reads, writes;
  std::map<std::string, std::vector<Spent>> index_writes;
  std::vector<json::Object> created;  // requests that made tables
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
  static HttpResponse S3Refusal(int status) {
    return Answer(status, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
  }
  static HttpResponse Throttled() {
    return Fault(400, "ProvisionedThroughputExceededException", "too fast");
  }
  static bool Every(int n, int count) { return n > 0 && count % n == 0; }

  std::string KeyOf(const Table& table, const Item& item) {
    LineBuffer key;
    table.key.AppendKey(item, hasher_, &key);
    return std::string(key.view());
  }

  Result<HttpResponse> Dynamo(const std::string& operation, const std::string& body) {
    auto request = json::ParseObject(body, 200);
    CHECK(request.has_value(), "{}", body);
    if (refused.contains(operation)) return Fault(400, refused[operation], "refused");
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

  HttpResponse Describe(const std::string& name) {
    ++describes;
    auto found = tables.find(name);
    if (found == tables.end()) return Fault(400, "ResourceNotFoundException", "no table " + name);
    const Table& table = found->second;
    uint64_t size = 0;
    for (const auto& [key, item] : table.items) size += item.size();
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
    if (table.on_demand)
      described["BillingModeSummary"] = json::Object{{"BillingMode", "PAY_PER_REQUEST"}};
    return Answer(200, json::Write(json::Object{{"Table", described}}));
  }

  HttpResponse Create(const json::Object& request) {
    std::string name = *json::GetString(request, "TableName");
    if (tables.contains(name)) return Fault(400, "ResourceInUseException", "exists");
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
    bool empty = Every(faults.empty_page_every, scans);
    bool started = start.empty();
    // In the order of the keys' hashes, as segments are.
    std::vector<std::pair<const std::string, std::string>*> in_order;
    for (auto& entry : table.items) in_order.push_back(&entry);
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](auto* a, auto* b) { return Slot(a->first) < Slot(b->first); });
    for (const auto* entry : in_order) {
      const auto& [key, item] = *entry;
      bool is_in = static_cast<int64_t>(Slot(key) * total / 4096) == segment;
      std::string shown = started && !is_in ? "" : ShowKey(table, item);
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
      items += (count++ > 0 ? "," : "") + item;
      size += StoredSize(item);
      last = shown;
    }
    double units = std::max(1.0, std::ceil(static_cast<double>(size) / 4096)) *
                   (json::OptionalBool(request, "ConsistentRead")->value_or(false) ? 1 : 0.5);
    table.read_level -= units;
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

  static uint64_t Slot(const std::string& key) { return Crc32(key) % 4096; }
  static uint64_t StoredSize(const std::string& wire) {
    Item item;
    ItemReader reader(ItemDialect::kServer);
    JsonCursor cursor(wire);
    CHECK(reader.Read(cursor, &item));
    return ItemSize(item);
  }
  static std::string ShowKey(const Table& table, const std::string& wire) {
    Item item;
    ItemReader reader(ItemDialect::kServer);
    JsonCursor cursor(wire);
    CHECK(reader.Read(cursor, &item));
    return table.key.Show(item);
  }

  HttpResponse S3(const ClientRequest& request, const std::string& body) {
    std::string target = request.url.substr(request.url.find('/', 8));
    std::string path = PercentDecode(target.substr(0, target.find('?')));
    std::map<std::string, std::string> query;
    if (size_t mark = target.find('?'); mark != std::string::npos) {
      for (auto& [name, value] : ParseQuery(target.substr(mark + 1))) query[name] = value;
    }
    auto etag = [](const std::string& content) { return "\"" + HexEncode(Md5(content)) + "\""; };
    HttpResponse response;
    auto missing = [&] {
      response.status = 404;
      response.body = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
      return response;
    };
    bool is_taken = request.headers.Get("If-None-Match").has_value() && objects.contains(path);
    if (query.contains("list-type")) {
      std::string prefix = path + (path.ends_with('/') ? "" : "/") + query["prefix"];
      response.body = "<ListBucketResult><IsTruncated>false</IsTruncated>";
      for (const auto& [key, content] : objects) {
        if (!key.starts_with(prefix)) continue;
        response.body +=
            fmt::format("<Contents><Key>{}</Key><Size>{}</Size><ETag>{}</ETag></Contents>",
                        key.substr(key.find('/', 1) + 1), content.size(), etag(content));
      }
      response.body += "</ListBucketResult>";
    } else if (query.contains("uploads") && request.method == "GET") {
      response.body = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>";
      for (const auto& [id, upload] : uploads) {
        response.body +=
            "<Upload><Key>" + upload_keys_[id] + "</Key><UploadId>" + id + "</UploadId></Upload>";
      }
      response.body += "</ListMultipartUploadsResult>";
    } else if (query.contains("uploads")) {
      std::string id = fmt::format("u{}", ++uploads_made_);
      uploads[id] = {};
      upload_keys_[id] = path.substr(path.find('/', 1) + 1);
      response.body = "<InitiateMultipartUploadResult><UploadId>" + id +
                      "</UploadId></InitiateMultipartUploadResult>";
    } else if (query.contains("partNumber")) {
      uploads[query["uploadId"]][std::stoi(query["partNumber"])] = body;
      response.headers.Add("ETag", etag(body));
    } else if (query.contains("uploadId") && request.method == "GET") {
      if (!uploads.contains(query["uploadId"])) return missing();
      response.body = "<ListPartsResult><IsTruncated>false</IsTruncated>";
      for (const auto& [number, part] : uploads[query["uploadId"]]) {
        response.body +=
            fmt::format("<Part><PartNumber>{}</PartNumber><Size>{}</Size><ETag>{}</ETag></Part>",
                        number, part.size(), etag(part));
      }
      response.body += "</ListPartsResult>";
    } else if (query.contains("uploadId") && request.method == "DELETE") {
      uploads.erase(query["uploadId"]);
      response.status = 204;
    } else if (query.contains("uploadId")) {
      if (!uploads.contains(query["uploadId"])) return missing();
      if (is_taken) return Taken();
      // Only the parts that are named, by number and ETag.
      std::string whole;
      for (const auto& [number, part] : uploads[query["uploadId"]]) {
        if (body.find(fmt::format("<PartNumber>{}<", number)) != std::string::npos) whole += part;
      }
      uploads.erase(query["uploadId"]);
      objects[path] = whole;
      response.body = "<CompleteMultipartUploadResult><ETag>" + etag(whole) +
                      "</ETag></CompleteMultipartUploadResult>";
    } else if (request.method == "PUT") {
      if (is_taken) return Taken();
      objects[path] = body;
      response.headers.Add("ETag", etag(body));
    } else if (request.method == "DELETE") {
      objects.erase(path);
      response.status = 204;
    } else {
      auto found = objects.find(path);
      if (found == objects.end()) return missing();
      auto match = request.headers.Get("If-Match");
      if (match && *match != etag(found->second)) return Taken();
      response.headers.Add("ETag", etag(found->second));
      response.body = found->second;
      if (auto range = request.headers.Get("Range")) {
        size_t dash = range->find('-');
        size_t first = *ParseUint(range->substr(6, dash - 6)),
               last = *ParseUint(range->substr(dash + 1));
        response.status = 206;
        response.body = found->second.substr(first, last - first + 1);
      }
      response.headers.Add("Content-Length", std::to_string(response.body.size()));
      if (request.method == "HEAD") response.body.clear();
    }
    return response;
  }
  static HttpResponse Taken() {
    HttpResponse response;
    response.status = 412;
    response.body = "<Error><Code>PreconditionFailed</Code><Message>taken</Message></Error>";
    return response;
  }
  static std::optional<size_t> ParseUint(std::string_view text) {
    size_t value = 0;
    for (char c : text) value = value * 10 + static_cast<size_t>(c - '0');
    return value;
  }

 public:
  std::map<std::string, std::map<int, std::string>> uploads;

 private:
  std::map<std::string, std::string> upload_keys_;
  Clock* const clock_;
  ItemHasher hasher_;
  int calls_ = 0;
  int uploads_made_ = 0;
};

/// A disk that, after a number of changes, loses its power: the change does not happen, nor does
/// any after it.
class DyingFiles : public Files {
 public:
  DyingFiles(Files* files, int changes) : files_(files), left_(changes) {}
  bool is_dead() const { return left_ < 0; }

  Result<std::string> Read(const std::string& path) override { return files_->Read(path); }
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return files_->Open(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode) override {
    if (!Lives()) return Dead();
    ASSIGN_OR_RETURN(auto file, files_->Create(path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<DyingFile>(this, std::move(file)));
  }
  Result<std::unique_ptr<WritableFile>> Append(const std::string& path, unsigned mode) override {
    return files_->Append(path, mode);
  }
  Status Replace(const std::string& path, std::string_view content, unsigned mode) override {
    return Lives() ? files_->Replace(path, content, mode) : Status(Dead());
  }
  Status Rename(const std::string& source, const std::string& target) override {
    return Lives() ? files_->Rename(source, target) : Status(Dead());
  }
  Status SyncDirectory(const std::string&) override { return {}; }
  Status Remove(const std::string& path) override {
    return Lives() ? files_->Remove(path) : Status(Dead());
  }
  Status RemoveTree(const std::string& path) override { return files_->RemoveTree(path); }
  Status MakeDirectories(const std::string& path) override { return files_->MakeDirectories(path); }
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override {
    return files_->List(path);
  }
  bool Exists(const std::string& path) override { return files_->Exists(path); }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return files_->Lock(path);
  }

 private:
  class DyingFile : public WritableFile {
   public:
    DyingFile(DyingFiles* disk, std::unique_ptr<WritableFile> file)
        : disk_(disk), file_(std::move(file)) {}
    Status Append(std::string_view bytes) override {
      if (disk_->Lives()) return file_->Append(bytes);
      static_cast<void>(file_->Append(bytes.substr(0, bytes.size() / 2)).has_value());
      return Dead();
    }
    Status Sync() override { return {}; }
    Status Close() override { return file_->Close(); }

   private:
    DyingFiles* const disk_;
    std::unique_ptr<WritableFile> file_;
  };

  bool Lives() { return left_-- > 0; }
  static Error Dead() { return IoError("the power is gone"); }

  Files* const files_;
  std::atomic<int> left_;
};

/// The most units in any window of ten seconds.
inline double WindowMax(const std::vector<FakeAws::Spent>& spent) {
  double most = 0, sum = 0;
  size_t first = 0;
  for (const auto& one : spent) {
    sum += one.units;
    while (spent[first].at <= one.at - 10) sum -= spent[first++].units;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace penstock::testing
