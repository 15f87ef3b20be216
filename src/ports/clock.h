// Where time comes from.
#pragma once

#include "time/instant.h"

namespace penstock {

/// Thread-safe. The real one is made in app; tests and the simulator have their own.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall time. It can jump when somebody sets the machine's clock.
  virtual Instant Now() = 0;
  /// Time since some fixed moment; never goes back. For measuring and for timeouts.
  virtual std::chrono::nanoseconds Monotonic() = 0;
  /// Lets `duration` of this clock's time pass.
  virtual void Sleep(Duration duration) = 0;
};

}  // namespace penstock
