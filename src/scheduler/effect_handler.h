// EffectHandler: what executes an effect of the outbox in the world. activities/ and app/ implement
// it with AWS clients; tests and the simulator with a fake.
#pragma once

#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "definition/definition.h"
#include "engine/event.h"
#include "engine/record.h"

namespace penstock {

/// One effect to execute. SECRETS IN CLEAR in `objects`: never log them.
struct EffectJob {
  engine::PipelineKey pipeline;
  engine::EffectRecord effect;
  /// The resource, precondition or action first, evaluated, then all it refers to
  /// (engine/hand_out.h).
  std::vector<PipelineObject> objects;
  int tries = 0;  // executions of this job before this one, in this run of the program
};

/// It is over: the engine hears EffectDone.
struct EffectFinished {
  engine::EffectOutcome outcome = engine::EffectOutcome::kSucceeded;
  std::string error_id{}, error_message{};
  std::vector<Field> fields{};  // kept on the instance: @resourceId, …
};

/// It is under way; ask again after a while (a cluster that is starting). The handler keeps no
/// thread waiting.
struct EffectPending {
  Duration again_after{5'000};
  std::vector<Field> fields{};  // what is known so far, shown on the instance; may be empty
};

/// An Error means "could not be tried" (network, throttling, 5xx): it is tried again with growing
/// pauses. What will not work as it stands is EffectFinished with kFailed.
using EffectResult = Result<std::variant<EffectFinished, EffectPending>>;

/// How a resource that once became ready is doing.
struct ResourceHealth {
  enum class State {
    kRunning,
    kGone,            // ended unasked: the engine hears ResourceGone
    kWorkerReplaced,  // its worker died and another took its place: the engine hears
                      // WorkerReplaced, once for each
  };
  State state = State::kRunning;
  std::string error_id{}, error_message{};  // kGone
};

/// Thread-safe: several jobs run at once, never two of the same key.
class EffectHandler {
 public:
  virtual ~EffectHandler() = default;

  /// Executes or continues the job. A job can come again after it was executed (a crash before the
  /// outcome was durable): look first whether its work is done, by the effect's key or the
  /// resource's name. Returns soon after `stop`.
  virtual EffectResult Execute(const EffectJob& job, std::stop_token stop) = 0;

  /// Asked from time to time about every running resource. `job` is as for its launch. An Error
  /// means "unknown".
  virtual Result<ResourceHealth> CheckResource(const EffectJob& job, std::stop_token stop) {
    (void)job, (void)stop;
    return ResourceHealth{};
  }
};

}  // namespace penstock
