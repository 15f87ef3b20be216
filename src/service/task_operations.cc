#include "service/task_operations.h"

#include "base/text.h"
#include "service/data_pipeline_error.h"
#include "service/definition_json.h"

namespace penstock {
namespace {

using engine::Reply;
using engine::TaskKey;

// No AWS string can contain it.
constexpr char kSeparator = '\x1f';

std::string TaskName(const TaskKey& key) {
  std::string name = key.pipeline;
  name += kSeparator;
  name += key.instance;
  name += kSeparator;
  name += std::to_string(key.attempt);
  name += kSeparator;
  name += std::to_string(key.lease);
  return name;
}

/// nullopt: the text is no task id of ours.
std::optional<TaskKey> ParseTaskId(const TaskIdCodec& codec, std::string_view task_id) {
  std::optional<std::string> name = codec.Decode(task_id);
  if (!name) return std::nullopt;
  std::vector<std::string_view> parts = Split(*name, kSeparator);
  if (parts.size() != 4) return std::nullopt;
  std::optional<int64_t> attempt = ParseInt64(parts[2]);
  std::optional<uint64_t> lease = ParseUint64(parts[3]);
  if (!attempt || !lease) return std::nullopt;
  return TaskKey{std::string(parts[0]), std::string(parts[1]), static_cast<int>(*attempt), *lease};
}

json::Object TaskJson(const engine::Task& task, const TaskIdCodec& codec) {
  json::Object objects;
  for (const PipelineObject& object : task.objects) objects[object.id] = PipelineObjectJson(object);
  return {{"taskId", codec.Encode(TaskName(task.key))},
          {"pipelineId", task.key.pipeline},
          {"attemptId", task.attempt_id},
          {"objects", std::move(objects)}};
}

// Our own runners name themselves in the identity document, which the API leaves to the client;
// others send what EC2 gave them, or nothing.
std::string RunnerId(const Exchange& exchange) {
  Result<const json::Object*> identity = json::GetObject(exchange.input(), "instanceIdentity");
  return identity ? json::GetString(**identity, "document").value_or("") : "";
}

}  // namespace

void ServePollForTask(ServiceContext& context, ExchangePointer exchange) {
  PollRequest poll;
  poll.scope = exchange->scope();
  poll.poll = {exchange->Text("workerGroup"), RunnerId(*exchange), exchange->Text("hostname")};
  poll.deadline = context.clock.Monotonic() + context.poll_hold;
  poll.connected = [exchange] { return exchange->PeerConnected(); };
  poll.reply = [exchange, codec = context.task_ids](Result<Reply> reply) {
    if (!reply) return exchange->FailInternally(reply.error());
    if (const auto* refusal = std::get_if<engine::Refusal>(&*reply)) {
      return exchange->Fail(ToApiError(*refusal, *exchange));
    }
    json::Object answer;
    if (const auto* task = std::get_if<engine::Task>(&*reply))
      answer["taskObject"] = TaskJson(*task, codec);
    exchange->Succeed(answer);
  };
  context.scheduler.SubmitPoll(std::move(poll));
}

void ServeReportTaskProgress(ServiceContext& context, ExchangePointer exchange) {
  std::optional<TaskKey> task = ParseTaskId(context.task_ids, exchange->Text("taskId"));
  if (!task) return exchange->Fail(TaskNotFoundException());
  engine::ReportProgress body{*std::move(task), ParseFields(exchange->input(), "fields")};
  Decide(context, std::move(exchange), std::move(body), [](Exchange& answered, Reply reply) {
    answered.Succeed({{"canceled", std::get<engine::ProgressNoted>(reply).canceled}});
  });
}

void ServeSetTaskStatus(ServiceContext& context, ExchangePointer exchange) {
  std::optional<TaskKey> task = ParseTaskId(context.task_ids, exchange->Text("taskId"));
  if (!task) return exchange->Fail(TaskNotFoundException());
  std::string error_id = exchange->Text("errorId");
  if (error_id.starts_with("Service_")) {
    return exchange->Fail(InvalidRequestException(
        "errorId '" + error_id +
        "' begins with 'Service_', which is kept for the service; choose another one"));
  }
  std::string status = exchange->Text("taskStatus");
  engine::SetTaskStatus body{*std::move(task),
                             status == "FINISHED" ? engine::TaskOutcome::kFinished
                             : status == "FAILED" ? engine::TaskOutcome::kFailed
                                                  : engine::TaskOutcome::kFalse,
                             std::move(error_id), exchange->Text("errorMessage"),
                             exchange->Text("errorStackTrace")};
  Decide(context, std::move(exchange), std::move(body),
         [](Exchange& answered, Reply) { answered.Succeed({}); });
}

void ServeReportTaskRunnerHeartbeat(ServiceContext& context, ExchangePointer exchange) {
  engine::Heartbeat body{exchange->Text("taskrunnerId"), exchange->Text("workerGroup"),
                         exchange->Text("hostname")};
  Decide(context, std::move(exchange), std::move(body), [](Exchange& answered, Reply reply) {
    answered.Succeed({{"terminate", std::get<engine::HeartbeatNoted>(reply).terminate}});
  });
}

}  // namespace penstock
