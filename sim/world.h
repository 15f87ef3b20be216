// One simulated world: a server, clients, workers, machines, and a network between them that loses,
// doubles and delays. Two phases: a storm, in which nothing that must not happen may happen, and a
// calm, after which everything must be over.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "engine/event.h"
#include "scheduler/effect_handler.h"
#include "sim/checkers.h"
#include "sim/clock.h"
#include "sim/dice.h"
#include "sim/mutations.h"
#include "sim/scenario.h"
#include "sim/server.h"

namespace penstock::sim {

/// Which server the world has.
enum class ServerKind : uint8_t { kMap, kReal };

/// As an EffectHandler: the machines, conditions and mail boxes outside.
class World : public EffectHandler {
 public:
  /// `mutation`: what is wrong in it, if anything.
  World(uint64_t seed, ServerKind kind, Mutation mutation = {});
  ~World() override;

  /// Both phases. Whether every rule held; broken() says which did not.
  bool Run();

  const std::string& broken() const { return checkers_.broken(); }
  Server& server() { return *server_; }
  Instant now() const { return clock_.now; }
  Instant began() const { return began_; }

  // ---- for the parts

  Dice& dice() { return dice_; }
  /// The server's, which may be wrong.
  Clock& clock() { return clock_; }
  const Weather& weather() const { return scenario_.weather; }
  bool storm() const { return storm_; }
  Checkers& checkers() { return checkers_; }
  /// Does something later.
  void In(Duration delay, std::function<void()> what);
  /// A request over the network: it or its answer may be lost, come twice or late.
  void Request(engine::EventBody body, Server::Answer answer);

  /// What an effect does to the world; EffectHandler's promise.
  EffectResult Execute(const EffectJob& job, std::stop_token stop) override;
  Result<ResourceHealth> CheckResource(const EffectJob& job, std::stop_token stop) override;

  /// How often the host of those workers died. A worker of an earlier life works no more.
  int LifeOf(const std::string& worker) const {
    const auto found = lives_.find(worker);
    return found == lives_.end() ? 0 : found->second;
  }
  bool IsDead(const std::string& worker) const { return dead_.contains(worker); }
  /// Whether that machine exists and works.
  bool IsUp(const std::string& machine) const { return machines_.contains(machine); }

 private:
  struct Item {
    Instant at;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Item& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void Until(Instant end);
  void CountStep();
  Duration Latency();

  // clients
  void Drive(
      size_t index);  // creates, puts and activates until it was activated as often as it should
  void Activate(size_t index, const std::string& id);
  void Command();
  void Edit();
  void Settle();  // in the calm: an operator repairs what waits in vain
  bool AtRest() const;

  // trouble
  void Disturb();
  void JumpClock();
  void KillWorkerHost();
  void ReportLost(const std::string& worker);

  Dice dice_;
  const Scenario scenario_;
  const Mutation mutation_;
  Checkers checkers_;
  Instant began_;
  Clock clock_;
  bool storm_ = true;
  uint64_t order_ = 0;
  uint64_t steps_ = 0;          // of the server and of the rest, so far
  uint64_t steps_at_once_ = 0;  // of them, since time last passed
  Instant stepped_at_{};
  std::priority_queue<Item> queue_;
  std::map<size_t, std::string> pipelines_;  // by index in the scenario
  std::map<size_t, int> activations_;        // answered with success
  std::vector<PipelinePlan> plans_;          // as they were edited
  std::vector<std::string> workers_;         // those that are on no machine
  std::map<std::string, int> lives_;
  std::set<std::string> dead_;                        // the server was not told yet
  std::set<std::string> machines_;                    // by name
  std::map<std::string, Instant> starting_, ending_;  // until when, by machine
  std::set<std::string> staffed_;                     // machines that have had their workers
  std::set<std::string> replaced_;  // machines whose worker is another, and nobody has looked yet
  std::unique_ptr<Server> server_;  // last: it refers to all of the above
};

}  // namespace penstock::sim
