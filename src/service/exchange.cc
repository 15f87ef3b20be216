#include "service/exchange.h"

#include "aws/error_response.h"
#include "base/log.h"
#include "service/data_pipeline_error.h"

namespace penstock {

std::string Exchange::Text(std::string_view member) const {
  const json::Value* value = json::Find(input_, member);
  return value == nullptr ? std::string() : std::string(value->get_string());
}

std::optional<bool> Exchange::Boolean(std::string_view member) const {
  const json::Value* value = json::Find(input_, member);
  return value == nullptr ? std::nullopt : std::optional(value->get_bool());
}

std::optional<int64_t> Exchange::Integer(std::string_view member) const {
  const json::Value* value = json::Find(input_, member);
  return value == nullptr ? std::nullopt : std::optional(value->to_number<int64_t>());
}

std::optional<Instant> Exchange::Timestamp(std::string_view member) const {
  const json::Value* value = json::Find(input_, member);
  return value == nullptr ? std::nullopt : FromEpochSeconds(value->to_number<double>());
}

void Exchange::Succeed(const json::Object& output) {
  responder_->Respond(JsonResponse(WireProtocol::kJson11, json::Write(output), request_));
}

void Exchange::SucceedEmpty() {
  responder_->Respond(JsonResponse(WireProtocol::kJson11, "", request_));
}

void Exchange::Fail(const ApiError& error) {
  responder_->Respond(ErrorResponse(error, WireProtocol::kJson11, request_));
}

void Exchange::FailInternally(const Error& error) {
  Log(LogLevel::kError, "request {}: {}: {}", request_.request_id, ErrorCodeName(error.code),
      error.message);
  Fail(InternalServiceError(
      "The request could not be completed and changed nothing. Try again; the server's log has "
      "the reason under this request id."));
}

ApiError ToApiError(const engine::Refusal& refusal, const Exchange& exchange) {
  std::string pipeline = exchange.Text("pipelineId");
  auto named = [&](ApiError error) {
    // Workers name a task; only the engine knows whose it is.
    if (pipeline.empty()) error.message = refusal.message;
    return error;
  };
  switch (refusal.kind) {
    case engine::RefusalKind::kInvalidRequest:
      return InvalidRequestException(refusal.message);
    case engine::RefusalKind::kPipelineNotFound:
      return named(PipelineNotFoundException(pipeline));
    case engine::RefusalKind::kPipelineDeleted:
      return named(PipelineDeletedException(pipeline));
    case engine::RefusalKind::kTaskNotFound:
      return TaskNotFoundException();
  }
  return InvalidRequestException(refusal.message);
}

void Decide(ServiceContext& context, ExchangePointer exchange, engine::EventBody body,
            std::function<void(Exchange&, engine::Reply)> succeed) {
  engine::Scope scope = exchange->scope();
  context.scheduler.Submit(
      std::move(scope), std::move(body),
      [exchange = std::move(exchange), succeed = std::move(succeed)](Result<engine::Reply> reply) {
        if (!reply) return exchange->FailInternally(reply.error());
        if (const auto* refusal = std::get_if<engine::Refusal>(&*reply)) {
          return exchange->Fail(ToApiError(*refusal, *exchange));
        }
        succeed(*exchange, *std::move(reply));
      });
}

ApiResult<engine::PipelineRecord> FindPipeline(StoreSnapshot& snapshot,
                                               const engine::PipelineKey& key) {
  Result<std::optional<engine::PipelineRecord>> found = snapshot.FindPipeline(key);
  if (!found)
    return InternalServiceError("The pipeline could not be read: " + found.error().message);
  if (*found) return **std::move(found);
  Result<bool> deleted = snapshot.WasDeleted(key);
  if (deleted && *deleted) return PipelineDeletedException(key.id);
  return PipelineNotFoundException(key.id);
}

void SucceedWithNothing(Exchange& exchange, engine::Reply) { exchange.Succeed({}); }

}  // namespace penstock
