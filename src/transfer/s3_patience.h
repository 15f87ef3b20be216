// S3Patience: how an export's folder in S3 bears with the service. Throttles and server faults are
// waited out as Patience has it, ten minutes without success at most; broken connections too, once
// anything has been answered: before that, more likely nobody is there.
#pragma once

#include <atomic>
#include <stop_token>

#include "aws/service_client.h"
#include "transfer/patience.h"

namespace penstock {

/// Thread-safe. One for each folder.
class S3Patience {
 public:
  /// The pointees outlive it.
  S3Patience(Clock* clock, Random* random) : clock_(clock), random_(random) {}

  /// `call` until it succeeds, fails for good, or `stop` comes; where no stop can come, half a
  /// minute is enough. `call` may be called again after it failed.
  template <typename Function>
  auto Call(Function call, const std::stop_token& stop = {}) -> decltype(call()) {
    Patience patience(clock_, random_);
    const std::chrono::nanoseconds began = clock_->Monotonic();
    while (true) {
      auto result = call();
      if (result || result.error().http != 0) has_answered_ = true;
      if (result || !result.error().IsRetryable() || !has_answered_) return result;
      bool is_enough = !stop.stop_possible() && clock_->Monotonic() - began > kUnstoppable;
      if (is_enough || !patience.Wait(stop)) return result;
    }
  }

 private:
  static constexpr std::chrono::seconds kUnstoppable{30};

  Clock* const clock_;
  Random* const random_;
  std::atomic<bool> has_answered_ = false;
};

}  // namespace penstock
