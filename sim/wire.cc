#include "sim/wire.h"

#include "base/check.h"
#include "json/json.h"
#include "service/definition_json.h"

namespace penstock::sim {
namespace {

struct Asked {
  const std::string& task_id;

  WireRequest operator()(const engine::CreatePipeline& e) const {
    return {"CreatePipeline",
            json::Write(json::Object{{"name", e.name}, {"uniqueId", e.unique_id}})};
  }
  WireRequest operator()(const engine::PutDefinition& e) const {
    json::Object body = DefinitionJson(e.definition);
    body["pipelineId"] = e.pipeline;
    return {"PutPipelineDefinition", json::Write(body)};
  }
  WireRequest operator()(const engine::Activate& e) const {
    json::Object body{{"pipelineId", e.pipeline}};
    if (e.start_timestamp) {
      body["startTimestamp"] =
          std::chrono::duration<double>(e.start_timestamp->time_since_epoch()).count();
    }
    return {"ActivatePipeline", json::Write(body)};
  }
  WireRequest operator()(const engine::Deactivate& e) const {
    return {"DeactivatePipeline", json::Write(json::Object{{"pipelineId", e.pipeline},
                                                           {"cancelActive", e.cancel_active}})};
  }
  WireRequest operator()(const engine::DeletePipeline& e) const {
    return {"DeletePipeline", json::Write(json::Object{{"pipelineId", e.pipeline}})};
  }
  WireRequest operator()(const engine::SetStatus& e) const {
    return {"SetStatus", json::Write(json::Object{
                             {"pipelineId", e.pipeline},
                             {"objectIds", json::Array(e.object_ids.begin(), e.object_ids.end())},
                             {"status", e.status}})};
  }
  WireRequest operator()(const engine::Poll& e) const {
    // Our own workers name themselves in the identity document.
    return {"PollForTask",
            json::Write(json::Object{{"workerGroup", e.worker_group},
                                     {"hostname", e.hostname},
                                     {"instanceIdentity", json::Object{{"document", e.worker}}}})};
  }
  WireRequest operator()(const engine::ReportProgress& e) const {
    return {"ReportTaskProgress",
            json::Write(json::Object{{"taskId", task_id}, {"fields", FieldsJson(e.fields)}})};
  }
  WireRequest operator()(const engine::SetTaskStatus& e) const {
    const char* status = e.outcome == engine::TaskOutcome::kFinished ? "FINISHED"
                         : e.outcome == engine::TaskOutcome::kFailed ? "FAILED"
                                                                     : "FALSE";
    return {"SetTaskStatus",
            json::Write(json::Object{
                {"taskId", task_id}, {"taskStatus", status}, {"errorMessage", e.error_message}})};
  }
  template <class Body>
  WireRequest operator()(const Body&) const {
    CHECK(false, "no client sends this");
    return {};
  }
};

std::string TextOf(const json::Object& object, std::string_view member) {
  const json::Value* value = json::Find(object, member);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

bool Says(const json::Object& object, std::string_view member) {
  const json::Value* value = json::Find(object, member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

engine::DefinitionStored Stored(const json::Object& answer) {
  engine::DefinitionStored stored;
  stored.errored = Says(answer, "errored");
  const json::Value* list = json::Find(answer, "validationErrors");
  if (list == nullptr) return stored;
  for (const json::Value& object : list->as_array()) {
    for (const json::Value& message : object.as_object().at("errors").as_array()) {
      stored.problems.push_back({TextOf(object.as_object(), "id"), "",
                                 std::string(message.as_string()), Severity::kError});
    }
  }
  return stored;
}

std::optional<WireAnswer> TaskOf(const json::Object& answer) {
  const json::Value* given = json::Find(answer, "taskObject");
  if (given == nullptr) return WireAnswer{engine::NoTask{}, {}};
  const json::Object& object = given->as_object();
  engine::Task task;
  task.attempt_id = TextOf(object, "attemptId");
  task.key.pipeline = TextOf(object, "pipelineId");
  for (const auto& [id, value] : object.at("objects").as_object()) {
    PipelineObject one{std::string(id), TextOf(value.as_object(), "name"),
                       ParseFields(value.as_object(), "fields")};
    task.objects.insert(id == task.attempt_id ? task.objects.begin() : task.objects.end(),
                        std::move(one));
  }
  return WireAnswer{std::move(task), TextOf(object, "taskId")};
}

}  // namespace

WireRequest ToWire(const engine::EventBody& body, const std::string& task_id) {
  return std::visit(Asked{task_id}, body);
}

std::optional<WireAnswer> FromWire(const engine::EventBody& request, const HttpResponse& response) {
  if (response.status >= 500) return std::nullopt;
  Result<json::Object> parsed =
      response.body.empty() ? json::Object() : json::ParseObject(response.body);
  if (!parsed) return std::nullopt;
  const json::Object& answer = *parsed;
  if (response.status != 200) {
    return WireAnswer{engine::InvalidRequest(TextOf(answer, "message")), {}};
  }
  if (std::holds_alternative<engine::CreatePipeline>(request)) {
    return WireAnswer{engine::Created{TextOf(answer, "pipelineId")}, {}};
  }
  if (std::holds_alternative<engine::PutDefinition>(request)) {
    return WireAnswer{Stored(answer), {}};
  }
  if (std::holds_alternative<engine::Poll>(request)) return TaskOf(answer);
  if (std::holds_alternative<engine::ReportProgress>(request)) {
    return WireAnswer{engine::ProgressNoted{Says(answer, "canceled")}, {}};
  }
  return WireAnswer{engine::Done{}, {}};
}

}  // namespace penstock::sim
