#include "engine/runtime_fields.h"

#include <algorithm>

#include "definition/secret.h"
#include "engine/links.h"
#include "engine/runtime_scope.h"

namespace penstock::engine {
namespace {

/// Collects fields in the order in which AWS shows them.
class Fields {
 public:
  void Text(std::string_view key, std::string value) {
    if (!value.empty()) fields_.push_back({std::string(key), std::move(value), false});
  }
  void Text(std::string_view key, std::string_view value) { Text(key, std::string(value)); }
  void Text(std::string_view key, const char* value) { Text(key, std::string(value)); }
  void Time(std::string_view key, const std::optional<Instant>& at) {
    if (at) Text(key, FormatDateTime(*at));
  }
  void Number(std::string_view key, int64_t value) { Text(key, std::to_string(value)); }
  void Ref(std::string_view key, const std::string& id) {
    if (!id.empty()) fields_.push_back({std::string(key), id, true});
  }
  void Refs(std::string_view key, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) Ref(key, id);
  }
  void Add(const std::vector<Field>& fields) {
    fields_.insert(fields_.end(), fields.begin(), fields.end());
  }
  bool Has(std::string_view key) const {
    return std::any_of(fields_.begin(), fields_.end(),
                       [&](const Field& field) { return field.key == key; });
  }
  std::vector<Field> Take() { return std::move(fields_); }

 private:
  std::vector<Field> fields_;
};

void AddHealth(Fields& out, const ComponentRecord& record) {
  if (!record.health) return;
  out.Text("@healthStatus", HealthName(*record.health));
  out.Ref("@healthStatusFromInstanceId", record.health_from);
  out.Time("@healthStatusUpdatedTime", record.health_updated_at);
}

/// The links of the first surroundings: everything it names is made up from its id.
Surroundings Alone(const PipelineKey& key, const CompiledDefinition& definition) {
  return {key, definition, [](std::string_view) -> const InstanceRecord* { return nullptr; }};
}

void AddUserFields(std::vector<Field>& fields, const PipelineKey& key,
                   const CompiledDefinition& definition, const InstanceRecord& instance,
                   const AttemptRecord* attempt, bool evaluate) {
  const ResolvedObject* object = definition.resolved.Find(instance.component);
  if (object == nullptr) return;
  const Surroundings around = Alone(key, definition);
  const InstanceScope scope(around, instance, attempt);
  std::vector<Field> own;
  Result<std::vector<Field>> evaluated = evaluate
                                             ? EvaluatedFields(definition, scope, Secrets::kMasked)
                                             : Result<std::vector<Field>>(InvalidArgument(""));
  if (evaluated) {
    own = *std::move(evaluated);
  } else {
    if (evaluate) fields.push_back({"@error", evaluated.error().message, false});
    // The text as the user wrote it; references lead to instances all the same.
    for (const ResolvedField& field : object->fields) {
      std::string value(field.value());
      if (field.is_ref()) {
        if (const RuntimeScope* target = scope.Target(field.key(), field.value()))
          value = target->Id();
      } else if (HoldsSecret(field.key(), field.value())) {
        value = kSecretMask;
      }
      own.push_back({std::string(field.key()), std::move(value), field.is_ref()});
    }
  }
  for (Field& field : own) {
    if (field.key == "parent") continue;
    fields.push_back(std::move(field));
  }
}

}  // namespace

std::vector<Field> InstanceRuntimeFields(const PipelineKey& key, const InstanceRecord& r) {
  Fields out;
  out.Text("@sphere", "INSTANCE");
  out.Ref("@componentParent", r.component);
  out.Ref("parent", r.component);
  out.Text("@pipelineId", key.id);
  out.Text("@version", std::to_string(r.version));
  out.Text("@status", StatusName(r.status));
  out.Time("@scheduledStartTime", r.scheduled_start);
  out.Time("@scheduledEndTime", r.scheduled_end);
  out.Time("@actualStartTime", r.actual_start);
  out.Time("@actualEndTime", r.actual_end);
  if (r.status == RunStatus::kFinished) out.Time("@finishedTime", r.actual_end);
  if (r.attempts > 0) {
    out.Number("@attemptCount", r.attempts);
    out.Ref("@headAttempt", AttemptId(r.id, r.attempts));
  }
  if (r.attempts > 0 || !IsTerminal(r.status)) out.Number("@triesLeft", std::max(0, r.tries_left));
  out.Refs("@waitingOn", r.waiting_on);
  out.Text("@waitingReason", r.waiting_reason);
  out.Refs("@cascadeFailedOn", r.cascade_failed_on);
  out.Ref("node", r.node);
  if (r.checks > 0) out.Number("currentRetryCount", r.checks);
  out.Time("lastRetryTime", r.last_check_at);
  if (r.marked_finished) out.Text("@markedFinished", "true");
  out.Text("cancellationReason", r.cancellation_reason);
  out.Text("errorId", r.error_id);
  out.Text("errorMessage", r.error_message);
  out.Text("errorStackTrace", r.error_stack_trace);
  out.Add(r.fields);
  return out.Take();
}

std::vector<Field> AttemptRuntimeFields(const PipelineKey& key, const InstanceRecord& instance,
                                        const AttemptRecord& r) {
  Fields out;
  out.Text("@sphere", "ATTEMPT");
  out.Ref("@componentParent", instance.component);
  out.Ref("parent", instance.component);
  out.Ref("@instanceParent", instance.id);
  out.Text("@pipelineId", key.id);
  out.Text("@version", std::to_string(instance.version));
  out.Text("@status", StatusName(r.status));
  out.Time("@scheduledStartTime", instance.scheduled_start);
  out.Time("@scheduledEndTime", instance.scheduled_end);
  out.Time("@actualStartTime", r.started_at ? r.started_at : std::optional<Instant>(r.created_at));
  out.Time("@instanceStartTime",
           instance.actual_start);  // the same for retries, another for reruns
  out.Time("@actualEndTime", r.ended_at);
  if (r.status == RunStatus::kFinished) out.Time("@finishedTime", r.ended_at);
  out.Ref("node", instance.node);
  out.Time("reportProgressTime", r.reported_at);
  out.Text("@taskRunnerId", r.worker);
  out.Text("hostname", r.hostname);
  out.Text("errorId", r.error_id);
  out.Text("errorMessage", r.error_message);
  out.Text("errorStackTrace", r.error_stack_trace);
  for (const Field& field : r.fields) {
    if (!out.Has(field.key)) out.Add({field});
  }
  return out.Take();
}

std::vector<Field> PipelineFields(const PipelineKey& key, const PipelineRecord& r,
                                  const std::vector<ComponentRecord>& components) {
  std::optional<Health> health;
  std::optional<Instant> health_at, latest, next;
  for (const ComponentRecord& component : components) {
    if (component.health) {
      if (!health || component.health == Health::kError) health = component.health;
      health_at = std::max(health_at, component.health_updated_at);
    }
    latest = std::max(latest, component.latest_run_at);
    if (component.next_run_at && (!next || *component.next_run_at < *next))
      next = component.next_run_at;
  }
  Fields out;
  out.Text("@sphere", "PIPELINE");
  out.Text("@pipelineState", PipelineStateName(r.state));
  out.Text("description", r.description);
  out.Text("name", r.name);
  out.Time("@creationTime", r.created_at);
  out.Text("@id", key.id);
  if (r.latest_version > 0) out.Number("@version", static_cast<int64_t>(r.latest_version));
  out.Text("@userId", r.creator);
  out.Text("pipelineCreator", r.creator);
  out.Text("@accountId", key.scope.account);
  out.Text("uniqueId", r.unique_id);
  out.Time("@firstActivationTime", r.first_activated_at);
  out.Time("@lastActivationTime", r.last_activated_at);
  out.Time("@lastDeactivatedTime", r.last_deactivated_at);
  out.Time("@latestRunTime", latest);
  if (r.state == PipelineState::kScheduled) out.Time("@nextRunTime", next);
  out.Time("@finishedTime", r.finished_at);
  if (health) {
    out.Text("@healthStatus", HealthName(*health));
    out.Time("@healthStatusUpdatedTime", health_at);
  }
  return out.Take();
}

PipelineObject ComponentObject(const PipelineKey& key, const PipelineRecord& pipeline,
                               const CompiledDefinition& definition,
                               const PipelineObject& component, const ComponentRecord* record,
                               const std::vector<std::string>& active_instances) {
  Fields out;
  out.Text("@sphere", "COMPONENT");
  out.Text("@pipelineId", key.id);
  out.Text("@version", std::to_string(definition.version));
  const auto index = definition.plan.OfObject(component.id);
  const bool active = pipeline.active_version != 0;
  if (record != nullptr && record->paused) {
    out.Text("@status", "PAUSED");
  } else {
    out.Text("@status", !active                                      ? "PENDING"
                        : pipeline.state == PipelineState::kInactive ? "INACTIVE"
                                                                     : "SCHEDULED");
  }
  const ResolvedObject* object = definition.resolved.Find(component.id);
  if (component.Find("parent") == nullptr && component.id != "Default" &&
      definition.resolved.Default() != nullptr) {
    out.Ref("parent", "Default");
  }
  if (index) {
    out.Refs("@activeInstances", active_instances);
    out.Time("@lastDeactivatedTime", pipeline.last_deactivated_at);
    if (record != nullptr) {
      out.Time("@latestRunTime", record->latest_run_at);
      out.Time("@latestCompletedRunTime", record->latest_completed_run_at);
      if (pipeline.state == PipelineState::kScheduled)
        out.Time("@nextRunTime", record->next_run_at);
      AddHealth(out, *record);
    }
  }
  if (object != nullptr && object->type_name == "Schedule")
    out.Time("@firstActivationTime", pipeline.first_activated_at);
  for (const Field& field : component.fields) {
    Field shown = field;
    if (!field.is_ref && HoldsSecret(field.key, field.value)) shown.value = kSecretMask;
    out.Add({std::move(shown)});
  }
  return {component.id, component.name, out.Take()};
}

PipelineObject InstanceObject(const PipelineKey& key, const CompiledDefinition& definition,
                              const InstanceRecord& instance, bool evaluate) {
  PipelineObject object{instance.id, instance.id, InstanceRuntimeFields(key, instance)};
  AddUserFields(object.fields, key, definition, instance, nullptr, evaluate);
  return object;
}

PipelineObject AttemptObject(const PipelineKey& key, const CompiledDefinition& definition,
                             const InstanceRecord& instance, const AttemptRecord& attempt,
                             bool evaluate) {
  const std::string id = AttemptId(instance.id, attempt.number);
  PipelineObject object{id, id, AttemptRuntimeFields(key, instance, attempt)};
  AddUserFields(object.fields, key, definition, instance, &attempt, evaluate);
  return object;
}

}  // namespace penstock::engine
