// The words for where a pipeline, an instance or an attempt stands: AWS Data Pipeline's status
// codes and health. (Developer Guide: "Pipeline Status Codes", "Interpreting Pipeline and Component
// Health State".)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::engine {

/// Of an instance or an attempt (AWS: @status).
enum class RunStatus : uint8_t {
  kScheduled,              // its time has not come
  kWaitingOnDependencies,  // conditions are being checked; @waitingOn says which
  kWaitingForRunner,       // queued for a worker, or handed out and not yet acknowledged
  kCreating,               // a resource that was asked for
  kRunning,                // working; of a resource: ready for work
  kShuttingDown,           // a resource ending after its work
  kFinished,
  kFailed,
  kCanceled,
  kCascadeFailed,  // a victim of another's failure
  kTimedOut,       // a resource past its terminateAfter
  kSkipped,        // an interval before the startTimestamp of a re-activation
};

/// Whether only a command (RERUN, MARK_FINISHED) can change it any more.
bool IsTerminal(RunStatus status);
/// AWS's spelling: "WAITING_ON_DEPENDENCIES", "TIMEDOUT", "CANCELED", …
std::string_view StatusName(RunStatus status);
/// Any case; CANCELLED and TIMEOUT are taken too. nullopt for another word.
std::optional<RunStatus> ParseStatus(std::string_view name);

/// Of a pipeline (AWS: @pipelineState).
enum class PipelineState : uint8_t { kPending, kScheduled, kDeactivating, kInactive, kFinished };
std::string_view PipelineStateName(PipelineState state);

/// Of a component or pipeline (AWS: @healthStatus). Absent before anything completed.
enum class Health : uint8_t { kHealthy, kError };
std::string_view HealthName(Health health);

}  // namespace penstock::engine
