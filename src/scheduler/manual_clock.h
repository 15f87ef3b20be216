// A clock that only moves when told to. For tests and the simulator.
#pragma once

#include <atomic>

#include "ports/clock.h"

namespace penstock {

/// Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Instant start) : milliseconds_(start.time_since_epoch().count()) {}

  Instant Now() override { return Instant(Duration(milliseconds_.load())); }
  std::chrono::nanoseconds Monotonic() override { return Duration(milliseconds_.load()); }
  void Sleep(Duration duration) override { Advance(duration); }

  void Advance(Duration duration) { milliseconds_ += duration.count(); }

 private:
  std::atomic<int64_t> milliseconds_;
};

}  // namespace penstock
