#include "service/object_view.h"

#include <algorithm>

#include "definition/secret.h"
#include "engine/runtime_fields.h"

namespace penstock {
namespace {

using engine::AttemptRecord;
using engine::CompiledDefinition;
using engine::ComponentRecord;
using engine::InstanceRecord;
using engine::RunStatus;

constexpr RunStatus kUnfinished[] = {
    RunStatus::kScheduled,        RunStatus::kWaitingOnDependencies,
    RunStatus::kWaitingForRunner, RunStatus::kCreating,
    RunStatus::kRunning,          RunStatus::kShuttingDown};
constexpr size_t kActiveInstancesMax = 100;

/// Evaluates what a component's own fields allow without a run; what needs one stays as its text.
void EvaluateComponent(const CompiledDefinition& definition, PipelineObject& component) {
  ComponentScope scope(component.id);
  for (Field& field : component.fields) {
    if (field.is_ref || field.value.find("#{") == std::string::npos) continue;
    Result<EvaluatedText> evaluated =
        EvaluateText(definition.resolved, definition.parameters, scope, field.value);
    if (evaluated)
      field.value = evaluated->secret ? std::string(kSecretMask) : std::move(evaluated->text);
  }
}

}  // namespace

Result<std::shared_ptr<const CompiledDefinition>> ObjectView::Version(uint64_t version) {
  if (version == 0) return std::shared_ptr<const CompiledDefinition>();
  return cache_.Find(snapshot_, key_, version);
}

Result<std::vector<ObjectView::Component>> ObjectView::Components() {
  std::vector<Component> components;
  ASSIGN_OR_RETURN(auto active, Version(record_.active_version));
  if (active != nullptr) {
    for (const PipelineObject& object : active->resolved.source().objects)
      components.push_back({active, &object});
  }
  if (record_.latest_version == record_.active_version) return components;
  ASSIGN_OR_RETURN(auto latest, Version(record_.latest_version));
  if (latest == nullptr) return components;
  for (const PipelineObject& object : latest->resolved.source().objects) {
    if (active == nullptr || active->resolved.Find(object.id) == nullptr)
      components.push_back({latest, &object});
  }
  return components;
}

Result<std::optional<ObjectView::Component>> ObjectView::FindComponent(std::string_view id) {
  for (uint64_t version : {record_.active_version, record_.latest_version}) {
    ASSIGN_OR_RETURN(auto definition, Version(version));
    if (definition == nullptr) continue;
    if (const ResolvedObject* object = definition->resolved.Find(id)) {
      return std::optional<Component>(Component{definition, object->source});
    }
  }
  return std::optional<Component>();
}

Result<std::shared_ptr<const CompiledDefinition>> ObjectView::DefinitionOf(
    const InstanceRecord& instance) {
  for (uint64_t version : {instance.version, record_.active_version, record_.latest_version}) {
    ASSIGN_OR_RETURN(auto definition, Version(version));
    if (definition != nullptr) return definition;
  }
  return std::shared_ptr<const CompiledDefinition>();
}

Result<PipelineObject> ObjectView::Describe(const Component& component,
                                            const ComponentRecord* record, bool with_instances) {
  std::vector<std::string> active;
  if (with_instances) {
    ObjectQuery query{ObjectSphere::kInstance,
                      {{.column = ObjectColumn::kComponent, .any_of = {component.object->id}},
                       {.column = ObjectColumn::kStatus,
                        .any_status = {std::begin(kUnfinished), std::end(kUnfinished)}}}};
    ASSIGN_OR_RETURN(active, snapshot_.QueryObjects(key_, query, "", kActiveInstancesMax));
  }
  return engine::ComponentObject(key_, record_, *component.definition, *component.object, record,
                                 active);
}

Result<std::optional<PipelineObject>> ObjectView::Describe(std::string_view id, bool evaluate) {
  std::optional<AttemptRecord> attempt;
  if (engine::ParseAttemptId(id)) {
    ASSIGN_OR_RETURN(attempt, snapshot_.FindAttempt(key_, id));
  }
  ASSIGN_OR_RETURN(
      std::optional<InstanceRecord> instance,
      snapshot_.FindInstance(key_, attempt ? std::string_view(attempt->instance) : id));
  if (instance) {
    ASSIGN_OR_RETURN(auto definition, DefinitionOf(*instance));
    if (definition == nullptr) return std::optional<PipelineObject>();
    return std::optional<PipelineObject>(
        attempt ? engine::AttemptObject(key_, *definition, *instance, *attempt, evaluate)
                : engine::InstanceObject(key_, *definition, *instance, evaluate));
  }
  ASSIGN_OR_RETURN(std::optional<Component> component, FindComponent(id));
  if (!component) return std::optional<PipelineObject>();
  ASSIGN_OR_RETURN(std::optional<ComponentRecord> record, snapshot_.FindComponent(key_, id));
  ASSIGN_OR_RETURN(PipelineObject described,
                   Describe(*component, record ? &*record : nullptr, true));
  if (evaluate) EvaluateComponent(*component->definition, described);
  return std::optional<PipelineObject>(std::move(described));
}

DescribedScope::DescribedScope(ObjectView& view, PipelineObject object, std::string component_id)
    : view_(view), object_(std::move(object)), component_id_(std::move(component_id)) {}

DescribedScope::~DescribedScope() = default;

std::optional<expr::Value> DescribedScope::RuntimeField(std::string_view name) const {
  const Field* field = object_.Find(name);
  if (field == nullptr) return std::nullopt;
  if (field->is_ref) return expr::Value(expr::Reference{field->value});
  if (name.starts_with('@') && name.ends_with("Time")) {
    if (std::optional<Instant> instant = ParseDateTime(field->value)) return expr::Value(*instant);
  }
  return expr::Value(field->value);
}

const RuntimeScope* DescribedScope::Instance(const std::string& id) const {
  auto [place, inserted] = others_.try_emplace(id);
  if (inserted) {
    Result<std::optional<InstanceRecord>> record = view_.snapshot().FindInstance(view_.key(), id);
    Result<std::optional<PipelineObject>> described = view_.Describe(id, false);
    if (record && *record && described && *described) {
      place->second =
          std::make_unique<DescribedScope>(view_, **std::move(described), (*record)->component);
    }
  }
  return place->second.get();
}

const RuntimeScope* DescribedScope::Target(std::string_view field,
                                           std::string_view component_id) const {
  for (const Field& described : object_.fields) {
    if (described.key != field || !described.is_ref) continue;
    const auto* other = static_cast<const DescribedScope*>(Instance(described.value));
    if (other != nullptr && other->component_id_ == component_id) return other;
  }
  return nullptr;
}

const RuntimeScope* DescribedScope::Node() const {
  const Field* node = object_.Find("node");
  return node == nullptr ? nullptr : Instance(node->value);
}

}  // namespace penstock
