// What a verified request costs before its service sees it.
#include <benchmark/benchmark.h>

#include "aws/sigv4.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "gateway/gateway.h"

namespace penstock {
namespace {

class FixedClock : public Clock {
 public:
  Instant Now() override { return now; }
  std::chrono::nanoseconds Monotonic() override { return {}; }
  void Sleep(Duration) override {}
  Instant now = *ParseAmzDate("20240501T120000Z");
};

class Counter : public Random {
 public:
  uint64_t Next() override { return ++state_; }

 private:
  uint64_t state_ = 0;
};

class Silent : public Responder {
 public:
  void Respond(HttpResponse response) override { benchmark::DoNotOptimize(response.status); }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }
};

class Empty : public HttpService {
 public:
  void Serve(HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) override {
    benchmark::DoNotOptimize(request.caller);
    responder->Respond({200, {}, "{}"});
  }
};

HttpRequest SignedGetItem(Instant now, const std::string& body) {
  ClientRequest sent;
  sent.method = "POST";
  sent.url = "http://127.0.0.1:7400/";
  sent.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                  {"X-Amz-Target", "DynamoDB_20120810.GetItem"}};
  SignRequest(sent, {{"AKIAIOSFODNN7EXAMPLE", "secret", ""}, "us-east-1", "dynamodb"},
              HexEncode(Sha256(body)), now);
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers = sent.headers;
  request.headers.Add("User-Agent", "aws-cli/2.9.19");
  request.headers.Add("Accept-Encoding", "identity");
  request.request_id = "a request id";
  request.received_at = now;
  return request;
}

void BM_GatewayDynamoDb(benchmark::State& state) {
  FixedClock clock;
  Counter random;
  KeyRing ring;
  ring.Add(
      {"AKIAIOSFODNN7EXAMPLE", "secret", "123456789012", RootArn("123456789012"), true, "", {}});
  GatewayOptions options;
  options.clock = &clock;
  options.random = &random;
  options.key_ring = &ring;
  Gateway gateway(options);
  Empty service;
  gateway.Register("dynamodb", &service);
  const std::string body(static_cast<size_t>(state.range(0)), ' ');
  const HttpRequest request = SignedGetItem(clock.now, body);
  for (auto _ : state) {
    StringSource source(body);
    gateway.Serve(request, source, std::make_unique<Silent>());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_GatewayDynamoDb)->Arg(100)->Arg(4096)->Arg(400 << 10);

}  // namespace
}  // namespace penstock
