// The rules that must hold after every event, whatever the weather. They look at the disk and at
// decisions, never at how the engine came to them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/codec.h"
#include "engine/engine.h"
#include "sim/rules.h"

namespace penstock::sim {

class Checkers {
 public:
  explicit Checkers(const engine::EngineOptions& options) : options_(options) {}

  /// The first broken rule, with details; empty while all is well.
  const std::string& broken() const { return broken_; }
  void Fail(const std::string& rule);
  void Equal(const std::string& a, const std::string& b, const std::string& rule);

  /// Around every commit. Before: also for decisions that write nothing.
  void BeforeCommit(const Rows& disk, const engine::Event& event, const engine::Decision& decision);
  void AfterCommit(const Rows& disk, const engine::Event& event, const engine::Decision& decision);

  /// A caller hears the reply of that decision: whatever crashed since, what it wrote must be
  /// there.
  void Answered(const Rows& disk, const engine::Decision& decision);
  /// A worker begins with a task.
  void Began(const engine::TaskKey& task);
  /// A worker heard that its FINISHED was taken.
  void Acknowledged(const Rows& disk, const engine::PipelineKey& pipeline,
                    const engine::TaskKey& task);
  /// An effect is being executed; `begins`: for the first time, or again from the start.
  void Executed(const Rows& disk, const engine::PipelineKey& pipeline,
                const engine::EffectRecord& effect, bool begins);
  void Crashed() { ++crashes_; }

  /// When everything should be over: nothing unfinished, nothing missed, nothing leaked.
  void AtRest(const Rows& disk, const std::set<std::string>& machines);

 private:
  struct Name {
    std::string pipeline, instance;
    auto operator<=>(const Name&) const = default;
  };
  /// What was seen of one instance.
  struct Seen {
    engine::RunStatus status = engine::RunStatus::kScheduled;
    uint64_t version = 0;               // of the definition it was made under
    bool began = false;                 // it was at work
    bool fresh = true;                  // no attempt since it was made, rerun or resumed
    int attempts_used = 0;              // since then, unmet preconditions not counted
    int starts = 1;                     // times it was made, rerun or resumed
    std::map<std::string, int> alarms;  // by slot
  };

  void CheckInstance(const Scene& scene, const engine::InstanceRecord& record);
  void CheckWaiters(const Scene& scene, const engine::InstanceRecord& ended);
  void CheckEffect(const std::string& pipeline, const engine::EffectRecord& effect);
  void CheckAttempt(const Scene& scene, const engine::AttemptRecord& record);
  void CheckHandOut(const Rows& disk, const engine::Event& event, const engine::Task& task);
  Instant MadeAt(const engine::PipelineKey& key, const engine::AttemptRecord& attempt) const;
  void CheckMaxActive(const Rows& disk, const engine::PipelineKey& key,
                      const engine::InstanceRecord& record);

  /// The definition an instance was made under; nullptr when the disk has it no more.
  std::shared_ptr<const engine::CompiledDefinition> PlanOf(const Rows& disk,
                                                           const engine::PipelineKey& key,
                                                           uint64_t version);

  const engine::EngineOptions options_;
  std::string broken_;
  Instant latest_{};  // of all events
  std::map<std::pair<std::string, uint64_t>, std::shared_ptr<const engine::CompiledDefinition>>
      plans_;                                                       // by pipeline and version
  std::map<std::string, engine::InstanceRecord> instances_before_;  // by row, of this commit
  std::map<std::string, engine::AttemptRecord> attempts_before_;
  std::set<std::tuple<Name, int, uint64_t>> begun_;  // by attempt and lease
  std::map<std::pair<Name, int>, Instant> made_at_;  // attempts, as the event's clock had it
  std::map<Name, Seen> seen_;
  std::map<std::pair<Name, int>, uint64_t> leases_;  // newest, by attempt
  std::map<std::string, uint64_t> decided_;          // how often each effect key was
  std::set<std::string> withdrawn_;                  // of them, those that are wanted no more
  std::map<std::string, uint64_t> executed_;
  std::map<std::string, uint64_t> decided_at_crash_;
  uint64_t crashes_ = 0;
};

/// The instance as the disk has it.
std::optional<engine::InstanceRecord> ReadInstance(const Rows& disk, const engine::PipelineKey& key,
                                                   const std::string& id);
/// All rows of that kind of a pipeline.
template <class Record>
std::vector<Record> ReadAll(const Rows& disk, const engine::PipelineKey& key,
                            engine::RecordKind kind) {
  std::vector<Record> records;
  const std::string prefix = engine::KeyPrefix(key, kind);
  for (auto it = disk.lower_bound(prefix); it != disk.end() && it->first.starts_with(prefix);
       ++it) {
    records.push_back(std::get<Record>(engine::DecodeRecord(it->first, it->second)->change));
  }
  return records;
}
/// Every pipeline on the disk.
std::vector<std::pair<engine::PipelineKey, engine::PipelineRecord>> ReadPipelines(const Rows& disk);

}  // namespace penstock::sim
