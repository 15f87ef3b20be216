// What this folder's tests share: a clock that tests move, randomness from a seed, and a service in
// process.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "json/json.h"
#include "key_value/memory_key_value.h"
#include "local/dynamodb/dynamodb_service.h"

namespace penstock::dynamodb {

class TestClock final : public Clock {
 public:
  Instant Now() override { return Instant(Duration(1'700'000'000'000)) + Elapsed(); }
  std::chrono::nanoseconds Monotonic() override {
    return std::chrono::nanoseconds(elapsed_ns_.load());
  }
  void Sleep(Duration duration) override { Advance(duration); }
  void Advance(std::chrono::nanoseconds by) { elapsed_ns_ += by.count(); }

 private:
  Duration Elapsed() { return std::chrono::duration_cast<Duration>(Monotonic()); }
  std::atomic<int64_t> elapsed_ns_{1'000'000'000};
};

class TestRandom final : public Random {
 public:
  uint64_t Next() override {
    uint64_t z = state_.fetch_add(0x9E3779B97F4A7C15ull);  // splitmix64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_{42};
};

/// Keeps the answer where the test can see it.
class KeepingResponder final : public Responder {
 public:
  explicit KeepingResponder(HttpResponse* response) : response_(response) {}
  void Respond(HttpResponse response) override { *response_ = std::move(response); }
  Status Begin(int, Headers, std::optional<uint64_t>) override {
    return FailedPrecondition("not streamed");
  }
  Status Write(std::string_view) override { return FailedPrecondition("not streamed"); }
  Status Finish() override { return FailedPrecondition("not streamed"); }
  bool PeerConnected() override { return true; }

 private:
  HttpResponse* response_;
};

/// A service on a store in memory. Restart() makes a new service on the same store.
class TestDynamoDb {
 public:
  explicit TestDynamoDb(DynamoDbOptions options = {}) : options_(options) { Restart(); }

  void Restart() {
    service_.reset();
    auto opened = DynamoDbService::Open(&store, &clock, &random, options_);
    CHECK(opened.has_value());
    service_ = std::move(*opened);
  }

  HttpResponse Send(HttpRequest request, std::string_view body) {
    HttpResponse response;
    StringSource source(body);
    service_->Serve(std::move(request), source, std::make_unique<KeepingResponder>(&response));
    return response;
  }

  HttpRequest RequestFor(std::string_view operation) const {
    HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers.Add("Content-Type", "application/x-amz-json-1.0");
    request.headers.Add("X-Amz-Target", "DynamoDB_20120810." + std::string(operation));
    request.caller = caller;
    return request;
  }

  HttpResponse Send(std::string_view operation, std::string_view body) {
    return Send(RequestFor(operation), body);
  }

  /// The answer's object, whatever its status.
  json::Object Call(std::string_view operation, std::string_view body) {
    HttpResponse response = Send(operation, body);
    if (response.body.empty()) return {};
    auto object = json::ParseObject(response.body, 200);
    CHECK(object.has_value(), "{}", response.body);
    return std::move(*object);
  }

  /// "" if the operation succeeds, else "Type: message" without the type's name space.
  std::string Error(std::string_view operation, std::string_view body) {
    HttpResponse response = Send(operation, body);
    if (response.status == 200) return "";
    auto object = json::ParseObject(response.body, 200);
    CHECK(object.has_value(), "{}", response.body);
    std::string type = json::GetString(*object, "__type").value_or("");
    std::string message = json::GetString(*object, "message").value_or("");
    if (message.empty()) message = json::GetString(*object, "Message").value_or("");
    return type.substr(type.find('#') + 1) + ": " + message;
  }

  /// A table with partition key pk (S) and, with `sort_type`, sort key sk.
  void MakeTable(std::string_view name, std::string_view sort_type = "", bool on_demand = true) {
    std::string sort_definition, sort_key;
    if (!sort_type.empty()) {
      sort_definition =
          ",{\"AttributeName\":\"sk\",\"AttributeType\":\"" + std::string(sort_type) + "\"}";
      sort_key = ",{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}";
    }
    std::string billing =
        on_demand ? "\"BillingMode\":\"PAY_PER_REQUEST\""
                  : "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5}";
    std::string error =
        Error("CreateTable", "{\"TableName\":\"" + std::string(name) +
                                 "\",\"AttributeDefinitions\":[{\"AttributeName\":\"pk\","
                                 "\"AttributeType\":\"S\"}" +
                                 sort_definition +
                                 "],\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":"
                                 "\"HASH\"}" +
                                 sort_key + "]," + billing + "}");
    CHECK(error.empty(), "{}", error);
  }

  MemoryKeyValue store;
  TestClock clock;
  TestRandom random;
  Caller caller{.account = "123456789012",
                .access_key_id = "AKIATEST",
                .user_arn = "arn:aws:iam::123456789012:root",
                .region = "eu-west-1",
                .service = "dynamodb"};

 private:
  DynamoDbOptions options_;
  std::unique_ptr<DynamoDbService> service_;
};

}  // namespace penstock::dynamodb
