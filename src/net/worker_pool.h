// A fixed number of threads that run jobs in the order in which they came.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace penstock {

/// Something to be done once.
class Job {
 public:
  virtual ~Job() = default;
  virtual void Run() = 0;
};

/// Thread-safe. Submit never waits: whoever submits bounds how much.
class WorkerPool {
 public:
  /// `name`: of the threads, for debuggers; at most 11 characters.
  WorkerPool(std::string name, size_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False once the pool is stopped: the job is not run.
  bool Submit(std::shared_ptr<Job> job);
  /// Jobs that wait for a thread.
  size_t waiting() const;
  /// Drops the waiting jobs, waits for the running ones. Not from a job.
  void Stop();

 private:
  void Work();

  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace penstock
