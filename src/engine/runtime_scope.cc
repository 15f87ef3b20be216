#include "engine/runtime_scope.h"

#include <algorithm>
#include <array>
#include <deque>
#include <set>

#include "definition/secret.h"
#include "definition/transfer_fields.h"
#include "engine/links.h"
#include "engine/runtime_fields.h"

namespace penstock::engine {
namespace {

/// References that say when an object runs, not with what: whoever does the work has no use for
/// their targets.
bool LeadsElsewhere(std::string_view key) {
  constexpr std::array<std::string_view, 6> kKeys = {"parent",    "dependsOn", "precondition",
                                                     "onSuccess", "onFail",    "onLateAction"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

/// Parameter values in the place of the activity's fields: whoever does the work sees no
/// parameters.
void SetTransferFields(const Parameters& parameters, PipelineObject* attempt) {
  std::vector<Field>& fields = attempt->fields;
  const bool is_transfer = std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return field.key == "type" && field.value == "EmrActivity";
  });
  if (!is_transfer) return;
  for (std::string_view name : kTransferFields) {
    const Parameter* parameter = parameters.Find(name);
    if (parameter == nullptr || parameter->values.empty()) continue;
    std::erase_if(fields, [&](const Field& field) { return field.key == name; });
    fields.push_back({std::string(name), parameter->values.front(), false});
  }
}

}  // namespace

InstanceScope::InstanceScope(const Surroundings& surroundings, const InstanceRecord& record,
                             const AttemptRecord* attempt)
    : surroundings_(surroundings), record_(record), attempt_(attempt) {}

std::optional<expr::Value> InstanceScope::RuntimeField(std::string_view name) const {
  const auto time = [](const std::optional<Instant>& at) -> std::optional<expr::Value> {
    if (!at) return std::nullopt;
    return expr::Value(*at);
  };
  const auto text = [](const std::string& value) -> std::optional<expr::Value> {
    if (value.empty()) return std::nullopt;
    return expr::Value(value);
  };
  if (name == "@scheduledStartTime") return expr::Value(record_.scheduled_start);
  if (name == "@scheduledEndTime") return expr::Value(record_.scheduled_end);
  if (name == "@actualStartTime") {
    return attempt_ != nullptr && attempt_->started_at ? time(attempt_->started_at)
                                                       : time(record_.actual_start);
  }
  if (name == "@actualEndTime" || name == "@finishedTime") return time(record_.actual_end);
  if (name == "@status") return expr::Value(StatusName(record_.status));
  if (name == "@pipelineId") return expr::Value(surroundings_.key.id);
  if (name == "@sphere") return expr::Value(attempt_ != nullptr ? "ATTEMPT" : "INSTANCE");
  if (name == "@componentParent" || name == "parent")
    return expr::Value(expr::Reference{record_.component});
  if (name == "@attemptCount") return expr::Value(int64_t{record_.attempts});
  if (name == "@triesLeft") return expr::Value(int64_t{record_.tries_left});
  if (name == "errorId") return text(record_.error_id);
  if (name == "errorMessage") return text(record_.error_message);
  if (name == "errorStackTrace") return text(record_.error_stack_trace);
  if (name == "cancellationReason") return text(record_.cancellation_reason);
  for (const Field& field : record_.fields) {
    if (field.key == name) return expr::Value(field.value);
  }
  if (attempt_ != nullptr) {
    if (name == "hostname") return text(attempt_->hostname);
    for (const Field& field : attempt_->fields) {
      if (field.key == name) return expr::Value(field.value);
    }
  }
  return std::nullopt;
}

const InstanceScope* InstanceScope::Open(const std::string& id) const {
  auto& scope = opened_[id];
  if (scope == nullptr) {
    if (const InstanceRecord* record = surroundings_.find(id)) {
      scope = std::make_unique<InstanceScope>(surroundings_, *record);
    } else {
      InstanceRecord gone;
      gone.id = id;
      gone.status = RunStatus::kFinished;
      const Plan& plan = surroundings_.definition.plan;
      if (const auto index = plan.OfInstance(id)) gone.component = plan.components[*index].id;
      gone.scheduled_start = StartOf(id).value_or(record_.scheduled_start);
      // Of another schedule only the start is in the id.
      gone.scheduled_end = gone.scheduled_start == record_.scheduled_start ? record_.scheduled_end
                                                                           : gone.scheduled_start;
      if (const auto index = plan.OfInstance(id); index && plan.components[*index].schedule) {
        // What starts with the first activation has one of its boundaries here.
        const Timetable table(plan.schedules[*plan.components[*index].schedule],
                              gone.scheduled_start, false);
        gone.scheduled_end = table.At(table.IndexAt(gone.scheduled_start)).end;
      }
      scope = std::make_unique<InstanceScope>(surroundings_, gone);
    }
  }
  return scope.get();
}

const RuntimeScope* InstanceScope::Target(std::string_view field,
                                          std::string_view component_id) const {
  const Plan& plan = surroundings_.definition.plan;
  const auto in = [&](const std::vector<std::string>& ids) -> const RuntimeScope* {
    for (const std::string& id : ids) {
      const auto index = plan.OfInstance(id);
      if (index && plan.components[*index].id == component_id) return Open(id);
    }
    return nullptr;
  };
  if (field == "input") return in(record_.inputs);
  if (field == "output") return in(record_.outputs);
  if (field == "runsOn") return record_.resource.empty() ? nullptr : in({record_.resource});
  return in(record_.depends_on);
}

const RuntimeScope* InstanceScope::Node() const {
  return record_.node.empty() ? nullptr : Open(record_.node);
}

Result<std::vector<Field>> EvaluatedFields(const CompiledDefinition& definition,
                                           const RuntimeScope& object, Secrets secrets) {
  ASSIGN_OR_RETURN(auto evaluated,
                   EvaluateFields(definition.resolved, definition.parameters, object));
  std::vector<Field> fields;
  fields.reserve(evaluated.size());
  for (EvaluatedField& field : evaluated) {
    if (field.secret && secrets == Secrets::kMasked) field.value = kSecretMask;
    fields.push_back({std::move(field.key), std::move(field.value), field.is_ref});
  }
  return fields;
}

Result<std::vector<PipelineObject>> ObjectsOf(const Surroundings& surroundings,
                                              const InstanceScope& root, const std::string& id,
                                              std::vector<Field> runtime, Secrets secrets) {
  const CompiledDefinition& definition = surroundings.definition;
  // Deques: scopes refer to their users, and must stay where they are.
  std::deque<InstanceScope> instances;
  std::deque<ConfigurationScope> configurations;
  struct Visit {
    std::string id;
    const RuntimeScope* scope;
    const InstanceScope* instance;  // itself, or its user
  };
  std::deque<Visit> queue = {{id, &root, &root}};
  std::set<std::string> seen = {id};
  std::vector<PipelineObject> objects;
  while (!queue.empty()) {
    const Visit visit = std::move(queue.front());
    queue.pop_front();
    ASSIGN_OR_RETURN(std::vector<Field> fields, EvaluatedFields(definition, *visit.scope, secrets));
    PipelineObject object;
    object.id = visit.id;
    object.name = visit.id;
    if (visit.scope == &root) {
      object.fields = std::move(runtime);
    } else if (visit.scope == visit.instance) {
      object.fields = InstanceRuntimeFields(surroundings.key, visit.instance->record());
    } else if (const ResolvedObject* source = definition.resolved.Find(visit.id)) {
      object.name = source->name();
    }
    for (const Field& field : fields) {
      if (!field.is_ref || LeadsElsewhere(field.key) || !seen.insert(field.value).second) continue;
      if (const auto index = definition.plan.OfInstance(field.value);
          index && definition.resolved.Find(field.value) == nullptr) {
        const InstanceRecord* record = surroundings.find(field.value);
        const auto* target = dynamic_cast<const InstanceScope*>(
            visit.scope->Target(field.key, definition.plan.components[*index].id));
        if (record != nullptr) {
          instances.emplace_back(surroundings, *record);
        } else if (target != nullptr) {
          instances.emplace_back(surroundings, target->record());
        } else {
          continue;
        }
        queue.push_back({field.value, &instances.back(), &instances.back()});
      } else if (definition.resolved.Find(field.value) != nullptr) {
        configurations.emplace_back(field.value, *visit.instance, false);
        queue.push_back({field.value, &configurations.back(), visit.instance});
      }
    }
    const std::string& node = visit.instance->record().node;
    if (visit.scope == visit.instance && !node.empty() && seen.insert(node).second) {
      const auto* scope = static_cast<const InstanceScope*>(visit.instance->Node());
      instances.emplace_back(surroundings, scope->record());
      queue.push_back({node, &instances.back(), &instances.back()});
    }
    std::erase_if(fields, [&](const Field& field) {
      return field.key == "parent" &&
             visit.scope == visit.instance;  // instances name their component there
    });
    object.fields.insert(object.fields.end(), std::make_move_iterator(fields.begin()),
                         std::make_move_iterator(fields.end()));
    objects.push_back(std::move(object));
  }
  return objects;
}

Surroundings DraftObjects::Around(const InstanceRecord& record) const {
  return {draft_.key(), draft_.DefinitionOf(record),
          [this](std::string_view id) { return draft_.Find(id); }};
}

std::string DraftObjects::MaskedField(const InstanceRecord& record, std::string_view key) const {
  const Surroundings around = Around(record);
  const InstanceScope scope(around, record);
  const auto fields =
      EvaluateField(around.definition.resolved, around.definition.parameters, scope, key);
  if (!fields || fields->empty()) return {};
  return fields->front().secret ? std::string(kSecretMask) : fields->front().value;
}

std::vector<Field> DraftObjects::ActionFields(const InstanceRecord& record,
                                              const ResolvedObject& action) const {
  const Surroundings around = Around(record);
  const InstanceScope node(around, record);
  const ConfigurationScope scope(std::string(action.id()), node, true);
  std::vector<Field> fields;
  std::set<std::string_view> done;
  for (const ResolvedField& field : action.fields) {
    if (!done.insert(field.key()).second || field.is_ref()) continue;
    auto values =
        EvaluateField(around.definition.resolved, around.definition.parameters, scope, field.key());
    if (!values) {
      const bool secret = IsSecretName(field.key());
      fields.push_back({std::string(field.key()),
                        secret ? std::string(kSecretMask) : std::string(field.value()), false});
      continue;
    }
    for (EvaluatedField& value : *values) {
      if (value.secret) value.value = kSecretMask;
      fields.push_back({std::move(value.key), std::move(value.value), false});
    }
  }
  return fields;
}

Result<std::vector<PipelineObject>> DraftObjects::Task(const InstanceRecord& record,
                                                       const AttemptRecord& attempt) const {
  const Surroundings around = Around(record);
  const InstanceScope scope(around, record, &attempt);
  ASSIGN_OR_RETURN(std::vector<PipelineObject> objects,
                   ObjectsOf(around, scope, AttemptId(record.id, attempt.number),
                             AttemptRuntimeFields(draft_.key(), record, attempt), Secrets::kClear));
  SetTransferFields(around.definition.parameters, &objects.front());
  return objects;
}

}  // namespace penstock::engine
