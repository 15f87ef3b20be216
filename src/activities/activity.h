// What a worker does with a task: one class per runnable object type, found by name in
// activities.h.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "activities/task.h"
#include "aws/service_client.h"
#include "ports/clock.h"
#include "ports/files.h"
#include "ports/http.h"
#include "ports/process.h"
#include "ports/random.h"

namespace penstock {

/// Why an attempt failed, as it goes into errorId, errorMessage and errorStackTrace of the attempt.
/// The message says what was attempted, what happened and what to do.
struct ActivityFailure {
  std::string id;  // "ShellCommandFailed"; never begins with "Service_"
  std::string message;
  std::string stack_trace;
};

enum class ActivityOutcome {
  kDone,    // finished; for a precondition: met
  kNotMet,  // preconditions only
};

using ActivityResult = Result<ActivityOutcome, ActivityFailure>;

/// Knows where each AWS service is and as whom to call it. Thread-safe.
class ServiceDirectory {
 public:
  virtual ~ServiceDirectory() = default;
  /// `service` is a signing name ("s3", "dynamodb"); an empty region means the default.
  virtual Result<ServiceEndpoint> Find(const std::string& service, const std::string& region) = 0;
};

/// What an activity may use of the world. The pointees outlive the run.
struct ActivityContext {
  ClientContext clients;
  ServiceDirectory* services;
  Files* files;
  Processes* processes;
  std::string folder;  // an empty folder of this attempt's own; removed afterwards
  std::string
      log_folder;  // what an activity leaves here is uploaded under the pipeline's log location
  /// The environment for commands: PATH, the worker's AWS settings; secrets of other pipelines
  /// never.
  std::vector<std::pair<std::string, std::string>> environment;
  /// One line of Activity.log.
  std::function<void(const std::string& line)> log;
  /// Fields to store on the attempt with the next progress report, e.g. {"percentComplete", "40"}.
  std::function<void(const std::string& key, const std::string& value)> report;
};

/// Thread-safe and stateless: one object serves all attempts.
class Activity {
 public:
  virtual ~Activity() = default;
  /// Runs the attempt to its end. When `stop` is requested (cancel, lost lease, shutdown) it ends
  /// soon, having left nothing half-written, with any result: nobody reads it.
  virtual ActivityResult Run(const PolledTask& task, const ActivityContext& context,
                             std::stop_token stop) = 0;
};

}  // namespace penstock
