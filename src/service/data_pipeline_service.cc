#include "service/data_pipeline_service.h"

#include "aws/error_response.h"
#include "service/data_pipeline_error.h"
#include "service/definition_operations.h"
#include "service/exchange.h"
#include "service/object_operations.h"
#include "service/pipeline_operations.h"
#include "service/task_operations.h"

namespace penstock {
namespace {

// The API's page on making HTTP requests shows the second one; no client sends it.
constexpr std::string_view kTargetPrefixes[] = {"DataPipeline.", "DataPipeline_20121129."};

// What a region is called when there is only one name space.
constexpr std::string_view kSharedRegion = "shared";

ApiResult<const OperationModel*> ParseTarget(const HttpRequest& request) {
  std::string_view target = request.headers.Get("X-Amz-Target").value_or("");
  for (std::string_view prefix : kTargetPrefixes) {
    if (!target.starts_with(prefix)) continue;
    if (const OperationModel* model = FindOperation(target.substr(prefix.size()))) return model;
  }
  return UnknownOperationException(target);
}

ApiResult<json::Object> ParseInput(BodySource& body, uint64_t size_max,
                                   const OperationModel& model) {
  Result<std::string> text = ReadAll(body, size_max);
  if (!text && text.error().code == ErrorCode::kResourceExhausted) {
    return ApiError{"RequestEntityTooLargeException", text.error().message, 413, {}};
  }
  if (!text)
    return SerializationException("The request body could not be read: " + text.error().message);
  if (text->empty()) *text = "{}";
  Result<json::Object> input = json::ParseObject(*text);
  if (!input)
    return SerializationException("The request body could not be understood: " +
                                  input.error().message);
  RETURN_IF_ERROR(CheckRequest(model, *input));
  return *std::move(input);
}

void Dispatch(ServiceContext& context, Operation operation, ExchangePointer exchange) {
  switch (operation) {
    case Operation::kActivatePipeline:
      return ServeActivatePipeline(context, std::move(exchange));
    case Operation::kAddTags:
      return ServeAddTags(context, std::move(exchange));
    case Operation::kCreatePipeline:
      return ServeCreatePipeline(context, std::move(exchange));
    case Operation::kDeactivatePipeline:
      return ServeDeactivatePipeline(context, std::move(exchange));
    case Operation::kDeletePipeline:
      return ServeDeletePipeline(context, std::move(exchange));
    case Operation::kDescribeObjects:
      return ServeDescribeObjects(context, *exchange);
    case Operation::kDescribePipelines:
      return ServeDescribePipelines(context, *exchange);
    case Operation::kEvaluateExpression:
      return ServeEvaluateExpression(context, *exchange);
    case Operation::kGetPipelineDefinition:
      return ServeGetPipelineDefinition(context, *exchange);
    case Operation::kListPipelines:
      return ServeListPipelines(context, *exchange);
    case Operation::kPollForTask:
      return ServePollForTask(context, std::move(exchange));
    case Operation::kPutPipelineDefinition:
      return ServePutPipelineDefinition(context, std::move(exchange));
    case Operation::kQueryObjects:
      return ServeQueryObjects(context, *exchange);
    case Operation::kRemoveTags:
      return ServeRemoveTags(context, std::move(exchange));
    case Operation::kReportTaskProgress:
      return ServeReportTaskProgress(context, std::move(exchange));
    case Operation::kReportTaskRunnerHeartbeat:
      return ServeReportTaskRunnerHeartbeat(context, std::move(exchange));
    case Operation::kSetStatus:
      return ServeSetStatus(context, std::move(exchange));
    case Operation::kSetTaskStatus:
      return ServeSetTaskStatus(context, std::move(exchange));
    case Operation::kValidatePipelineDefinition:
      return ServeValidatePipelineDefinition(context, *exchange);
  }
}

}  // namespace

engine::Scope ScopeOf(const Caller& caller, bool regions_shared) {
  return {caller.account, regions_shared ? std::string(kSharedRegion) : caller.region};
}

DataPipelineService::DataPipelineService(DataPipelineOptions options, std::string_view secret,
                                         Scheduler& scheduler, Store& store, Clock& clock)
    : options_(std::move(options)),
      task_ids_(secret),
      scheduler_(scheduler),
      store_(store),
      clock_(clock),
      rate_limit_(clock) {}

void DataPipelineService::Serve(HttpRequest request, BodySource& body,
                                std::unique_ptr<Responder> responder) {
  auto fail = [&](const ApiError& error) {
    responder->Respond(ErrorResponse(error, WireProtocol::kJson11, request));
  };
  if (!request.caller) {
    return fail({"MissingAuthenticationTokenException", "Missing Authentication Token", 403, {}});
  }
  ApiResult<const OperationModel*> model = ParseTarget(request);
  if (!model) return fail(model.error());
  if (options_.limits.strict && !rate_limit_.Admit(request.caller->account, (*model)->operation)) {
    return fail(ThrottlingException());
  }
  ApiResult<json::Object> input = ParseInput(body, options_.body_size_max, **model);
  if (!input) return fail(input.error());
  ServiceContext context{
      scheduler_, store_, clock_, options_.limits, task_ids_, definitions_, options_.poll_hold};
  engine::Scope scope = ScopeOf(*request.caller, options_.regions_shared);
  Dispatch(context, (*model)->operation,
           std::make_shared<Exchange>(std::move(request), std::move(scope), *std::move(input),
                                      std::move(responder)));
}

}  // namespace penstock
