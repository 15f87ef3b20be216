// The machine's clock.
#pragma once

#include "ports/clock.h"

namespace penstock {

/// CLOCK_REALTIME and CLOCK_MONOTONIC. Thread-safe.
class SystemClock final : public Clock {
 public:
  Instant Now() override;
  std::chrono::nanoseconds Monotonic() override;
  void Sleep(Duration duration) override;
};

}  // namespace penstock
