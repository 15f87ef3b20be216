// One decision in the making: what it reads of a pipeline, through what it has written of it so
// far. Nothing here decides anything; the transitions (advance.h, outcome.h, …) do.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/decision.h"
#include "engine/state.h"

namespace penstock::engine {

/// The overlay over one pipeline. References stay valid until the draft ends.
class Draft {
 public:
  /// `base` is nullptr for a pipeline that is being created. Both are borrowed and must not change
  /// meanwhile.
  Draft(const State& state, const PipelineWork* base, PipelineKey key, Instant now);
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  Instant now() const { return now_; }
  const EngineOptions& options() const { return state_.options; }
  const PipelineKey& key() const { return key_; }

  const PipelineRecord& record() const { return record_ ? *record_ : base_->record; }
  PipelineRecord& EditRecord();

  /// Whether there is a definition that runs: not before the first activation.
  bool IsActivated() const { return PlanOf(record().active_version) != nullptr; }
  /// Its plan. REQUIRES: IsActivated().
  const Plan& plan() const { return *PlanOf(record().active_version); }
  /// Its text; nullptr unless IsActivated().
  const CompiledDefinition* Active() const { return Version(record().active_version); }
  /// That version's text, or nullptr. Costs more than a plan: only for what needs the text.
  const CompiledDefinition* Version(uint64_t version) const;
  /// `compiled` is of this record.
  void PutDefinition(DefinitionRecord record, std::shared_ptr<const CompiledDefinition> compiled);
  /// Drops versions that are neither latest nor active nor an unfinished instance's.
  void EraseUnusedDefinitions();

  /// The definition an instance was made under, or the active one when that is gone.
  const CompiledDefinition& DefinitionOf(const InstanceRecord& instance) const;
  const Plan& PlanOf(const InstanceRecord& instance) const;
  /// The instance's component; nullptr when no definition in memory knows it.
  const Component* ComponentOf(const InstanceRecord& instance) const;
  const Component* ComponentOf(std::string_view instance_id) const;

  const ComponentRecord* FindComponent(std::string_view id) const;
  ComponentRecord& EditComponent(const std::string& id);

  /// nullptr when the instance never was, or ended before this decision and was not asked for by
  /// Needs().
  const InstanceRecord* Find(std::string_view id) const;
  /// REQUIRES: Find(id) is not null.
  InstanceRecord& Edit(const std::string& id);
  InstanceRecord& Create(InstanceRecord instance);

  /// The newest attempt while it is not over, else nullptr.
  const AttemptRecord* LiveAttempt(const std::string& instance) const;
  /// The newest attempt even if it is over, as far as it is in memory.
  const AttemptRecord* NewestAttempt(const std::string& instance) const;
  /// REQUIRES: LiveAttempt(instance) is not null.
  AttemptRecord& EditAttempt(const std::string& instance);
  AttemptRecord& CreateAttempt(AttemptRecord attempt);

  const EffectRecord* FindEffect(std::string_view key) const;
  void PutEffect(EffectRecord effect);
  void EraseEffect(const std::string& key);

  /// Instances that have `id` in waiting_on.
  std::vector<std::string> WaitersOf(const std::string& id) const;
  /// Unfinished instances that run on the resource instance `id`.
  std::vector<std::string> UsersOf(const std::string& id) const;
  /// Unfinished instances of a component; of all.
  std::vector<std::string> UnfinishedOf(const std::string& component) const;
  std::vector<std::string> Unfinished() const;
  bool AnyUnfinished() const;
  /// Instances that a deactivation stopped and an activation takes up again.
  std::vector<std::string> Resumable() const;

  /// Instances that must be looked at again, each once, first in first out.
  void Touch(const std::string& instance);
  std::optional<std::string> NextTouched();
  /// Components of which another instance may be due.
  void TouchComponent(const std::string& id) { components_touched_.insert(id); }
  bool AnyComponentTouched() const { return !components_touched_.empty(); }
  std::set<std::string> TakeTouchedComponents() { return std::exchange(components_touched_, {}); }
  /// Something ended: the pipeline's own state may follow.
  void TouchPipeline() { pipeline_touched_ = true; }
  bool TakeTouchedPipeline() { return std::exchange(pipeline_touched_, false); }

  void Offer(const std::string& worker_group) { offers_.insert(worker_group); }

  /// Adds this draft's part to the decision. Nothing else may be asked of it afterwards.
  void Commit(Decision& decision) &&;
  /// The earliest timer this draft sets.
  std::optional<Instant> NextWake() const;
  /// Whether the draft replaced the timers of that component or instance.
  bool Replaces(const Timer& timer) const;

 private:
  /// nullptr: there is no such version.
  const Plan* PlanOf(uint64_t version) const;
  template <class Keep>
  std::vector<std::string> Collect(const std::set<std::pair<std::string, std::string>>* index,
                                   const std::string& key, Keep keep) const;

  const State& state_;
  const PipelineWork* base_;
  const PipelineKey key_;
  const Instant now_;
  std::optional<PipelineRecord> record_;  // once it is edited
  std::map<uint64_t, DefinitionRecord> definitions_;
  std::map<uint64_t, std::shared_ptr<const CompiledDefinition>> compiled_;
  std::set<uint64_t> definitions_erased_;
  std::map<std::string, ComponentRecord, std::less<>> components_;
  std::map<std::string, InstanceRecord, std::less<>> instances_;
  std::map<std::pair<std::string, int>, AttemptRecord> attempts_;
  std::map<std::string, std::optional<EffectRecord>, std::less<>> effects_;  // nullopt: erased
  std::deque<std::string> touched_;
  std::set<std::string> touched_set_;
  std::set<std::string> components_touched_;
  bool pipeline_touched_ = false;
  std::set<std::string> offers_;
};

}  // namespace penstock::engine
