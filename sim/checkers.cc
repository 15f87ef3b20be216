#include "sim/checkers.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/retry.h"
#include "sim/scenario.h"
#include "sim/text_calendar.h"

namespace penstock::sim {

using engine::AttemptRecord;
using engine::Decision;
using engine::EffectRecord;
using engine::Event;
using engine::InstanceRecord;
using engine::PipelineKey;
using engine::RecordKind;
using engine::RunStatus;

namespace {

template <class Body>
bool Is(const Event& event) {
  return std::holds_alternative<Body>(event.body);
}

std::optional<engine::PipelineRecord> ReadPipeline(const Rows& disk, const PipelineKey& key) {
  auto row = disk.find(engine::RecordKey(key, RecordKind::kPipeline, ""));
  if (row == disk.end()) return std::nullopt;
  return std::get<engine::PipelineRecord>(engine::DecodeRecord(row->first, row->second)->change);
}

std::string NameOf(const engine::Write& write) {
  const std::string id = engine::RecordId(write.change);
  return id.empty() ? write.pipeline.id : id;
}

bool IsResource(const std::string& component) { return component.starts_with("R"); }

}  // namespace

std::optional<InstanceRecord> ReadInstance(const Rows& disk, const PipelineKey& key,
                                           const std::string& id) {
  auto row = disk.find(engine::RecordKey(key, RecordKind::kInstance, id));
  if (row == disk.end()) return std::nullopt;
  return std::get<InstanceRecord>(engine::DecodeRecord(row->first, row->second)->change);
}

std::vector<std::pair<PipelineKey, engine::PipelineRecord>> ReadPipelines(const Rows& disk) {
  std::vector<std::pair<PipelineKey, engine::PipelineRecord>> pipelines;
  // The pipeline's own row ends in its kind, as it has no id; nothing else is decoded.
  const std::string kind = engine::KeyPrefix(PipelineKey{}, RecordKind::kPipeline).substr(2);
  for (const auto& [key, value] : disk) {
    if (!key.ends_with(kind)) continue;
    auto write = engine::DecodeRecord(key, value);
    if (const auto* record = std::get_if<engine::PipelineRecord>(&write->change))
      pipelines.emplace_back(write->pipeline, *record);
  }
  return pipelines;
}

std::shared_ptr<const engine::CompiledDefinition> Checkers::PlanOf(const Rows& disk,
                                                                   const PipelineKey& key,
                                                                   uint64_t version) {
  auto& plan = plans_[{key.id, version}];
  if (plan != nullptr) return plan;
  auto row = disk.find(engine::RecordKey(key, RecordKind::kDefinition,
                                         engine::RecordId(engine::DefinitionRecord{version, {}})));
  if (row == disk.end()) return nullptr;
  plan = engine::CompileDefinition(
      std::get<engine::DefinitionRecord>(engine::DecodeRecord(row->first, row->second)->change));
  return plan;
}

void Checkers::Fail(const std::string& rule) {
  if (broken_.empty()) broken_ = rule;
}

void Checkers::Equal(const std::string& a, const std::string& b, const std::string& rule) {
  if (a == b) return;
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const size_t from = i > 60 ? i - 60 : 0;
  std::string detail = a.substr(from, 160) + " | " + b.substr(from, 160);
  for (char& c : detail) {
    if (c < ' ' || c > '~') c = '.';
  }
  Fail(rule + ": " + detail);
}

void Checkers::BeforeCommit(const Rows& disk, const Event& event, const Decision& decision) {
  latest_ = std::max(latest_, event.at);
  instances_before_.clear();
  attempts_before_.clear();
  for (const engine::Write& write : decision.writes) {
    const bool instance = std::holds_alternative<InstanceRecord>(write.change);
    if (!instance && !std::holds_alternative<AttemptRecord>(write.change)) continue;
    const auto row = disk.find(engine::RecordKey(write));
    if (row == disk.end()) continue;
    auto old = engine::DecodeRecord(row->first, row->second)->change;
    if (instance) {
      instances_before_[row->first] = std::get<InstanceRecord>(std::move(old));
    } else {
      attempts_before_[row->first] = std::get<AttemptRecord>(std::move(old));
    }
  }
  if (std::holds_alternative<engine::Refusal>(decision.reply) && !decision.writes.empty()) {
    Fail("a refusal wrote something");
  }
  // A report that changes anything must come under the newest lease.
  const engine::TaskKey* task = nullptr;
  if (const auto* report = std::get_if<engine::ReportProgress>(&event.body)) task = &report->task;
  if (const auto* report = std::get_if<engine::SetTaskStatus>(&event.body)) task = &report->task;
  if (task != nullptr && !decision.writes.empty()) {
    const auto newest = leases_.find({{task->pipeline, task->instance}, task->attempt});
    if (newest == leases_.end() || newest->second != task->lease) {
      Fail(fmt::format("a stale lease was believed: {} attempt {}", task->instance, task->attempt));
    }
  }
  if (const auto* task_given = std::get_if<engine::Task>(&decision.reply)) {
    const engine::TaskKey& key = task_given->key;
    uint64_t& newest = leases_[{{key.pipeline, key.instance}, key.attempt}];
    if (key.lease <= newest)
      Fail(fmt::format("one lease was handed out twice: {} {}", key.instance, key.lease));
    newest = key.lease;
  }
}

void Checkers::AfterCommit(const Rows& disk, const Event& event, const Decision& decision) {
  const auto scene = [&](const engine::Write& write) {
    return Scene{disk, options_, event, decision, write.pipeline, latest_};
  };
  for (const engine::Write& write : decision.writes) {
    if (const auto* instance = std::get_if<InstanceRecord>(&write.change))
      CheckInstance(scene(write), *instance);
  }
  for (const engine::Write& write : decision.writes) {
    if (const auto* attempt = std::get_if<AttemptRecord>(&write.change))
      CheckAttempt(scene(write), *attempt);
    if (std::holds_alternative<engine::ErasePipeline>(write.change)) {
      std::erase_if(seen_,
                    [&](const auto& entry) { return entry.first.pipeline == write.pipeline.id; });
      for (const auto& [key, times] : decided_) {
        if (key.starts_with(write.pipeline.id)) withdrawn_.insert(key);
      }
    }
  }
  size_t effects = 0;
  for (const engine::Write& write : decision.writes) {
    if (const auto* erased = std::get_if<engine::EraseRecord>(&write.change);
        erased != nullptr && erased->kind == RecordKind::kEffect)
      withdrawn_.insert(write.pipeline.id + erased->id);
    const auto* effect = std::get_if<EffectRecord>(&write.change);
    if (effect == nullptr) continue;
    ++effects;
    CheckEffect(write.pipeline.id, *effect);
  }
  if (effects < decision.effects.size()) Fail("an effect that no write keeps");
  if (const auto* task = std::get_if<engine::Task>(&decision.reply))
    CheckHandOut(disk, event, *task);
  const auto* activate = std::get_if<engine::Activate>(&event.body);
  if (activate != nullptr && std::holds_alternative<engine::Done>(decision.reply)) {
    const auto pipeline = ReadPipeline(disk, {event.scope, activate->pipeline});
    if (pipeline && pipeline->active_version < pipeline->latest_version)
      Fail("an activation left the old text active");
  }
  if (const auto* lost = std::get_if<engine::WorkerLost>(&event.body)) {
    for (const auto& [key, pipeline] : ReadPipelines(disk)) {
      for (const AttemptRecord& attempt : ReadAll<AttemptRecord>(disk, key, RecordKind::kAttempt)) {
        if (!engine::IsTerminal(attempt.status) && attempt.lease != 0 &&
            attempt.worker == lost->worker)
          Fail(fmt::format("{} is lost and still has {}", lost->worker, attempt.instance));
      }
    }
  }
}

void Checkers::CheckHandOut(const Rows& disk, const Event& event, const engine::Task& task) {
  const PipelineKey key{event.scope, task.key.pipeline};
  const auto pipeline = ReadPipeline(disk, key);
  const auto instance = ReadInstance(disk, key, task.key.instance);
  if (!pipeline || !instance) {
    Fail("a task of nothing was handed out: " + task.key.instance);
    return;
  }
  if (pipeline->state == engine::PipelineState::kInactive ||
      pipeline->state == engine::PipelineState::kFinished) {
    Fail(fmt::format("{} was handed out, and its pipeline is {}", instance->id,
                     engine::PipelineStateName(pipeline->state)));
  }
  const auto row = disk.find(engine::RecordKey(key, RecordKind::kComponent, instance->component));
  if (row != disk.end() &&
      std::get<engine::ComponentRecord>(engine::DecodeRecord(row->first, row->second)->change)
          .paused) {
    Fail(instance->id + " was handed out, and its component is paused");
  }
  const auto& poll = std::get<engine::Poll>(event.body);
  const auto given = disk.find(engine::RecordKey(key, RecordKind::kAttempt, task.attempt_id));
  if (given == disk.end()) {
    Fail("a task of no attempt was handed out: " + task.attempt_id);
    return;
  }
  const auto attempt =
      std::get<AttemptRecord>(engine::DecodeRecord(given->first, given->second)->change);
  if (attempt.worker_group != poll.worker_group)
    Fail(fmt::format("{} was handed out to group '{}'", task.attempt_id, poll.worker_group));
  for (const AttemptRecord& other : ReadAll<AttemptRecord>(disk, key, RecordKind::kAttempt)) {
    const bool waits = other.status == RunStatus::kWaitingForRunner && other.lease == 0 &&
                       !other.held && other.worker_group == poll.worker_group;
    if (waits && MadeAt(key, other) < MadeAt(key, attempt))
      Fail(fmt::format("{} was handed out before attempt {} of {}, which has waited for longer",
                       task.attempt_id, other.number, other.instance));
  }
}

Instant Checkers::MadeAt(const PipelineKey& key, const AttemptRecord& attempt) const {
  const auto made = made_at_.find({{key.id, attempt.instance}, attempt.number});
  return made == made_at_.end() ? attempt.created_at : made->second;
}

void Checkers::Began(const engine::TaskKey& task) {
  if (!begun_.insert({{task.pipeline, task.instance}, task.attempt, task.lease}).second)
    Fail(fmt::format("two workers work on attempt {} of {}", task.attempt, task.instance));
}

void Checkers::Answered(const Rows& disk, const Decision& decision) {
  for (const engine::Write& write : decision.writes) {
    if (!ReadPipeline(disk, write.pipeline)) {
      if (!disk.contains(engine::RecordKey(write.pipeline, RecordKind::kTombstone, "")))
        Fail("an answer was lost: there is no pipeline " + write.pipeline.id);
      return;
    }
    if (std::holds_alternative<engine::EraseRecord>(write.change) ||
        std::holds_alternative<EffectRecord>(write.change) ||
        std::holds_alternative<engine::DefinitionRecord>(write.change))
      continue;  // may be gone again by now
    const auto row = disk.find(engine::RecordKey(write));
    if (row == disk.end()) {
      Fail("an answer was lost: there is no " + NameOf(write));
      return;
    }
    const engine::Change now = engine::DecodeRecord(row->first, row->second)->change;
    bool kept = true;  // what only grows has not shrunk
    if (const auto* record = std::get_if<engine::PipelineRecord>(&write.change)) {
      kept = std::get<engine::PipelineRecord>(now).last_version >= record->last_version;
    } else if (const auto* component = std::get_if<engine::ComponentRecord>(&write.change)) {
      kept = std::get<engine::ComponentRecord>(now).next_interval >= component->next_interval;
    } else if (const auto* instance = std::get_if<InstanceRecord>(&write.change)) {
      kept = std::get<InstanceRecord>(now).attempts >= instance->attempts;
    } else if (const auto* attempt = std::get_if<AttemptRecord>(&write.change)) {
      kept = std::get<AttemptRecord>(now).leases >= attempt->leases;
    }
    if (!kept) Fail("an answer was lost: " + NameOf(write) + " is as it was before");
  }
}

void Checkers::CheckEffect(const std::string& pipeline, const EffectRecord& effect) {
  const bool alarm = effect.kind == engine::EffectKind::kPublishAlarm;
  uint64_t& decided = decided_[pipeline + effect.key];
  if (decided > 0 && alarm) Fail("an alarm was decided twice: " + effect.key);
  // What was withdrawn (work came back to a machine that was to end) may be wanted again.
  if (decided == 0 || withdrawn_.erase(pipeline + effect.key) > 0) ++decided;
  decided_at_crash_.emplace(pipeline + effect.key, crashes_);
  if (!alarm) return;
  Seen& seen = seen_[{pipeline, effect.instance}];
  const std::string slot = effect.key.substr(effect.instance.size());
  const std::string name = slot.substr(0, slot.find('='));
  if (++seen.alarms[name] > (name == "_onLateAction" ? 1 : seen.starts)) {
    Fail(fmt::format("{} fired {} too often", effect.instance, name));
  }
}

void Checkers::CheckInstance(const Scene& scene, const InstanceRecord& record) {
  const Rows& disk = scene.disk;
  const Event& event = scene.event;
  const PipelineKey& key = scene.key;
  const auto old = instances_before_.find(engine::RecordKey(key, RecordKind::kInstance, record.id));
  const InstanceRecord* before = old == instances_before_.end() ? nullptr : &old->second;
  auto [it, fresh] = seen_.try_emplace({key.id, record.id});
  Seen& seen = it->second;
  if (fresh) {
    seen.version = record.version;
    CheckMaxActive(disk, key, record);
  } else if (engine::IsTerminal(seen.status) && seen.status != record.status) {
    const bool asked = Is<engine::SetStatus>(event) || Is<engine::Activate>(event);
    if (!asked && !IsResource(record.component)) {
      Fail(fmt::format("{} left {} for {} unasked", record.id, engine::StatusName(seen.status),
                       engine::StatusName(record.status)));
    }
    if (!engine::IsTerminal(record.status)) {
      seen.fresh = true;
      seen.attempts_used = 0;
      ++seen.starts;
    }
  }
  for (const std::string& id : record.blocked_by) {
    const auto blocker = ReadInstance(disk, key, id);
    if (blocker && blocker->status == RunStatus::kFinished && !engine::IsTerminal(record.status))
      Fail(fmt::format("{} is blocked by {}, which is FINISHED", record.id, id));
  }
  if (record.wake_at && *record.wake_at <= event.at)
    Fail(record.id + " wants to be woken in the past");
  if (engine::IsTerminal(record.status) && !record.resumes &&
      (!record.waiting_on.empty() || record.wake_at)) {
    Fail(record.id + " ended and still waits");
  }
  // A resource to which work came back while it went down begins a new budget.
  if (IsResource(record.component) && seen.status == RunStatus::kShuttingDown &&
      record.status != RunStatus::kShuttingDown && !engine::IsTerminal(record.status)) {
    seen.attempts_used = 0;
  }
  seen.status = record.status;
  auto definition = PlanOf(disk, key, record.version);
  if (definition == nullptr) {
    const auto pipeline = ReadPipeline(disk, key);
    if (pipeline) definition = PlanOf(disk, key, pipeline->active_version);
  }
  const auto index = definition == nullptr ? std::nullopt : definition->plan.OfInstance(record.id);
  if (index) {
    Fail(CheckInstanceRules(scene, {*definition, definition->plan.components[*index], before,
                                    record, seen.began, seen.attempts_used}));
  }
  seen.began |= record.status == RunStatus::kRunning || record.status == RunStatus::kCreating;
  const bool ended = engine::IsTerminal(record.status) && !record.resumes;
  const bool had_ended = before != nullptr && before->status == record.status && !before->resumes;
  if (ended && !had_ended) CheckWaiters(scene, record);
}

void Checkers::CheckWaiters(const Scene& scene, const InstanceRecord& ended) {
  for (const InstanceRecord& other :
       ReadAll<InstanceRecord>(scene.disk, scene.key, RecordKind::kInstance)) {
    if (engine::IsTerminal(other.status)) continue;
    const auto has = [&](const std::vector<std::string>& ids) {
      return std::find(ids.begin(), ids.end(), ended.id) != ids.end();
    };
    if (!has(other.waiting_on)) continue;
    if (ended.status != RunStatus::kFinished && !has(other.blocked_by)) {
      Fail(fmt::format("{} waits for {} and was not told that it is {}", other.id, ended.id,
                       engine::StatusName(ended.status)));
    } else if (ended.status == RunStatus::kFinished) {
      Fail(fmt::format("{} still waits for {}, which is FINISHED", other.id, ended.id));
    }
  }
}

void Checkers::CheckAttempt(const Scene& scene, const AttemptRecord& record) {
  const Rows& disk = scene.disk;
  const PipelineKey& key = scene.key;
  Seen& seen = seen_[{key.id, record.instance}];
  const auto instance = ReadInstance(disk, key, record.instance);
  if (!instance) {
    Fail("an attempt without its instance: " + record.instance);
    return;
  }
  const auto find = [&](int number) -> std::optional<AttemptRecord> {
    const std::string row =
        engine::RecordKey(key, RecordKind::kAttempt, engine::AttemptId(record.instance, number));
    // What this decision wrote is compared as it was.
    if (auto old = attempts_before_.find(row); old != attempts_before_.end()) return old->second;
    const auto now = disk.find(row);
    if (number == record.number || now == disk.end()) return std::nullopt;
    return std::get<AttemptRecord>(engine::DecodeRecord(now->first, now->second)->change);
  };
  const auto before = find(record.number), previous = find(record.number - 1);
  const auto definition = PlanOf(disk, key, instance->version);
  const auto component =
      definition == nullptr ? std::nullopt : definition->plan.OfInstance(record.instance);
  if (component) {
    // An edit changes what later instances wait for.
    const auto made_under = PlanOf(disk, key, seen.version);
    Fail(CheckAttemptRules(
        scene, {made_under != nullptr ? *made_under : *definition,
                definition->plan.components[*component], *instance, before ? &*before : nullptr,
                previous ? &*previous : nullptr, record, seen.fresh}));
  }
  if (engine::IsTerminal(record.status)) {
    if (record.error_id == "PreconditionNotMet") --seen.attempts_used;
    return;
  }
  const bool is_new = record.number == instance->attempts && record.leases == 0 &&
                      !record.acknowledged_at && record.lease == 0 &&
                      leases_.find({{key.id, record.instance}, record.number}) == leases_.end();
  if (!is_new) return;
  uint64_t& mark = leases_[{{key.id, record.instance}, record.number}];  // seen
  mark = 0;
  ++seen.attempts_used;
  made_at_[{{key.id, record.instance}, record.number}] = scene.event.at;
  if (component) {
    const int most = 1 + engine::MaximumRetries(options_, definition->plan.components[*component]);
    if (seen.attempts_used > most) {
      Fail(fmt::format("{} made {} attempts of {}", record.instance, seen.attempts_used, most));
    }
  }
  if (!seen.fresh) return;
  seen.fresh = false;
  if (IsResource(instance->component)) return;
  for (const std::string& id : instance->depends_on) {
    const auto dependency = ReadInstance(disk, key, id);
    // What was never made (an object added later) holds nobody up.
    if (dependency && dependency->status != RunStatus::kFinished) {
      Fail(fmt::format("{} ran before {}, which is {}", record.instance, id,
                       engine::StatusName(dependency->status)));
    }
  }
  if (!instance->resource.empty()) {
    const auto resource = ReadInstance(disk, key, instance->resource);
    if (!resource || resource->status != RunStatus::kRunning) {
      Fail(fmt::format("{} was offered to a resource that is not running", record.instance));
    }
  }
}

void Checkers::CheckMaxActive(const Rows& disk, const PipelineKey& key,
                              const InstanceRecord& record) {
  const auto pipeline = ReadPipeline(disk, key);
  const auto plan = pipeline ? PlanOf(disk, key, pipeline->active_version) : nullptr;
  if (plan == nullptr || plan->plan.on_demand || !record.node.empty() ||
      IsResource(record.component))
    return;
  const auto index = plan->plan.OfInstance(record.id);
  if (!index) return;
  const int most = plan->plan.components[*index].max_active_instances.value_or(
      options_.default_max_active_instances);
  int active = 0;
  for (const InstanceRecord& other : ReadAll<InstanceRecord>(disk, key, RecordKind::kInstance)) {
    const auto seen = seen_.find({key.id, other.id});
    const bool rerun = seen != seen_.end() && seen->second.starts > 1;
    active += other.component == record.component && !engine::IsTerminal(other.status) && !rerun;
  }
  if (active > most)
    Fail(fmt::format("{} active instances of {}, at most {}", active, record.component, most));
}

void Checkers::Acknowledged(const Rows& disk, const PipelineKey& key, const engine::TaskKey& task) {
  const auto instance = ReadInstance(disk, key, task.instance);
  if (!instance) return;  // deleted since
  if (instance->attempts != task.attempt || engine::IsTerminal(instance->status)) return;
  const auto& seen = seen_[{key.id, task.instance}];
  if (seen.starts == 1) Fail(fmt::format("{}: an acknowledged outcome was lost", task.instance));
}

void Checkers::Executed(const Rows& disk, const PipelineKey& pipeline, const EffectRecord& effect,
                        bool begins) {
  const std::string key = pipeline.id + effect.key;
  if (!decided_.contains(key)) {
    Fail("an effect without its decision: " + effect.key);
    return;
  }
  if (!disk.contains(engine::RecordKey(pipeline, RecordKind::kEffect, effect.key)))
    Fail("an effect is executed that nobody wants any more: " + effect.key);
  if (!begins) return;
  const uint64_t crashes = crashes_ - decided_at_crash_[key];
  if (++executed_[key] > decided_[key] + crashes)
    Fail("an effect was executed again without a crash: " + effect.key);
}

void Checkers::AtRest(const Rows& disk, const std::set<std::string>& machines) {
  for (const auto& [key, pipeline] : ReadPipelines(disk)) {
    for (const InstanceRecord& record : ReadAll<InstanceRecord>(disk, key, RecordKind::kInstance)) {
      if (engine::IsTerminal(record.status)) continue;
      std::string rest;
      for (const std::string& id : record.waiting_on) {
        const auto other = ReadInstance(disk, key, id);
        rest +=
            fmt::format("; {} is {}", id, other ? engine::StatusName(other->status) : "not there");
      }
      Fail(fmt::format("calm for days and {} is still {}: {}{}", record.id,
                       engine::StatusName(record.status), record.waiting_reason, rest));
      return;
    }
    const auto plan = PlanOf(disk, key, pipeline.active_version);
    if (plan == nullptr || plan->plan.on_demand) continue;
    for (const engine::Component& component : plan->plan.components) {
      const bool own = component.kind == engine::ComponentKind::kActivity ||
                       component.kind == engine::ComponentKind::kDataNode;
      const auto beat = own ? BeatOf(plan->resolved.source(), component.id) : std::nullopt;
      if (!beat) continue;
      // What an edit added begins with the next interval then.
      bool begun = !component.id.starts_with(kAddedPrefix);
      for (int64_t k = 0; k < beat->occurrences(); ++k) {
        const bool made =
            ReadInstance(disk, key, engine::InstanceId(component.stem, beat->StartOf(k)))
                .has_value();
        begun |= made;
        if (begun && !made) {
          Fail(fmt::format("interval {} of {} has no instance", FormatDateTime(beat->StartOf(k)),
                           component.id));
          return;
        }
      }
    }
    if (pipeline.state != engine::PipelineState::kFinished) {
      Fail(fmt::format("calm for days and the pipeline is {}",
                       engine::PipelineStateName(pipeline.state)));
    }
  }
  if (!machines.empty()) Fail("a machine was forgotten: " + *machines.begin());
}

}  // namespace penstock::sim
