#include "sim/checkers.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/links.h"
#include "engine/retry.h"

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

std::shared_ptr<const engine::CompiledDefinition> ReadPlan(const Rows& disk, const PipelineKey& key,
                                                           uint64_t version) {
  auto row = disk.find(engine::RecordKey(key, RecordKind::kDefinition,
                                         engine::RecordId(engine::DefinitionRecord{version, {}})));
  if (row == disk.end()) return nullptr;
  return engine::CompileDefinition(
      std::get<engine::DefinitionRecord>(engine::DecodeRecord(row->first, row->second)->change));
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
  for (const auto& [key, value] : disk) {
    auto write = engine::DecodeRecord(key, value);
    if (const auto* record = std::get_if<engine::PipelineRecord>(&write->change)) {
      pipelines.emplace_back(write->pipeline, *record);
    }
  }
  return pipelines;
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

void Checkers::BeforeCommit(const Rows&, const Event& event, const Decision& decision) {
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
  for (const engine::Write& write : decision.writes) {
    if (const auto* instance = std::get_if<InstanceRecord>(&write.change)) {
      CheckInstance(disk, event, write.pipeline, *instance);
    }
  }
  for (const engine::Write& write : decision.writes) {
    if (const auto* attempt = std::get_if<AttemptRecord>(&write.change))
      CheckAttempt(disk, write.pipeline, *attempt);
    if (std::holds_alternative<engine::ErasePipeline>(write.change)) {
      std::erase_if(seen_,
                    [&](const auto& entry) { return entry.first.pipeline == write.pipeline.id; });
    }
  }
  size_t effects = 0;
  for (const engine::Write& write : decision.writes) {
    const auto* effect = std::get_if<EffectRecord>(&write.change);
    if (effect == nullptr) continue;
    ++effects;
    CheckEffect(write.pipeline.id, *effect);
  }
  if (effects < decision.effects.size()) Fail("an effect that no write keeps");
}

void Checkers::CheckEffect(const std::string& pipeline, const EffectRecord& effect) {
  const bool alarm = effect.kind == engine::EffectKind::kPublishAlarm;
  if (!decided_.insert(pipeline + effect.key).second && alarm)
    Fail("an alarm was decided twice: " + effect.key);
  decided_at_crash_.emplace(pipeline + effect.key, crashes_);
  if (!alarm) return;
  Seen& seen = seen_[{pipeline, effect.instance}];
  const std::string slot = effect.key.substr(effect.instance.size());
  const std::string name = slot.substr(0, slot.find('='));
  if (++seen.alarms[name] > (name == "_onLateAction" ? 1 : seen.starts)) {
    Fail(fmt::format("{} fired {} too often", effect.instance, name));
  }
}

void Checkers::CheckInstance(const Rows& disk, const Event& event, const PipelineKey& key,
                             const InstanceRecord& record) {
  auto [it, fresh] = seen_.try_emplace({key.id, record.id});
  Seen& seen = it->second;
  if (fresh) {
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
}

void Checkers::CheckAttempt(const Rows& disk, const PipelineKey& key, const AttemptRecord& record) {
  Seen& seen = seen_[{key.id, record.instance}];
  const auto instance = ReadInstance(disk, key, record.instance);
  if (!instance) {
    Fail("an attempt without its instance: " + record.instance);
    return;
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
  const auto pipeline = ReadPipeline(disk, key);
  const auto plan = ReadPlan(disk, key, instance->version);
  if (plan != nullptr) {
    if (const auto index = plan->plan.OfInstance(record.instance)) {
      const int most = 1 + engine::MaximumRetries({}, plan->plan.components[*index]);
      if (seen.attempts_used > most) {
        Fail(fmt::format("{} made {} attempts of {}", record.instance, seen.attempts_used, most));
      }
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
  const auto plan = pipeline ? ReadPlan(disk, key, pipeline->active_version) : nullptr;
  if (plan == nullptr || plan->plan.on_demand || !record.node.empty() ||
      IsResource(record.component))
    return;
  const auto index = plan->plan.OfInstance(record.id);
  if (!index) return;
  const int most = plan->plan.components[*index].max_active_instances.value_or(
      engine::EngineOptions{}.default_max_active_instances);
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

void Checkers::Executed(const std::string& pipeline, const EffectRecord& effect) {
  const std::string key = pipeline + effect.key;
  if (!decided_.contains(key)) {
    Fail("an effect without its decision: " + effect.key);
    return;
  }
  const uint64_t crashes = crashes_ - decided_at_crash_[key];
  if (static_cast<uint64_t>(++executed_[key]) > 1 + crashes)
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
    const auto plan = ReadPlan(disk, key, pipeline.active_version);
    if (plan == nullptr || plan->plan.on_demand) continue;
    const engine::Calendar calendar(plan->plan, pipeline.first_activated_at.value_or(Instant{}));
    for (const engine::Component& component : plan->plan.components) {
      const bool own = component.kind == engine::ComponentKind::kActivity ||
                       component.kind == engine::ComponentKind::kDataNode;
      if (!own || !component.schedule) continue;
      const engine::Timetable table = calendar.Of(component);
      for (int64_t k = 0; table.Has(k); ++k) {
        if (!ReadInstance(disk, key, engine::InstanceId(component.stem, table.At(k).start))) {
          Fail(fmt::format("interval {} of {} has no instance", FormatDateTime(table.At(k).start),
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
