// One simulated world: a server, clients, workers, machines, and a network between them that loses,
// doubles and delays. Two phases: a storm, in which nothing that must not happen may happen, and a
// calm, after which everything must be over.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "engine/event.h"
#include "sim/checkers.h"
#include "sim/dice.h"
#include "sim/mutations.h"
#include "sim/scenario.h"
#include "sim/server.h"

namespace penstock::sim {

class World {
 public:
  /// `mutation`: what is wrong in it, if anything.
  explicit World(uint64_t seed, Mutation mutation = {});

  /// Both phases. Whether every rule held; broken() says which did not.
  bool Run();

  const std::string& broken() const { return checkers_.broken(); }
  const Server& server() const { return server_; }
  Server& server() { return server_; }
  Instant now() const { return now_; }
  Instant began() const { return began_; }

  // ---- for the parts

  Dice& dice() { return dice_; }
  const Weather& weather() const { return scenario_.weather; }
  bool storm() const { return storm_; }
  Checkers& checkers() { return checkers_; }
  /// Does something later.
  void In(Duration delay, std::function<void()> what);
  /// A request over the network: it or its answer may be lost, come twice or late.
  void Request(engine::EventBody body, std::function<void(const engine::Decision&)> answer);
  /// The server's own event: nothing is lost but by a crash.
  std::optional<engine::Decision> Internal(engine::EventBody body);
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

  /// The server's clock, which may be wrong, as the scheduler reads it: a small step back makes it
  /// stand still, a larger one is followed.
  Instant ServerNow();
  engine::Event MakeEvent(engine::EventBody body);
  std::optional<engine::Decision> Serve(engine::EventBody body);
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

  // effects and machines
  void Watch(const std::vector<engine::Write>& writes);
  void Execute(const std::string& pipeline, const engine::EffectRecord& effect);
  void ExecuteOnce(const std::string& pipeline, const engine::EffectRecord& effect);
  void Finish(const std::string& pipeline, const std::string& key, engine::EffectOutcome outcome,
              uint64_t generation);
  void Disturb();
  void JumpClock();
  void KillWorkerHost();
  void ReportLost(const std::string& worker);
  void Tell(engine::EventBody body);  // again and again until a decision about it is durable

  Dice dice_;
  const Scenario scenario_;
  const Mutation mutation_;
  Checkers checkers_;
  Server server_;
  Instant began_, now_;
  bool storm_ = true;
  uint64_t order_ = 0;
  uint64_t steps_ = 0;          // wakes and timers so far
  uint64_t steps_at_once_ = 0;  // of them, since time last passed
  Instant stepped_at_{};
  std::priority_queue<Item> queue_;
  std::map<size_t, std::string> pipelines_;  // by index in the scenario
  std::map<size_t, int> activations_;        // answered with success
  std::vector<PipelinePlan> plans_;          // as they were edited
  Duration skew_{0};                         // of the server's clock
  Instant last_at_{};                        // of the last event
  std::vector<std::string> workers_;         // those that are on no machine
  std::map<std::string, int> lives_;
  std::set<std::string> dead_;       // the server was not told yet
  std::set<std::string> machines_;   // by name
  std::set<std::string> staffed_;    // machines that have had their workers
  std::set<std::string> in_flight_;  // effects being executed by the server as it stands
  uint64_t generation_ = 0;          // of the server that they belong to
};

}  // namespace penstock::sim
