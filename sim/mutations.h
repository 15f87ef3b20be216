// Deliberate faults: each breaks what the engine decides, what the store keeps or what the executor
// does, at the seams between them, as a bug there would. A simulator that does not notice one has
// no right to say that all is well.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "sim/dice.h"
#include "sim/rules.h"

namespace penstock::sim {

/// One fault at work in one world. Whatever is not set works as it should.
struct Mutation {
  // In a world with the real server.
  bool lying_disk = false;     // syncing does nothing
  bool commits_later = false;  // some commits are said to be durable and never are

  // In a world with the map.
  // Around Decide.
  std::function<void(const Rows& disk, engine::Event&)> hears;
  std::function<void(const Rows& disk, const engine::Event&, engine::Decision&)> decides;
  std::function<bool(const engine::Need&)> misses;  // history that is there and is not found

  // Around the store.
  std::function<void(const Rows& disk, std::vector<engine::Write>&)> commits;
  std::function<void(Rows& disk)> crashes;  // what a crash does to the disk
  bool answers_early = false;               // also what is never committed
  bool keeps_failed_commits = false;        // in memory

  // Around the executor.
  std::function<int(const engine::EffectRecord&)> executes;  // how many times
  bool starts_early = false;        // effects of decisions that are never committed
  bool forgets_outbox = false;      // when it starts again after a crash
  bool ignores_withdrawal = false;  // goes on with effects that nobody wants any more
};

/// A kind of fault.
struct MutationKind {
  std::string_view name;
  std::string_view what;
  Mutation (*make)(Dice dice);
  bool of_real_server = false;  // not of the map
};
std::span<const MutationKind> MutationKinds();

/// Runs worlds with each fault, or with the one called `only`, until a rule breaks, at most
/// `seeds_max` worlds each, and prints name, fault, seed and rule. Whether all were noticed.
bool RunMutations(uint64_t seeds_max, std::string_view only);

}  // namespace penstock::sim
