// TestWorld: the whole service over a store in memory and a clock that stands still: requests in,
// answers out, no socket and no thread. For tests and fuzzing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "scheduler/manual_clock.h"
#include "scheduler/scheduler.h"
#include "service/data_pipeline_service.h"
#include "store/memory_store.h"

namespace penstock {

/// A fixed sequence, so that tests and fuzzing repeat.
class SequenceRandom : public Random {
 public:
  uint64_t Next() override {
    state_ += 0x9E3779B97F4A7C15u;  // splitmix64
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_ = 0;
};

/// Effects that succeed at once.
class InstantEffects : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob&, std::stop_token) override {
    return EffectResult(EffectFinished{});
  }
};

/// What one request got. Kept by the test, filled in whenever the service answers.
struct Answered {
  bool connected = true;  // the test's end of the connection
  std::optional<HttpResponse> response;
  bool closed = false;  // the responder is gone

  int status() const { return response ? response->status : 0; }
  /// The body as an object; empty if there is none.
  json::Object body() const {
    return response && !response->body.empty() ? json::ParseObject(response->body).value()
                                               : json::Object();
  }
  /// "ValidationException", or empty for a success.
  std::string error() const {
    json::Object object = body();
    const json::Value* type = json::Find(object, "__type");
    return type == nullptr ? std::string() : std::string(type->get_string());
  }
  std::string message() const {
    json::Object object = body();
    const json::Value* message = json::Find(object, "message");
    return message == nullptr ? std::string() : std::string(message->get_string());
  }
};

class KeepingResponder : public Responder {
 public:
  explicit KeepingResponder(std::shared_ptr<Answered> answered) : answered_(std::move(answered)) {}
  ~KeepingResponder() override { answered_->closed = true; }
  void Respond(HttpResponse response) override {
    CHECK(!answered_->response, "answered twice");
    answered_->response = std::move(response);
  }
  Status Begin(int, Headers, std::optional<uint64_t>) override {
    return Unavailable("only whole answers here");
  }
  Status Write(std::string_view) override { return Unavailable("only whole answers here"); }
  Status Finish() override { return Unavailable("only whole answers here"); }
  bool PeerConnected() override { return answered_->connected; }

 private:
  std::shared_ptr<Answered> answered_;
};

class TestWorld {
 public:
  explicit TestWorld(DataPipelineOptions options = {}, SchedulerOptions scheduling = {})
      : scheduler_(WithoutThreads(std::move(scheduling)), store_, clock_, random_, effects_),
        service_(std::move(options), "secret", scheduler_, store_, clock_) {
    CHECK(scheduler_.Load().has_value());
  }

  /// Sends a request and lets the engine do all that is due.
  std::shared_ptr<Answered> Send(std::string_view operation, std::string_view body,
                                 const std::string& account = "123456789012") {
    HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers.Add("X-Amz-Target", "DataPipeline." + std::string(operation));
    request.request_id = "00000000-0000-0000-0000-000000000000";
    request.caller =
        Caller{account, "AKID", "arn:aws:iam::" + account + ":root", "us-east-1", "datapipeline"};
    return Send(std::move(request), body);
  }
  std::shared_ptr<Answered> Send(HttpRequest request, std::string_view body) {
    auto answered = std::make_shared<Answered>();
    StringSource source(body);
    service_.Serve(std::move(request), source, std::make_unique<KeepingResponder>(answered));
    Settle();
    return answered;
  }
  /// Send() that must succeed.
  json::Object Call(std::string_view operation, std::string_view body) {
    std::shared_ptr<Answered> answered = Send(operation, body);
    CHECK(answered->status() == 200, "{}: {}", operation,
          answered->response ? answered->response->body : "no answer");
    return answered->body();
  }
  void Settle() {
    while (scheduler_.RunDue() || scheduler_.effects().RunDue() > 0) {
    }
  }
  void Advance(Duration duration) {
    clock_.Advance(duration);
    Settle();
  }

  ManualClock& clock() { return clock_; }
  MemoryStore& store() { return store_; }
  Scheduler& scheduler() { return scheduler_; }

 private:
  static SchedulerOptions WithoutThreads(SchedulerOptions options) {
    options.effects.threads = 0;
    return options;
  }

  ManualClock clock_{Instant(std::chrono::seconds(1'400'000'000))};
  SequenceRandom random_;
  MemoryStore store_;
  InstantEffects effects_;
  Scheduler scheduler_;
  DataPipelineService service_;
};

}  // namespace penstock
