// SegmentQueue: the segments of a scan that wait for a worker: fresh ones, and parked ones that
// must rest a while.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "ports/clock.h"
#include "transfer/patience.h"
#include "transfer/table_scan.h"

namespace penstock {

/// A segment being scanned.
struct SegmentWork {
  SegmentStart at;
  std::unique_ptr<SegmentSink> sink;  // null: not begun
  std::optional<Patience> patience;
  std::chrono::nanoseconds rests_until{0};
  TimeSpent rests_for = TimeSpent::kThrottle;
};

/// Thread-safe.
class SegmentQueue {
 public:
  SegmentQueue(Clock* clock, bool waits_for_halves)
      : clock_(clock), waits_for_halves_(waits_for_halves) {}

  void Add(SegmentStart at) {
    std::lock_guard lock(mutex_);
    fresh_.push_back(std::move(at));
    changed_.notify_one();
  }

  /// Gives a segment back for a later turn.
  void Park(SegmentWork work) {
    std::lock_guard lock(mutex_);
    --busy_;
    parked_.push_back(std::move(work));
    changed_.notify_one();
  }

  /// A worker is through with the one it took.
  void Done() {
    std::lock_guard lock(mutex_);
    --busy_;
    changed_.notify_all();
  }

  /// A parked segment that has rested, a fresh one, or the one that has rested longest (its rest is
  /// then the worker's). Where halves may come it waits for them. nullopt: nothing is left, or the
  /// queue was closed.
  std::optional<SegmentWork> Take() {
    std::unique_lock lock(mutex_);
    while (!is_closed_) {
      auto first = std::min_element(parked_.begin(), parked_.end(),
                                    [](auto& a, auto& b) { return a.rests_until < b.rests_until; });
      bool has_rested =
          first != parked_.end() && (fresh_.empty() || first->rests_until <= clock_->Monotonic());
      if (has_rested) {
        SegmentWork work = std::move(*first);
        parked_.erase(first);
        ++busy_;
        return work;
      }
      if (!fresh_.empty()) {
        SegmentWork work{std::move(fresh_.front()), nullptr, std::nullopt, {}};
        fresh_.pop_front();
        ++busy_;
        return work;
      }
      if (busy_ == 0 || !waits_for_halves_) return std::nullopt;
      ++idle_;
      changed_.wait(lock);
      --idle_;
    }
    return std::nullopt;
  }

  /// Whether there is something else to do before that time: a fresh segment, or one that has
  /// rested by then.
  bool HasSooner(std::chrono::nanoseconds than) {
    std::lock_guard lock(mutex_);
    return !fresh_.empty() ||
           std::any_of(parked_.begin(), parked_.end(),
                       [&](const SegmentWork& work) { return work.rests_until < than; });
  }
  /// Whether a worker waits for half of another's segment.
  bool HasIdle() {
    std::lock_guard lock(mutex_);
    return idle_ > 0 && fresh_.empty();
  }

  /// Nothing is taken any more. What is parked is interrupted.
  void Close() {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  void InterruptParked() {
    std::lock_guard lock(mutex_);
    for (SegmentWork& work : parked_) work.sink->Interrupt();
    parked_.clear();
  }

 private:
  Clock* const clock_;
  const bool waits_for_halves_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SegmentStart> fresh_;
  std::deque<SegmentWork> parked_;
  int busy_ = 0, idle_ = 0;
  bool is_closed_ = false;
};

}  // namespace penstock
