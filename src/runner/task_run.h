// One task from hand-out to report.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

#include "activities/activity.h"
#include "activities/task.h"
#include "aws/data_pipeline_client.h"

namespace penstock {

struct TaskRunOptions {
  std::string folder;  // of this attempt; created here and removed afterwards
  Duration report_interval;
  std::vector<std::pair<std::string, std::string>> environment;
};

/// Acknowledges the task, runs it while reporting progress, uploads its logs, reports the result. When the lease is lost or
/// the service says canceled, the work is ended and nothing is reported: somebody else may own it. Used once.
class TaskRun {
 public:
  TaskRun(const PolledTask& task, TaskRunOptions options, const DataPipelineClient& service, const ClientContext& clients,
          ServiceDirectory& services, Files& files, Processes& processes);

  /// Returns when all is done. `stop`: this worker ends; the attempt is then reported as failed.
  void Run(std::stop_token stop);

 private:
  /// False: the task is not ours (any more).
  bool ReportProgress(std::stop_token stop);
  void ReportWhileRunning(std::stop_token stop);
  ActivityResult RunActivity(std::stop_token stop);
  void ReportResult(const ActivityResult& result);
  void UploadLogs();
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
  bool lost_ = false;                            // canceled or not ours: report nothing
  std::map<std::string, std::string> fields_;    // to store with the next progress report
  std::unique_ptr<WritableFile> log_;
};

}  // namespace penstock
