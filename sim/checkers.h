// The rules that must hold after every event, whatever the weather. They look at the disk and at
// decisions, never at how the engine came to them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/codec.h"
#include "engine/engine.h"

namespace penstock::sim {

/// The disk: what the store keeps.
using Rows = std::map<std::string, std::string>;

class Checkers {
 public:
  /// The first broken rule, with details; empty while all is well.
  const std::string& broken() const { return broken_; }
  void Fail(const std::string& rule);
  void Equal(const std::string& a, const std::string& b, const std::string& rule);

  /// Around every commit. Before: also for decisions that write nothing.
  void BeforeCommit(const Rows& disk, const engine::Event& event, const engine::Decision& decision);
  void AfterCommit(const Rows& disk, const engine::Event& event, const engine::Decision& decision);

  /// A worker heard that its FINISHED was taken.
  void Acknowledged(const Rows& disk, const engine::PipelineKey& pipeline,
                    const engine::TaskKey& task);
  /// An effect is being executed.
  void Executed(const std::string& pipeline, const engine::EffectRecord& effect);
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
    bool fresh = true;                  // no attempt since it was made, rerun or resumed
    int attempts_used = 0;              // since then, unmet preconditions not counted
    int starts = 1;                     // times it was made, rerun or resumed
    std::map<std::string, int> alarms;  // by slot
  };

  void CheckInstance(const Rows& disk, const engine::Event& event, const engine::PipelineKey& key,
                     const engine::InstanceRecord& record);
  void CheckEffect(const std::string& pipeline, const engine::EffectRecord& effect);
  void CheckAttempt(const Rows& disk, const engine::PipelineKey& key,
                    const engine::AttemptRecord& record);
  void CheckMaxActive(const Rows& disk, const engine::PipelineKey& key,
                      const engine::InstanceRecord& record);

  std::string broken_;
  std::map<Name, Seen> seen_;
  std::map<std::pair<Name, int>, uint64_t> leases_;  // newest, by attempt
  std::set<std::string> decided_;                    // effect keys
  std::map<std::string, int> executed_;
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
