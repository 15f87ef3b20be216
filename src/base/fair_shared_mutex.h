// FairSharedMutex: many share it, or one holds it alone. Not for the pure folders.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace penstock {

/// For std::shared_lock and std::unique_lock. Lets nobody in past one who waits for it alone;
/// std::shared_mutex may keep such a one out as long as others come and go. REQUIRES: no thread
/// takes it twice.
class FairSharedMutex {
 public:
  void lock() {
    std::lock_guard turn(turn_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    std::lock_guard turn(turn_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex turn_;  // held while waiting for `mutex_`
  std::shared_mutex mutex_;
};

}  // namespace penstock
