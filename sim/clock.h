// The server's clock in a simulated world: the world's time, and how wrong it is.
#pragma once

#include "ports/clock.h"

namespace penstock::sim {

class Clock : public penstock::Clock {
 public:
  explicit Clock(Instant start) : now(start) {}

  Instant Now() override { return now + skew_; }
  std::chrono::nanoseconds Monotonic() override { return now.time_since_epoch(); }
  /// Nobody sleeps in one thread.
  void Sleep(Duration) override {}

  Duration skew() const { return skew_; }
  /// Somebody sets it.
  void Jump(Duration by) { skew_ += by; }

  Instant now;  // in the world

 private:
  Duration skew_{0};
};

}  // namespace penstock::sim
