#include "engine/lifecycle.h"

#include <fmt/core.h>

#include <algorithm>

#include "definition/secret.h"
#include "definition/validate.h"
#include "engine/backfill.h"
#include "engine/deactivate.h"
#include "engine/instances.h"
#include "engine/outcome.h"
#include "engine/resource.h"

namespace penstock::engine {
namespace {

constexpr size_t kProblemsShown = 20;

std::string Describe(const std::vector<Problem>& problems, Severity least) {
  std::string text;
  size_t shown = 0;
  for (const Problem& problem : problems) {
    if (static_cast<int>(problem.severity) > static_cast<int>(least)) continue;
    if (++shown > kProblemsShown) {
      text += "; and more";
      break;
    }
    if (!text.empty()) text += "; ";
    if (!problem.object_id.empty()) text += problem.object_id;
    if (!problem.field.empty()) text += "." + problem.field;
    text += (problem.object_id.empty() && problem.field.empty() ? "" : ": ") + problem.message;
  }
  return text;
}

/// Whether the new text gives a FINISHED pipeline something to do again (A12).
bool Revives(const Draft& draft, const CompiledDefinition& latest) {
  if (latest.plan.on_demand) return true;
  const Calendar calendar(latest.plan, draft.record().first_activated_at.value_or(draft.now()));
  for (const Component& component : latest.plan.components) {
    if (!component.schedule) continue;
    if (component.kind != ComponentKind::kActivity && component.kind != ComponentKind::kDataNode)
      continue;
    const ComponentRecord* progress = draft.FindComponent(component.id);
    if (calendar.Of(component).Has(progress != nullptr ? progress->next_interval : 0)) return true;
  }
  return false;
}

/// The values in force: those given now win over those saved with the definition, id by id.
Definition WithValues(Definition definition, const std::vector<ParameterValue>& values) {
  std::erase_if(definition.values, [&](const ParameterValue& saved) {
    return std::any_of(values.begin(), values.end(),
                       [&](const ParameterValue& v) { return v.id == saved.id; });
  });
  definition.values.insert(definition.values.end(), values.begin(), values.end());
  return definition;
}

Reply StartRun(Draft& draft) {
  const int most = std::max(
      1, draft.plan().max_active_on_demand.value_or(draft.options().default_max_active_on_demand));
  std::set<Instant> running;
  for (const std::string& id : draft.Unfinished()) running.insert(draft.Find(id)->scheduled_start);
  if (static_cast<int>(running.size()) >= most) {
    if (!draft.options().on_demand_cancels_running) {
      return InvalidRequest(
          fmt::format("pipeline {} is on demand and its run of {} is still going; at most {} may "
                      "at once (maxActiveInstances on "
                      "Default). Wait for it, or cancel it by deactivating the pipeline.",
                      draft.key().id, FormatDateTime(*running.begin()), most));
    }
    for (const std::string& id : draft.Unfinished()) {
      if (IsTerminal(draft.Find(id)->status)) continue;
      if (draft.Find(id)->status == RunStatus::kShuttingDown) continue;
      draft.Edit(id).cancellation_reason = "the pipeline was activated again";
      End(draft, id, RunStatus::kCanceled);
    }
  }
  // Instance ids name seconds: a second activation within one takes the next free one (A47).
  Instant at = std::chrono::floor<std::chrono::seconds>(draft.now());
  const auto& last = draft.record().last_run_at;
  if (last && at <= *last) at = *last + std::chrono::seconds(1);
  draft.EditRecord().last_run_at = at;
  CreateRun(draft, at);
  return Done{};
}

/// Objects that an edit added begin with the next interval of their schedule, not with its past.
void StartNewComponents(Draft& draft) {
  std::map<uint32_t, int64_t> next;  // by schedule
  for (const Component& component : draft.plan().components) {
    const ComponentRecord* progress = draft.FindComponent(component.id);
    if (component.schedule && progress != nullptr) {
      next[*component.schedule] = std::max(next[*component.schedule], progress->next_interval);
    }
  }
  for (const Component& component : draft.plan().components) {
    if (!component.schedule || draft.FindComponent(component.id) != nullptr) continue;
    if (auto it = next.find(*component.schedule); it != next.end() && it->second > 0) {
      draft.EditComponent(component.id).next_interval = it->second;
    }
  }
}

}  // namespace

Reply StoreDefinition(Draft& draft, const PutDefinition& put) {
  const CompiledDefinition* stored = draft.Version(draft.record().latest_version);
  Definition definition = stored != nullptr
                              ? RestoreSecrets(put.definition, stored->resolved.source())
                              : put.definition;
  DefinitionRecord record{draft.record().last_version + 1, std::move(definition)};
  const auto compiled = CompileDefinition(record);
  ValidateOptions options;
  options.limits = draft.options().limits;
  options.now = draft.now();
  std::vector<Problem> problems = Validate(compiled->resolved, options);
  if (HasFatal(problems)) {
    return InvalidRequest(
        fmt::format("Pipeline definition has errors: Could not save the pipeline definition due to "
                    "FATAL errors: [{}] "
                    "Please call Validate to validate your pipeline",
                    Describe(problems, Severity::kFatal)));
  }
  if (draft.record().state == PipelineState::kFinished && !Revives(draft, *compiled)) {
    return InvalidRequest(fmt::format(
        "Pipeline definition has errors: Could not save the pipeline definition due to FATAL "
        "errors: "
        "[pipeline {} is FINISHED: only a definition with a later endDateTime or more occurrences "
        "can follow] Please call Validate to validate your pipeline",
        draft.key().id));
  }
  if (const CompiledDefinition* active = draft.Active()) {
    std::vector<Problem> edits = CheckEdit(active->resolved, compiled->resolved);
    problems.insert(problems.end(), edits.begin(), edits.end());
  }
  PipelineRecord& pipeline = draft.EditRecord();
  pipeline.latest_version = pipeline.last_version = record.version;
  pipeline.errored = HasErrors(problems);
  draft.PutDefinition(std::move(record), compiled);
  draft.EraseUnusedDefinitions();
  return DefinitionStored{pipeline.errored, std::move(problems)};
}

Reply ActivatePipeline(Draft& draft, const Activate& activate) {
  const std::string& id = draft.key().id;
  const PipelineState before = draft.record().state;
  const CompiledDefinition* latest = draft.Version(draft.record().latest_version);
  if (latest == nullptr)
    return InvalidRequest(
        fmt::format("pipeline {} has no definition to activate: put one first", id));
  if (before == PipelineState::kDeactivating) {
    return InvalidRequest(
        fmt::format("pipeline {} is DEACTIVATING: activate it when it is INACTIVE", id));
  }
  DefinitionRecord record{latest->version, WithValues(latest->resolved.source(), activate.values)};
  const bool new_version = !activate.values.empty();
  if (new_version) record.version = draft.record().last_version + 1;
  const auto compiled = new_version ? CompileDefinition(record) : nullptr;
  const CompiledDefinition& next = new_version ? *compiled : *latest;
  ValidateOptions options;
  options.moment = Moment::kActivate;
  options.limits = draft.options().limits;
  options.now = draft.now();
  std::vector<Problem> problems = Validate(next.resolved, options);
  if (const CompiledDefinition* active = draft.Active()) {
    std::vector<Problem> edits = CheckEdit(active->resolved, next.resolved);
    problems.insert(problems.end(), edits.begin(), edits.end());
  }
  if (HasErrors(problems)) {
    return InvalidRequest(fmt::format("Pipeline definition has errors, it cannot be activated: {}",
                                      Describe(problems, Severity::kError)));
  }
  if (next.plan.on_demand && activate.start_timestamp) {
    return InvalidRequest(
        fmt::format("pipeline {} is on demand: startTimestamp does not apply to it", id));
  }
  if (before == PipelineState::kFinished && !Revives(draft, next)) {
    return InvalidRequest(fmt::format(
        "pipeline {} is FINISHED: put a definition with a later endDateTime or more occurrences "
        "before activating it again",
        id));
  }
  PipelineRecord& pipeline = draft.EditRecord();
  if (new_version) {
    pipeline.last_version = record.version;
    draft.PutDefinition(std::move(record), compiled);
  }
  pipeline.active_version = next.version;
  pipeline.state = PipelineState::kScheduled;
  if (!pipeline.first_activated_at) pipeline.first_activated_at = draft.now();
  pipeline.last_activated_at = draft.now();
  pipeline.finished_at.reset();
  if (draft.plan().on_demand) {
    Reply reply = StartRun(draft);
    if (std::holds_alternative<Refusal>(reply)) return reply;
  } else {
    if (before == PipelineState::kInactive || activate.start_timestamp)
      pipeline.skip_before = activate.start_timestamp;
    if (before != PipelineState::kPending) StartNewComponents(draft);
    if (auto refusal = DecideBackfill(draft, before)) return *std::move(refusal);
    ResumeAll(draft, activate.start_timestamp);
    for (const Component& component : draft.plan().components) draft.TouchComponent(component.id);
  }
  draft.EraseUnusedDefinitions();
  draft.TouchPipeline();
  return Done{};
}

Reply ChangeTags(Draft& draft, const AddTags& add) {
  std::vector<Tag> tags = draft.record().tags;
  for (const Tag& tag : add.tags) {
    auto old =
        std::find_if(tags.begin(), tags.end(), [&](const Tag& t) { return t.key == tag.key; });
    if (old != tags.end()) {
      old->value = tag.value;
    } else {
      tags.push_back(tag);
    }
  }
  const size_t most = draft.options().limits.tags_max;
  if (most > 0 && tags.size() > most) {
    return InvalidRequest(fmt::format("pipeline {} would have {} tags; at most {} are allowed",
                                      draft.key().id, tags.size(), most));
  }
  draft.EditRecord().tags = std::move(tags);
  return Done{};
}

Reply ChangeTags(Draft& draft, const RemoveTags& remove) {
  std::erase_if(draft.EditRecord().tags, [&](const Tag& tag) {
    return std::find(remove.keys.begin(), remove.keys.end(), tag.key) != remove.keys.end();
  });
  return Done{};
}

void SettlePipeline(Draft& draft) {
  if (!draft.TakeTouchedPipeline()) return;
  if (draft.record().state == PipelineState::kDeactivating && !draft.AnyUnfinished()) {
    draft.EditRecord().state = PipelineState::kInactive;
    return;
  }
  if (draft.record().state != PipelineState::kScheduled || !draft.IsActivated()) return;
  const Plan& plan = draft.plan();
  if (plan.on_demand || draft.AnyUnfinished()) return;
  const Calendar calendar = CalendarOf(draft);
  bool scheduled = false;
  for (const Component& component : plan.components) {
    if (component.kind != ComponentKind::kActivity && component.kind != ComponentKind::kDataNode)
      continue;
    if (!component.schedule) continue;
    scheduled = true;
    const ComponentRecord* progress = draft.FindComponent(component.id);
    if (calendar.Of(component).Has(progress != nullptr ? progress->next_interval : 0)) return;
  }
  if (!scheduled) return;
  draft.EditRecord().state = PipelineState::kFinished;
  draft.EditRecord().finished_at = draft.now();
}

void DeletePipelineInto(Decision& decision, const State& state, const PipelineWork& work,
                        Instant now) {
  Draft draft(state, &work, work.key, now);
  for (const std::string& id : draft.Unfinished()) {
    const InstanceRecord& record = *draft.Find(id);
    const Component* component = draft.ComponentOf(record);
    if (component != nullptr && component->kind == ComponentKind::kResource)
      EndMachine(draft, id, record.status);
  }
  Decision last;
  std::move(draft).Commit(last);
  decision.writes.push_back({work.key, ErasePipeline{}});
  decision.writes.push_back({work.key, TombstoneRecord{now}});
  for (const auto& [key, effect] : work.effects) {
    if (effect.kind == EffectKind::kTerminateResource)
      decision.writes.push_back({work.key, effect});
  }
  for (const EffectRecord& effect : last.effects) {
    decision.writes.push_back({work.key, effect});
    decision.effects.push_back(effect);
  }
}

}  // namespace penstock::engine
