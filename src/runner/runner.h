// The worker loop: reserve a slot, poll, run under heartbeat, report. Speaks the protocol of AWS's
// Task Runner (Developer Guide, "Working with Task Runner"; API 2012-10-29) and so serves our
// server, another of ours, or AWS.
#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "activities/activity.h"
#include "aws/data_pipeline_client.h"

namespace penstock {

struct RunnerOptions {
  std::string worker_group;  // exact, case-sensitive
  std::string id;            // task runner id: another one for every process
  std::string hostname;
  int tasks = 2;                         // slots: tasks run at a time
  std::string folder;                    // where attempts have their folders; created
  Duration report_interval{15'000};      // between ReportTaskProgress calls of a running task
  Duration heartbeat_interval{900'000};  // between ReportTaskRunnerHeartbeat calls
  /// What a stop interrupts is not reported as failed: whoever starts the next runner under this id
  /// tells the service that this one is gone, and the attempt begins again without a retry spent.
  bool leaves_interrupted = false;
  /// s3://…: where the logs of attempts go that have no pipelineLogUri; empty: nowhere.
  std::string log_uri;
  /// What commands of users see; AWS settings of this worker included.
  std::vector<std::pair<std::string, std::string>> environment;
};

class Runner {
 public:
  /// The pointees outlive the runner.
  Runner(RunnerOptions options, DataPipelineClient service, ClientContext clients,
         ServiceDirectory& services, Files& files, Processes& processes);

  /// Works until `stop` is requested or the service says terminate. Tasks under way are then ended
  /// and reported as failed, so that they are tried again without waiting for a timeout (unless
  /// options say otherwise). Once. An error: it cannot work at all (bad key, no such service).
  Status Run(std::stop_token stop);

  /// No more polls: Run returns once the tasks under way are done. Any thread.
  void Drain() { polling_.request_stop(); }

 private:
  void Slot(int number, std::stop_token stop);
  void Heartbeats(std::stop_token stop);
  /// Whether the service wants this runner to end.
  CallResult<bool> Heartbeat(std::stop_token stop);

  const RunnerOptions options_;
  const DataPipelineClient service_;
  const ClientContext clients_;
  ServiceDirectory& services_;
  Files& files_;
  Processes& processes_;
  std::atomic<uint64_t> next_folder_{0};
  std::stop_source stop_;     // by the service's wish or the caller's
  std::stop_source polling_;  // also by Drain
};

}  // namespace penstock
