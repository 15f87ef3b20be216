#include "engine/status.h"

#include <array>

#include "base/text.h"

namespace penstock::engine {
namespace {

struct StatusWord {
  RunStatus status;
  std::string_view name;
  bool terminal;
};

constexpr std::array kStatuses = {
    StatusWord{RunStatus::kScheduled, "SCHEDULED", false},
    StatusWord{RunStatus::kWaitingOnDependencies, "WAITING_ON_DEPENDENCIES", false},
    StatusWord{RunStatus::kWaitingForRunner, "WAITING_FOR_RUNNER", false},
    StatusWord{RunStatus::kCreating, "CREATING", false},
    StatusWord{RunStatus::kRunning, "RUNNING", false},
    StatusWord{RunStatus::kShuttingDown, "SHUTTING_DOWN", false},
    StatusWord{RunStatus::kFinished, "FINISHED", true},
    StatusWord{RunStatus::kFailed, "FAILED", true},
    StatusWord{RunStatus::kCanceled, "CANCELED", true},
    StatusWord{RunStatus::kCascadeFailed, "CASCADE_FAILED", true},
    StatusWord{RunStatus::kTimedOut, "TIMEDOUT", true},
    StatusWord{RunStatus::kSkipped, "SKIPPED", true},
};

const StatusWord& Word(RunStatus status) { return kStatuses[static_cast<size_t>(status)]; }

}  // namespace

bool IsTerminal(RunStatus status) { return Word(status).terminal; }

std::string_view StatusName(RunStatus status) { return Word(status).name; }

std::optional<RunStatus> ParseStatus(std::string_view name) {
  for (const StatusWord& word : kStatuses) {
    if (EqualsIgnoreCase(word.name, name)) return word.status;
  }
  if (EqualsIgnoreCase(name, "CANCELLED")) return RunStatus::kCanceled;
  if (EqualsIgnoreCase(name, "TIMEOUT")) return RunStatus::kTimedOut;
  return std::nullopt;
}

std::string_view PipelineStateName(PipelineState state) {
  switch (state) {
    case PipelineState::kPending:
      return "PENDING";
    case PipelineState::kScheduled:
      return "SCHEDULED";
    case PipelineState::kDeactivating:
      return "DEACTIVATING";
    case PipelineState::kInactive:
      return "INACTIVE";
    case PipelineState::kFinished:
      return "FINISHED";
  }
  return "";
}

std::string_view HealthName(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "HEALTHY";
    case Health::kError:
      return "ERROR";
  }
  return "";
}

}  // namespace penstock::engine
