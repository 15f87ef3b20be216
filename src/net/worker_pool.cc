#include "net/worker_pool.h"

#include <pthread.h>

#include <utility>

namespace penstock {

WorkerPool::WorkerPool(std::string name, size_t threads) : sleepers_(threads) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] { Work(sleepers_[i]); });
    pthread_setname_np(threads_.back().native_handle(),
                       (name + "-" + std::to_string(i)).substr(0, 15).c_str());
  }
}

WorkerPool::~WorkerPool() { Stop(); }

WorkerPool::Sleeper* WorkerPool::NextToWake() {
  if (waking_ || jobs_.empty() || asleep_.empty()) return nullptr;
  Sleeper* next = asleep_.back();
  asleep_.pop_back();
  next->woken = waking_ = true;
  return next;
}

bool WorkerPool::Submit(std::shared_ptr<Job> job) {
  Sleeper* next;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return false;
    jobs_.push_back(std::move(job));
    waiting_ = jobs_.size();
    next = NextToWake();
  }
  if (next != nullptr) next->wake.notify_one();
  return true;
}

void WorkerPool::Stop() {
  std::deque<std::shared_ptr<Job>> dropped;  // destroyed outside of the lock
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
    waiting_ = 0;
    for (Sleeper& sleeper : sleepers_) sleeper.wake.notify_one();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Work(Sleeper& me) {
  while (true) {
    std::shared_ptr<Job> job;
    Sleeper* next;
    {
      std::unique_lock lock(mutex_);
      while (!stopped_ && jobs_.empty()) {
        asleep_.push_back(&me);
        me.wake.wait(lock, [&] { return stopped_ || me.woken; });
        if (std::exchange(me.woken, false)) waking_ = false;
      }
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      waiting_ = jobs_.size();
      next = NextToWake();
    }
    if (next != nullptr) next->wake.notify_one();
    job->Run();
  }
}

}  // namespace penstock
