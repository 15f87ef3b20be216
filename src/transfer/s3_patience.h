// S3Patience: how an export's folder in S3 bears with the service. Throttles and server faults are
// waited out as Patience has it, ten minutes without success at most; broken connections too, once
// anything has been answered: before that, more likely nobody is there. After the job's stop there
// is half a minute for what is to be done all the same, as a last checkpoint.
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <utility>

#include "aws/service_client.h"
#include "transfer/patience.h"

namespace penstock {

/// Thread-safe. One for each folder.
class S3Patience {
 public:
  /// `job`: the stop of all that is done with the folder. The pointees outlive it.
  S3Patience(Clock* clock, Random* random, std::stop_token job = {})
      : clock_(clock), random_(random), job_(std::move(job)) {}

  /// `call` until it succeeds, fails for good, or `stop` comes. Without one the job's stop counts,
  /// and where neither can come, half a minute is enough. `call` may be called again after it
  /// failed.
  template <typename Function>
  auto Call(Function call, const std::stop_token& stop = {}) -> decltype(call()) {
    Pauses pauses(*this, stop);
    while (true) {
      auto result = call();
      if (result || result.error().http != 0) has_answered_ = true;
      if (result || !result.error().IsRetryable() || !has_answered_ || !pauses.Next())
        return result;
    }
  }

 private:
  static constexpr std::chrono::seconds kHurry{30};

  /// Between the tries of one call.
  class Pauses {
   public:
    Pauses(const S3Patience& owner, const std::stop_token& stop)
        : owner_(owner), stop_(stop), patience_(owner.clock_, owner.random_) {
      SeeWhetherToHurry();
    }

    /// False: it was tried enough.
    bool Next() {
      if (stop_.stop_possible()) return patience_.Wait(stop_);
      SeeWhetherToHurry();
      if (hurries_since_ && owner_.clock_->Monotonic() - *hurries_since_ > kHurry) return false;
      std::optional<Duration> pause = patience_.Next();
      if (!pause) return false;
      // A stop ends this pause, not the trying.
      const std::stop_token wakes = hurries_since_ ? std::stop_token() : owner_.job_;
      static_cast<void>(Patience::SleepUnlessStopped(*owner_.clock_, *pause, wakes));
      return true;
    }

   private:
    void SeeWhetherToHurry() {
      const bool hurries = !owner_.job_.stop_possible() || owner_.job_.stop_requested();
      if (hurries && !hurries_since_) hurries_since_ = owner_.clock_->Monotonic();
    }

    const S3Patience& owner_;
    const std::stop_token& stop_;
    Patience patience_;
    std::optional<std::chrono::nanoseconds> hurries_since_;
  };

  Clock* const clock_;
  Random* const random_;
  const std::stop_token job_;
  std::atomic<bool> has_answered_ = false;
};

}  // namespace penstock
