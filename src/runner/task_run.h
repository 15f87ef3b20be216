// One task from hand-out to report.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "activities/activity.h"
#include "activities/task.h"
#include "aws/data_pipeline_client.h"

namespace penstock {

/// Tries of a call after which the pauses between them grow no more: up to 12.8 s.
inline constexpr int kLongestBackOff = 7;

struct TaskRunOptions {
  std::string folder;  // of this attempt; created here and removed afterwards
  Duration report_interval;
  std::string log_uri;  // RunnerOptions::log_uri
  std::vector<std::pair<std::string, std::string>> environment;
  bool leaves_interrupted = false;  // RunnerOptions::leaves_interrupted
};

/// Acknowledges the task, runs it while reporting progress, uploads its logs, reports the result.
/// When the lease is lost or the service says canceled, the work is ended and nothing is reported:
/// somebody else may own it. Used once.
class TaskRun {
 public:
  TaskRun(const PolledTask& task, TaskRunOptions options, const DataPipelineClient& service,
          const ClientContext& clients, ServiceDirectory& services, Files& files,
          Processes& processes);

  /// Returns when all is done. `stop`: this worker ends; what is not done then is reported as
  /// failed, or left alone.
  void Run(std::stop_token stop);

 private:
  /// Whose the task is, as the service says.
  enum class Standing {
    kOurs,
    kUnknown,   // no answer, or none that says: the work goes on
    kCanceled,  // nobody wants it any more
    kLost,      // another worker's, or nobody's
  };

  /// Until the service has taken the acknowledgement. False: the work must not begin.
  bool Acknowledge(std::stop_token stop);
  Standing ReportProgress(std::stop_token stop);
  void ReportWhileRunning(std::stop_token stop);
  ActivityResult RunActivity(std::stop_token stop);
  void ReportResult(const ActivityResult& result, std::stop_token stop);
  void UploadLogs();
  Standing standing();
  void LogLine(const std::string& line);

  const PolledTask& task_;
  const TaskRunOptions options_;
  const DataPipelineClient& service_;
  const ClientContext& clients_;
  ServiceDirectory& services_;
  Files& files_;
  Processes& processes_;
  std::stop_source work_;  // ends the activity: the worker ends, the task was canceled or lost
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_:
  Standing standing_ = Standing::kOurs;
  std::map<std::string, std::string> fields_;  // to store with the next progress report
  std::unique_ptr<WritableFile> log_;
};

}  // namespace penstock
