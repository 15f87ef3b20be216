#include "engine/state.h"

#include <utility>

#include "base/check.h"
#include "engine/codec.h"
#include "engine/engine.h"

namespace penstock::engine {

const CompiledDefinition* PipelineWork::Active() const {
  auto it = definitions.find(record.active_version);
  return it == definitions.end() ? nullptr : &it->second.Compiled();
}

const CompiledDefinition* PipelineWork::Version(uint64_t version) const {
  auto it = definitions.find(version);
  return it == definitions.end() ? Active() : &it->second.Compiled();
}

const PipelineWork* State::Find(std::string_view pipeline) const {
  auto it = pipelines.find(pipeline);
  return it == pipelines.end() ? nullptr : &it->second;
}

namespace {

/// Applies writes to one state, keeping its indexes, and notes what takes them back.
class Applier {
 public:
  Applier(State& state, Undo* undo) : state_(state), undo_(undo) {}

  void Apply(const Write& write) {
    if (std::holds_alternative<ErasePipeline>(write.change)) {
      Erase(write.pipeline);
      return;
    }
    auto [it, fresh] = state_.pipelines.try_emplace(write.pipeline.id);
    PipelineWork& work = it->second;
    if (fresh) {
      work.key = write.pipeline;
      Note(write.pipeline, ErasePipeline{});
    }
    std::visit([&](const auto& change) { Put(work, change); }, write.change);
  }

  void ForgetUnused() {
    for (const auto& [pipeline, instance] : state_.history) {
      auto work = state_.pipelines.find(pipeline);
      if (work == state_.pipelines.end()) continue;
      auto run = work->second.runs.find(instance);
      if (run != work->second.runs.end() && run->second.history) work->second.runs.erase(run);
    }
    state_.history.clear();
    state_.compiled->Trim();
  }

  void IndexAll(PipelineWork& work) {
    IndexRecord(work);
    for (auto& [id, component] : work.components) Index(work, component);
    for (auto& [id, run] : work.runs) Index(work, run);
  }

  void UnindexAll(PipelineWork& work) {
    UnindexRecord(work);
    for (auto& [id, component] : work.components) Unindex(work, component);
    for (auto& [id, run] : work.runs) Unindex(work, run);
  }

 private:
  void Note(const PipelineKey& key, Change inverse) {
    if (undo_ != nullptr) undo_->inverse.push_back({key, std::move(inverse)});
  }

  // ---- puts

  void Put(PipelineWork& work, const PipelineRecord& record) {
    Note(work.key, work.record);
    UnindexRecord(work);
    work.record = record;
    IndexRecord(work);
  }

  void Put(PipelineWork& work, const DefinitionRecord& record) {
    auto it = work.definitions.find(record.version);
    if (it == work.definitions.end()) {
      Note(work.key, EraseRecord{RecordKind::kDefinition, RecordId(record)});
    } else {
      if (it->second.Holds(record)) return;
      Note(work.key, it->second.Unpack());
      work.definitions.erase(it);
    }
    work.definitions.try_emplace(record.version, record, state_.compiled);
  }

  void Put(PipelineWork& work, const ComponentRecord& record) {
    auto [it, fresh] = work.components.try_emplace(record.id);
    if (fresh) {
      Note(work.key, EraseRecord{RecordKind::kComponent, record.id});
    } else {
      Note(work.key, it->second);
      Unindex(work, it->second);
    }
    it->second = record;
    Index(work, it->second);
  }

  void Put(PipelineWork& work, const InstanceRecord& record) {
    if (!IsWorkingSet(record)) {
      EraseRun(work, record.id);
      return;
    }
    auto [it, fresh] = work.runs.try_emplace(record.id);
    Run& run = it->second;
    Unindex(work, run);
    if (fresh || run.history) {
      Note(work.key, EraseRecord{RecordKind::kInstance, record.id});
    } else {
      Note(work.key, std::move(run.instance));
    }
    if (run.history) {
      run.history = false;
      if (run.attempt && IsTerminal(run.attempt->status)) run.attempt.reset();
    }
    run.instance = record;
    Index(work, run);
  }

  void Put(PipelineWork& work, const AttemptRecord& record) {
    auto it = work.runs.find(record.instance);
    if (IsTerminal(record.status)) {
      if (it != work.runs.end()) EraseAttempt(work, it->second, record.number);
      return;
    }
    Run& run = it != work.runs.end() ? it->second : work.runs[record.instance];
    Unindex(work, run);
    if (run.attempt && run.attempt->number == record.number) {
      Note(work.key, *std::move(run.attempt));
    } else {
      Note(work.key, EraseRecord{RecordKind::kAttempt, RecordId(record)});
    }
    run.attempt = record;
    Index(work, run);
  }

  void Put(PipelineWork& work, const EffectRecord& record) {
    auto [it, fresh] = work.effects.try_emplace(record.key);
    if (fresh) {
      Note(work.key, EraseRecord{RecordKind::kEffect, record.key});
    } else {
      Note(work.key, it->second);
    }
    it->second = record;
  }

  void Put(PipelineWork& work, const TombstoneRecord&) { work.deleted = true; }

  void Put(PipelineWork& work, const EraseRecord& erase) {
    switch (erase.kind) {
      case RecordKind::kPipeline:
      case RecordKind::kTombstone:
        CHECK(false, "a pipeline is erased as a whole");
      case RecordKind::kDefinition:
        for (auto it = work.definitions.begin(); it != work.definitions.end(); ++it) {
          if (RecordId(DefinitionRecord{it->first, {}}) != erase.id) continue;
          Note(work.key, it->second.Unpack());
          work.definitions.erase(it);
          return;
        }
        return;
      case RecordKind::kComponent:
        if (auto it = work.components.find(erase.id); it != work.components.end()) {
          Note(work.key, it->second);
          Unindex(work, it->second);
          work.components.erase(it);
        }
        return;
      case RecordKind::kInstance:
        EraseRun(work, erase.id);
        return;
      case RecordKind::kAttempt: {
        const auto name = ParseAttemptId(erase.id);
        if (!name) return;
        auto it = work.runs.find(name->instance);
        if (it != work.runs.end()) EraseAttempt(work, it->second, name->number);
        return;
      }
      case RecordKind::kEffect:
        if (auto it = work.effects.find(erase.id); it != work.effects.end()) {
          Note(work.key, it->second);
          work.effects.erase(it);
        }
        return;
    }
  }

  void Put(PipelineWork&, const ErasePipeline&) {}

  void Erase(const PipelineKey& key) {
    auto it = state_.pipelines.find(key.id);
    if (it == state_.pipelines.end()) return;
    UnindexAll(it->second);
    if (undo_ != nullptr)
      undo_->erased.emplace_back(key.id, std::make_shared<PipelineWork>(std::move(it->second)));
    state_.pipelines.erase(it);
  }

  void EraseRun(PipelineWork& work, const std::string& id) {
    auto it = work.runs.find(id);
    if (it == work.runs.end()) return;
    Run& run = it->second;
    Unindex(work, run);
    if (!run.history) {
      // Given back newest first: the instance, then its attempt.
      if (run.attempt) Note(work.key, *std::move(run.attempt));
      Note(work.key, std::move(run.instance));
    }
    work.runs.erase(it);
  }

  void EraseAttempt(PipelineWork& work, Run& run, int number) {
    if (!run.attempt || run.attempt->number != number) return;
    Unindex(work, run);
    Note(work.key, *std::move(run.attempt));
    run.attempt.reset();
    Index(work, run);
  }

  // ---- indexes

  void IndexRecord(PipelineWork& work) {
    if (work.record.name.empty() && work.record.unique_id.empty()) return;
    state_.by_unique_id[UniqueKey(work)] = work.key.id;
  }
  void UnindexRecord(PipelineWork& work) { state_.by_unique_id.erase(UniqueKey(work)); }
  static std::tuple<std::string, std::string, std::string, std::string> UniqueKey(
      const PipelineWork& work) {
    return {work.key.scope.account, work.key.scope.region, work.record.name, work.record.unique_id};
  }

  void Index(PipelineWork& work, const ComponentRecord& component) {
    if (component.wake_at)
      state_.timers.insert(
          {*component.wake_at, work.key.id, Timer::Kind::kComponent, component.id});
  }
  void Unindex(PipelineWork& work, const ComponentRecord& component) {
    if (component.wake_at)
      state_.timers.erase({*component.wake_at, work.key.id, Timer::Kind::kComponent, component.id});
  }

  void Index(PipelineWork& work, const Run& run) {
    if (run.history) return;
    const InstanceRecord& instance = run.instance;
    const std::string& id = instance.id;
    if (id.empty()) return;  // its attempt was read before it
    for (const std::string& other : instance.waiting_on) work.dependents.emplace(other, id);
    if (!IsTerminal(instance.status)) {
      work.by_component.emplace(instance.component, id);
      if (!instance.resource.empty()) work.users.emplace(instance.resource, id);
    }
    if (instance.wake_at)
      state_.timers.insert({*instance.wake_at, work.key.id, Timer::Kind::kInstance, id});
    if (!run.attempt) return;
    const AttemptRecord& attempt = *run.attempt;
    if (attempt.deadline)
      state_.timers.insert({*attempt.deadline, work.key.id, Timer::Kind::kInstance, id});
    if (IsOffered(attempt)) {
      state_.offered[{work.key.scope, attempt.worker_group}].insert(
          {attempt.created_at, work.key.id, id});
    }
  }
  void Unindex(PipelineWork& work, const Run& run) {
    if (run.history) return;
    const InstanceRecord& instance = run.instance;
    const std::string& id = instance.id;
    if (id.empty()) return;
    for (const std::string& other : instance.waiting_on) work.dependents.erase({other, id});
    work.by_component.erase({instance.component, id});
    if (!instance.resource.empty()) work.users.erase({instance.resource, id});
    if (instance.wake_at)
      state_.timers.erase({*instance.wake_at, work.key.id, Timer::Kind::kInstance, id});
    if (!run.attempt) return;
    const AttemptRecord& attempt = *run.attempt;
    if (attempt.deadline)
      state_.timers.erase({*attempt.deadline, work.key.id, Timer::Kind::kInstance, id});
    if (!IsOffered(attempt)) return;
    auto group = state_.offered.find({work.key.scope, attempt.worker_group});
    if (group == state_.offered.end()) return;
    group->second.erase({attempt.created_at, work.key.id, id});
    if (group->second.empty()) state_.offered.erase(group);
  }
  static bool IsOffered(const AttemptRecord& attempt) {
    return attempt.status == RunStatus::kWaitingForRunner && attempt.lease == 0 && !attempt.held &&
           !attempt.worker_group.empty();
  }

  State& state_;
  Undo* undo_;
};

}  // namespace

void Apply(State& state, std::span<const Write> writes) {
  Applier applier(state, nullptr);
  for (const Write& write : writes) applier.Apply(write);
  applier.ForgetUnused();
}

Undo ApplyWithUndo(State& state, std::span<const Write> writes) {
  Undo undo;
  Applier applier(state, &undo);
  for (const Write& write : writes) applier.Apply(write);
  applier.ForgetUnused();
  std::reverse(undo.inverse.begin(), undo.inverse.end());
  return undo;
}

void Revert(State& state, Undo undo) {
  Applier applier(state, nullptr);
  for (const Write& write : undo.inverse) applier.Apply(write);
  for (auto& [id, work] : undo.erased) {
    if (auto it = state.pipelines.find(id); it != state.pipelines.end()) {
      applier.UnindexAll(it->second);
      state.pipelines.erase(it);
    }
    work->dependents.clear();
    work->users.clear();
    work->by_component.clear();
    applier.IndexAll(state.pipelines.emplace(id, std::move(*work)).first->second);
  }
}

void LoadHistory(State& state, const Write& record) {
  auto it = state.pipelines.find(record.pipeline.id);
  if (it == state.pipelines.end()) return;
  PipelineWork& work = it->second;
  if (const auto* instance = std::get_if<InstanceRecord>(&record.change)) {
    auto [run, fresh] = work.runs.try_emplace(instance->id);
    if (!fresh && !run->second.history) return;
    run->second.history = true;
    run->second.instance = *instance;
    state.history.emplace_back(record.pipeline.id, instance->id);
  } else if (const auto* attempt = std::get_if<AttemptRecord>(&record.change)) {
    auto [run, fresh] = work.runs.try_emplace(attempt->instance);
    if (!fresh && !run->second.history) return;
    run->second.history = true;
    run->second.attempt = *attempt;
    state.history.emplace_back(record.pipeline.id, attempt->instance);
  }
}

std::optional<Instant> NextWake(const State& state) {
  if (state.timers.empty()) return std::nullopt;
  return state.timers.begin()->at;
}

}  // namespace penstock::engine
