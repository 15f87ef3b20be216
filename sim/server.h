// The imperative shell in miniature: decide, apply, commit, answer, over a map that survives
// crashes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/codec.h"
#include "engine/engine.h"
#include "sim/checkers.h"
#include "sim/dice.h"
#include "sim/mutations.h"
#include "sim/scenario.h"

namespace penstock::sim {

class Server {
 public:
  Server(const engine::EngineOptions& options, const Weather& weather, Dice& dice,
         Checkers& checkers, Mutation mutation);

  /// What the caller hears; nullopt: nothing, ever. `faults`: whether the weather applies.
  std::optional<engine::Decision> Serve(const engine::Event& event, bool faults);

  const engine::State& memory() const { return memory_; }
  const Rows& disk() const { return disk_; }
  /// Everything in the outbox.
  std::vector<std::pair<std::string, engine::EffectRecord>> Outbox() const;

  /// Sees each decision and how it fared, before anyone else; for whoever wants to watch.
  std::function<void(const engine::Event&, const engine::Decision&, std::string_view fate)>
      observer;

  uint64_t events = 0, crashes = 0, failed_commits = 0, trace = 14695981039346656037u;
  uint64_t generation = 0;          // rises with each crash
  std::vector<engine::Write> lost;  // of the last decision, when it was not committed

 private:
  void Recover();
  void Load(const engine::Event& event);
  void Store(const std::vector<engine::Write>& writes);
  void Mix(std::string_view bytes);

  const engine::EngineOptions options_;
  const Weather& weather_;
  Dice& dice_;
  Checkers& checkers_;
  Mutation mutation_;
  engine::State memory_;
  Rows disk_;
};

/// Everything that matters of a state, as text: equal states have equal fingerprints.
std::string Fingerprint(const engine::State& state);
/// A state made of what the disk has.
engine::State Replay(const Rows& disk, const engine::EngineOptions& options);

}  // namespace penstock::sim
