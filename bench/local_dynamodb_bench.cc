// Local DynamoDB on RocksDB, one thread, through HttpService: how fast it takes items in and hands
// pages out.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "key_value/rocksdb_key_value.h"
#include "local/dynamodb/dynamodb_service.h"

namespace penstock {
namespace {

class SteadyClock final : public Clock {
 public:
  Instant Now() override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  std::chrono::nanoseconds Monotonic() override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  void Sleep(Duration) override {}
};

class CountingRandom final : public Random {
 public:
  uint64_t Next() override { return next_ += 0x9E3779B97F4A7C15ull; }

 private:
  std::atomic<uint64_t> next_{1};
};

class KeepingResponder final : public Responder {
 public:
  explicit KeepingResponder(HttpResponse* response) : response_(response) {}
  void Respond(HttpResponse response) override { *response_ = std::move(response); }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }

 private:
  HttpResponse* response_;
};

/// A table "Bench" in a folder that goes away with it.
class Bench {
 public:
  Bench() {
    std::string folder =
        (std::filesystem::temp_directory_path() / "penstock-bench-XXXXXX").string();
    CHECK(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    auto store = RocksDbKeyValue::Open({.path = folder_ + "/db"});
    CHECK(store.has_value());
    store_ = std::move(*store);
    auto service =
        DynamoDbService::Open(store_.get(), &clock_, &random_, {.enforce_capacity = false});
    CHECK(service.has_value());
    service_ = std::move(*service);
    Call("CreateTable",
         R"j({"TableName":"Bench","BillingMode":"PAY_PER_REQUEST",
          "AttributeDefinitions":[{"AttributeName":"Id","AttributeType":"N"}],
          "KeySchema":[{"AttributeName":"Id","KeyType":"HASH"}]})j");
  }
  ~Bench() {
    service_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  HttpResponse Call(std::string_view operation, std::string_view body) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers.Add("Content-Type", "application/x-amz-json-1.0");
    request.headers.Add("X-Amz-Target", "DynamoDB_20120810." + std::string(operation));
    request.caller = Caller{.account = "123456789012", .region = "us-east-1"};
    HttpResponse response;
    StringSource source(body);
    service_->Serve(std::move(request), source, std::make_unique<KeepingResponder>(&response));
    CHECK(response.status == 200, "{}", response.body);
    return response;
  }

  /// One BatchWriteItem of 25 items of about 220 bytes of JSON, with new keys.
  std::string NextBatch() {
    std::string body = R"j({"RequestItems":{"Bench":[)j";
    for (int i = 0; i < 25; ++i, ++next_id_) {
      if (i > 0) body += ",";
      body += fmt::format(
          R"j({{"PutRequest":{{"Item":{{"Id":{{"N":"{}"}},"name":{{"S":"Place number {}"}},"country":{{"S":"XX"}},)j"
          R"j("position":{{"M":{{"lat":{{"N":"{}.{:04}"}},"lng":{{"N":"-12.5"}}}}}},"codes":{{"L":[{{"S":"A1"}},)j"
          R"j({{"S":"00"}}]}},"population":{{"N":"{}"}}}}}}}})j",
          next_id_, next_id_, next_id_ % 90, next_id_ % 9999, next_id_ * 37 % 1'000'000);
    }
    return body + "]}}";
  }

 private:
  std::string folder_;
  SteadyClock clock_;
  CountingRandom random_;
  std::unique_ptr<RocksDbKeyValue> store_;
  std::unique_ptr<DynamoDbService> service_;
  int64_t next_id_ = 1;
};

void BatchWriteNewItems(benchmark::State& state) {
  Bench bench;
  int64_t items = 0, bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::string body = bench.NextBatch();
    state.ResumeTiming();
    bench.Call("BatchWriteItem", body);
    items += 25;
    bytes += static_cast<int64_t>(body.size());
  }
  state.SetItemsProcessed(items);
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BatchWriteNewItems)->Unit(benchmark::kMicrosecond);

/// state.range(0): 0 plain, 1 with a FilterExpression that keeps half.
void ScanPages(benchmark::State& state) {
  Bench bench;
  for (int i = 0; i < 2000; ++i) bench.Call("BatchWriteItem", bench.NextBatch());
  std::string filter =
      state.range(0) == 0
          ? ""
          : R"j(,"FilterExpression":"population < :p","ExpressionAttributeValues":{":p":{"N":"500000"}})j";
  int64_t bytes = 0;
  for (auto _ : state) {
    bytes += static_cast<int64_t>(
        bench.Call("Scan", R"j({"TableName":"Bench")j" + filter + "}").body.size());
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(ScanPages)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void GetOneItem(benchmark::State& state) {
  Bench bench;
  for (int i = 0; i < 400; ++i) bench.Call("BatchWriteItem", bench.NextBatch());
  int64_t id = 0;
  for (auto _ : state) {
    id = id % 10'000 + 1;
    bench.Call("GetItem",
               fmt::format(R"j({{"TableName":"Bench","Key":{{"Id":{{"N":"{}"}}}}}})j", id));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(GetOneItem)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace penstock
