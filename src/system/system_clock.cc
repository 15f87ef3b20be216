#include "system/system_clock.h"

#include <thread>

namespace penstock {

Instant SystemClock::Now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::chrono::nanoseconds SystemClock::Monotonic() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

void SystemClock::Sleep(Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace penstock
