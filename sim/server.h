// The server of a simulated world, in one of two forms. MapServer is the shell in miniature:
// decide, apply, commit to a map, answer. RealServer is the product: the service, the scheduler and
// the store, over a disk that breaks. Both are watched by the same checkers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/codec.h"
#include "engine/engine.h"
#include "sim/rules.h"
#include "time/instant.h"

namespace penstock::sim {

class Server {
 public:
  /// The reply, and the writes that it stands on.
  using Answer = std::function<void(const engine::Decision&)>;

  virtual ~Server() = default;

  /// A request of a client or worker. `answer` is called at once, later, or never: after a crash or
  /// a commit that failed.
  virtual void Serve(engine::EventBody body, Answer answer) = 0;
  /// What the world did. `heard` is called when a decision about it is durable; never if the server
  /// dies before.
  virtual void Report(engine::EventBody body, std::function<void()> heard) = 0;
  /// The simulated time from which Step() has something to do; nullopt: not by itself.
  virtual std::optional<Instant> NextDue() = 0;
  virtual void Step() = 0;

  /// Whether all that was decided is durable.
  virtual bool settled() const = 0;
  /// The working set, which may be ahead of the disk.
  virtual const engine::State& memory() const = 0;
  /// What is durable.
  virtual const Rows& disk() const = 0;

  /// Sees each decision and how it fared, before anyone else; for whoever wants to watch.
  std::function<void(const engine::Event&, const engine::Decision&, std::string_view fate)>
      observer;

  uint64_t generation = 0;  // rises with each crash
  uint64_t events = 0, crashes = 0, failed_commits = 0, disk_faults = 0;
  uint64_t trace = 14695981039346656037u;  // of every byte committed

 protected:
  void Observe(const engine::Event& event, const engine::Decision& decision,
               std::string_view fate) const {
    if (observer) observer(event, decision, fate);
  }
  /// Puts the writes into `rows` and the trace.
  void Put(Rows& rows, const std::vector<engine::Write>& writes);
};

/// Everything that matters of a state, as text: equal states have equal fingerprints.
std::string Fingerprint(const engine::State& state);
/// A state made of what the disk has.
engine::State Replay(const Rows& disk, const engine::EngineOptions& options);

}  // namespace penstock::sim
