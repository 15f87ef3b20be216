// FirstError: how the threads of one job fail together. The first error is kept and stops the
// others.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace penstock {

/// Thread-safe.
class FirstError {
 public:
  /// `outer`: stops the job from outside.
  explicit FirstError(std::stop_token outer)
      : outer_(std::move(outer)), chain_(outer_, [this] { inner_.request_stop(); }) {}

  /// Stops the job; only the first call's error is kept.
  void Set(Error error) {
    {
      std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(error);
    }
    inner_.request_stop();
  }

  /// Stopped from outside or by an error.
  std::stop_token stop() const { return inner_.get_token(); }

  /// After all threads have ended: kCanceled if it was stopped from outside, else the first error,
  /// else good.
  Status Outcome(const std::string& attempted) {
    std::lock_guard lock(mutex_);
    if (outer_.stop_requested()) return Canceled(attempted + " was stopped");
    if (error_) return *error_;
    return {};
  }

 private:
  std::stop_token outer_;
  std::stop_source inner_;
  std::mutex mutex_;
  std::optional<Error> error_;
  std::stop_callback<std::function<void()>> chain_;
};

}  // namespace penstock
