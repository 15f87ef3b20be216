// TableGate: many write a table's items at a time, or one changes the table itself.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace penstock::dynamodb {

/// A lock for std::shared_lock (items) and std::unique_lock (the table). Whoever waits for the
/// table is waited for by all who come later, so that a steady load of items cannot keep it out.
class TableGate {
 public:
  void lock_shared() {
    std::lock_guard turn(turn_);
    work_.lock_shared();
  }
  void unlock_shared() { work_.unlock_shared(); }
  void lock() {
    turn_.lock();
    work_.lock();
  }
  void unlock() {
    work_.unlock();
    turn_.unlock();
  }

 private:
  std::mutex turn_;
  std::shared_mutex work_;
};

}  // namespace penstock::dynamodb
