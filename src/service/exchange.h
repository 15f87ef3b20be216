// Exchange: one call of the Data Pipeline API under way: what was asked, by whom, and the way to
// answer it. Lives until it is answered, which may be long after Serve returned and on another
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "definition/definition.h"
#include "definition/limits.h"
#include "engine/decision.h"
#include "engine/record.h"
#include "json/json.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "scheduler/scheduler.h"
#include "service/definition_cache.h"
#include "service/task_id.h"
#include "store/store.h"

namespace penstock {

/// What the operations work with. One for each service; thread-safe.
struct ServiceContext {
  Scheduler& scheduler;
  Store& store;
  Clock& clock;
  const Limits& limits;
  const TaskIdCodec& task_ids;
  DefinitionCache& definitions;
  Duration poll_hold;
};

/// Not thread-safe: one thread at a time. Answered at most once; destroyed unanswered it closes the
/// connection.
class Exchange {
 public:
  Exchange(HttpRequest request, engine::Scope scope, json::Object input,
           std::unique_ptr<Responder> responder)
      : request_(std::move(request)),
        scope_(std::move(scope)),
        input_(std::move(input)),
        responder_(std::move(responder)) {}

  const HttpRequest& request() const { return request_; }
  const engine::Scope& scope() const { return scope_; }
  /// Passed CheckRequest().
  const json::Object& input() const { return input_; }
  bool PeerConnected() { return responder_->PeerConnected(); }

  // Members of the input. REQUIRES: the model gives the member that type.
  /// Empty if absent.
  std::string Text(std::string_view member) const;
  std::optional<bool> Boolean(std::string_view member) const;
  std::optional<int64_t> Integer(std::string_view member) const;
  std::optional<Instant> Timestamp(std::string_view member) const;
  /// The pipeline named by `pipelineId`, in the caller's scope.
  engine::PipelineKey Pipeline() const { return {scope_, Text("pipelineId")}; }

  void Succeed(const json::Object& output);
  /// 200 with no body at all: DeletePipeline and SetStatus.
  void SucceedEmpty();
  void Fail(const ApiError& error);
  /// InternalServiceError; the reason goes into the log under the request id, not over the wire.
  void FailInternally(const Error& error);

 private:
  HttpRequest request_;
  engine::Scope scope_;
  json::Object input_;
  std::unique_ptr<Responder> responder_;
};

using ExchangePointer =
    std::shared_ptr<Exchange>;  // shared only because std::function wants copyable captures

/// The error that a refusal of the engine is to this caller.
ApiError ToApiError(const engine::Refusal& refusal, const Exchange& exchange);

/// Hands `body` to the engine and answers with what `succeed` makes of the reply, or with the
/// refusal.
void Decide(ServiceContext& context, ExchangePointer exchange, engine::EventBody body,
            std::function<void(Exchange&, engine::Reply)> succeed);

/// What most operations answer: an empty object.
void SucceedWithNothing(Exchange& exchange, engine::Reply reply);

/// The pipeline's record, or the AWS error that says why there is none. An internal failure is an
/// InternalServiceError.
ApiResult<engine::PipelineRecord> FindPipeline(StoreSnapshot& snapshot,
                                               const engine::PipelineKey& key);

}  // namespace penstock
