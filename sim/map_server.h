// The imperative shell in miniature: decide, apply, commit, answer, over a map that survives
// crashes. It is fast, and it is where deliberate faults are built in.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "scheduler/effect_handler.h"
#include "sim/mutations.h"
#include "sim/server.h"

namespace penstock::sim {

class World;

class MapServer : public Server {
 public:
  /// The world outlives it.
  MapServer(World& world, const engine::EngineOptions& options, const Mutation& mutation);

  void Serve(engine::EventBody body, Answer answer) override;
  void Report(engine::EventBody body, std::function<void()> heard) override;
  std::optional<Instant> NextDue() override;
  void Step() override;
  bool settled() const override { return true; }
  const engine::State& memory() const override { return memory_; }
  const Rows& disk() const override { return disk_; }

 private:
  /// What the caller hears; nullopt: nothing, ever.
  std::optional<engine::Decision> Decide(engine::EventBody body);
  std::optional<engine::Decision> DecideAndCommit(const engine::Event& event);
  /// The clock, as the scheduler reads it: a small step back makes it stand still, a larger one is
  /// followed.
  Instant Now();
  void Load(const engine::Event& event);
  void Recover();

  // The executor in miniature.
  void ExecuteAll(const std::vector<engine::Write>& writes);
  void Execute(const engine::PipelineKey& pipeline, const engine::EffectRecord& effect);
  void Try(EffectJob job, uint64_t of_generation);
  bool IsWanted(const EffectJob& job, uint64_t of_generation) const;
  void CheckResources();

  World& world_;
  const engine::EngineOptions options_;
  const Mutation& mutation_;
  engine::State memory_;
  Rows disk_;
  std::vector<engine::Write> lost_;  // of the last decision, when it was not committed
  Instant last_at_{};                // of the last event
  int idle_wakes_ = 0;
  std::set<std::string> in_flight_;  // effects being executed by the server as it stands
  uint64_t executing_generation_ = 0;
};

}  // namespace penstock::sim
