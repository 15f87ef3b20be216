#include "activities/task.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace penstock {
namespace {

Result<PipelineObject> ParseObject(const std::string& id, const json::Value& value) {
  const json::Object* source = value.if_object();
  if (source == nullptr)
    return InvalidArgument(fmt::format("object \"{}\" is not a JSON object", id));
  PipelineObject object{.id = id, .name = id, .fields = {}};
  ASSIGN_OR_RETURN(std::optional<std::string> name, json::OptionalString(*source, "name"));
  if (name) object.name = *name;
  ASSIGN_OR_RETURN(const json::Array* fields, json::GetArray(*source, "fields"));
  for (const json::Value& entry : *fields) {
    const json::Object* field = entry.if_object();
    if (field == nullptr)
      return InvalidArgument(fmt::format("a field of object \"{}\" is not a JSON object", id));
    ASSIGN_OR_RETURN(std::string key, json::GetString(*field, "key"));
    ASSIGN_OR_RETURN(std::optional<std::string> text, json::OptionalString(*field, "stringValue"));
    ASSIGN_OR_RETURN(std::optional<std::string> ref, json::OptionalString(*field, "refValue"));
    object.fields.push_back({std::move(key), ref ? *ref : text.value_or(""), ref.has_value()});
  }
  return object;
}

}  // namespace

std::string PolledTask::type() const { return FieldOf(attempt(), "type").value_or(""); }

Result<PolledTask> ParseTask(const json::Object& source) {
  PolledTask task;
  ASSIGN_OR_RETURN(task.task_id, json::GetString(source, "taskId"));
  ASSIGN_OR_RETURN(task.pipeline_id, json::GetString(source, "pipelineId"));
  ASSIGN_OR_RETURN(task.attempt_id, json::GetString(source, "attemptId"));
  ASSIGN_OR_RETURN(const json::Object* objects, json::GetObject(source, "objects"));
  for (const auto& member : *objects) {
    std::string id(member.key());
    ASSIGN_OR_RETURN(PipelineObject object, ParseObject(id, member.value()));
    task.objects.emplace(id, std::move(object));
  }
  if (!task.objects.contains(task.attempt_id)) {
    return InvalidArgument(
        fmt::format("the task's objects do not hold its attempt \"{}\"", task.attempt_id));
  }
  return task;
}

std::optional<std::string> FieldOf(const PipelineObject& object, std::string_view key) {
  const Field* field = object.Find(key);
  return field == nullptr ? std::nullopt : std::optional(field->value);
}

std::vector<std::string> FieldsOf(const PipelineObject& object, std::string_view key) {
  std::vector<std::string> values;
  for (const Field& field : object.fields) {
    if (field.key == key) values.push_back(field.value);
  }
  return values;
}

bool BoolField(const PipelineObject& object, std::string_view key, bool otherwise) {
  std::optional<std::string> value = FieldOf(object, key);
  return value ? EqualsIgnoreCase(*value, "true") : otherwise;
}

std::optional<std::string> RegionField(const PipelineObject& object) {
  std::optional<std::string> region = FieldOf(object, "region");
  if (region) std::replace(region->begin(), region->end(), '_', '-');
  return region;
}

std::vector<const PipelineObject*> Follow(const PolledTask& task, const PipelineObject& object,
                                          std::string_view key) {
  std::vector<const PipelineObject*> targets;
  for (const Field& field : object.fields) {
    if (field.key != key || !field.is_ref) continue;
    auto target = task.objects.find(field.value);
    if (target != task.objects.end()) targets.push_back(&target->second);
  }
  return targets;
}

}  // namespace penstock
