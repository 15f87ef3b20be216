// Patience: how long to wait before trying again, and when to give up. One for each thing being
// tried.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <stop_token>

#include "ports/clock.h"
#include "ports/random.h"

namespace penstock {

/// One thread at a time. Waits grow from 50 ms, doubling, to 5 s, each drawn from its upper half;
/// 10 minutes without success are enough, if it was tried twenty times: what was not tried has not
/// failed.
class Patience {
 public:
  Patience(Clock* clock, Random* random) : clock_(clock), random_(random) {}

  /// It worked: begin anew.
  void Reset() { tries_ = 0; }
  int tries() const { return tries_; }

  /// How long to wait now; nullopt when there is no patience left.
  std::optional<Duration> Next() {
    std::chrono::nanoseconds now = clock_->Monotonic();
    if (tries_ == 0) began_ = now;
    if (tries_ >= kTriesMin && now - began_ > kEnough) return std::nullopt;
    int64_t most_ms = std::min<int64_t>(5000, int64_t{50} << std::min(tries_, 10));
    ++tries_;
    return Duration(most_ms / 2 +
                    static_cast<int64_t>(random_->Below(static_cast<uint64_t>(most_ms / 2 + 1))));
  }

  /// Waits. False when there is no patience left or `stop` came.
  bool Wait(const std::stop_token& stop) {
    std::optional<Duration> pause = Next();
    return pause && SleepUnlessStopped(*clock_, *pause, stop);
  }

  /// False if `stop` came meanwhile.
  static bool SleepUnlessStopped(Clock& clock, Duration pause, const std::stop_token& stop) {
    for (int64_t left_ms = pause.count(); left_ms > 0 && !stop.stop_requested();
         left_ms -= kSliceMs) {
      clock.Sleep(Duration(std::min(left_ms, kSliceMs)));
    }
    return !stop.stop_requested();
  }

 private:
  static constexpr std::chrono::minutes kEnough{10};
  static constexpr int kTriesMin = 20;
  static constexpr int64_t kSliceMs = 100;  // so that a stop is noticed

  Clock* clock_;
  Random* random_;
  int tries_ = 0;
  std::chrono::nanoseconds began_{0};
};

}  // namespace penstock
