// Worker processes on this machine: what a local cluster or machine consists of. One process per
// worker group.
#pragma once

#include <string>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

struct WorkerSpec {
  std::string worker_group;
  std::string account;  // whose key the worker gets
  std::string region;
  bool operator==(const WorkerSpec&) const = default;
};

enum class WorkerCondition {
  kAbsent,   // never started, or ended as asked
  kRunning,  // a process runs or is about to be started again
  kEnding,   // Stop() was called, something of it still runs
  kFailed,   // it died too often and was given up
};

struct WorkerStatus {
  WorkerCondition condition = WorkerCondition::kAbsent;
  std::string message;  // why it failed
};

/// Thread-safe. What it was asked to do survives a crash of this process: a restarted server adopts
/// the workers it knows and ends those it does not; never do two run for one group.
class WorkerHost {
 public:
  virtual ~WorkerHost() = default;
  /// Starts a worker for the group; no effect if there is one. Returns once the wish is durable and
  /// the process started.
  virtual Status Start(const WorkerSpec& spec) = 0;
  virtual WorkerStatus Look(const std::string& worker_group) = 0;
  /// Ends the group's worker and all it started; returns once the wish is durable. No error if
  /// there is none.
  virtual Status Stop(const std::string& worker_group) = 0;
};

}  // namespace penstock
