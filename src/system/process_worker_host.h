// Workers as child processes, supervised: one that dies is started again, at most five times in ten
// minutes.
//
// One file per worker, <folder>/<id>.json, written before the process is started and again when its
// number is known:
//   {"workerGroup": …, "account": …, "region": …, "id": …, "pid": …, "startTime": …, "stopping":
//   false, "starts": [ms…],
//    "address": …, "failure": …}
// <folder>/<id>.log, what the worker says; kept only if the worker was given up; and the folder
// <folder>/<id> for its attempts' files, told to it as PENSTOCK_WORKER_FOLDER, removed when it
// ends. A worker and all it starts carry PENSTOCK_WORKER=<id> and PENSTOCK_WORKER_HOME=<folder> in
// their environment, which is how what is left of a dead one, or of one started an instant before a
// crash, is found and ended.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/files.h"
#include "ports/process.h"
#include "ports/random.h"
#include "ports/worker_host.h"

namespace penstock {

struct WorkerHostOptions {
  std::string folder;   // absolute; records and the workers' own logs
  std::string address;  // what a worker is told at its start and cannot learn later: one with
                        // another is replaced
  /// The command line and environment of a worker (without the two variables above).
  std::function<std::vector<std::string>(const WorkerSpec&)> arguments;
  std::function<std::vector<std::pair<std::string, std::string>>(const WorkerSpec&)> environment;
  int restarts_max = 5;
  Duration restart_window{600'000};
  Duration look_interval{100};
  Duration stop_grace{10'000};  // between SIGTERM and SIGKILL
};

class ProcessWorkerHost : public WorkerHost {
 public:
  /// Adopts what the folder knows and starts supervising. Destroying it leaves the workers running.
  static Result<std::unique_ptr<ProcessWorkerHost>> Open(WorkerHostOptions options, Files& files,
                                                         Processes& processes, Clock& clock,
                                                         Random& random);
  ~ProcessWorkerHost() override;

  Status Start(const WorkerSpec& spec) override;
  WorkerStatus Look(const std::string& worker_group) override;
  Status Stop(const std::string& worker_group) override;

 private:
  struct Worker {
    WorkerSpec spec;
    std::string id;
    ProcessId process;  // pid 0: about to be started
    bool stopping = false;
    std::vector<int64_t> starts;  // milliseconds since 1970, the recent ones
    std::string address;          // WorkerHostOptions::address at its start
    std::string failure;          // not empty: given up
    std::chrono::nanoseconds stop_began{0};
  };

  ProcessWorkerHost(WorkerHostOptions options, Files& files, Processes& processes, Clock& clock,
                    Random& random);
  Status Load();
  Status Save(const Worker& worker);
  Status Launch(Worker& worker);
  /// Removes its record, and its log unless that is worth reading.
  Status Forget(const Worker& worker);
  /// Ends what carries our folder's name, belongs to no worker and has a lower start_time.
  void EndStrangers(uint64_t started_before);
  void EndLeftovers(const Worker& worker);
  /// Returns whether the worker is to be forgotten.
  bool Supervise(Worker& worker);
  void Run(std::stop_token stop);
  std::string RecordPath(const Worker& worker) const;

  const WorkerHostOptions options_;
  Files& files_;
  Processes& processes_;
  Clock& clock_;
  Random& random_;
  uint64_t opened_at_ = 0;  // as ProcessId::start_time
  std::mutex mutex_;
  std::map<std::string, Worker> workers_;  // by worker group
  std::condition_variable_any wake_;
  std::jthread supervisor_;
};

}  // namespace penstock
