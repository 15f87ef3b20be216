// A fixed number of threads that run jobs in the order in which they came.
#pragma once

#include <atomic>
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
///
/// The thread that fell asleep last is woken first, and only one is being woken at any time: it
/// wakes the next if there is more to do. So short jobs run on few threads, whose memory is at
/// hand, and jobs that block still get all of them.
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
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  /// Drops the waiting jobs, waits for the running ones. Not from a job.
  void Stop();

 private:
  struct Sleeper {
    std::condition_variable wake;
    bool woken = false;
  };

  void Work(Sleeper& me);
  /// The thread to wake for a job that waits, or nullptr. REQUIRES: mutex_ is held.
  Sleeper* NextToWake();

  std::mutex mutex_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::atomic<size_t> waiting_ = 0;  // jobs_.size()
  std::vector<Sleeper*> asleep_;     // the last fell asleep last
  bool waking_ = false;              // a thread was woken and does not run yet
  bool stopped_ = false;
  std::deque<Sleeper> sleepers_;  // one for each thread
  std::vector<std::thread> threads_;
};

}  // namespace penstock
