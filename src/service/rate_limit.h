// RateLimit: AWS's published request rates, a token bucket for each account and operation
// (Developer Guide, "AWS Data Pipeline Limits": most calls 1 a second, DescribeObjects,
// QueryObjects and PollForTask 2, ReportTaskProgress and SetTaskStatus 10; a burst of 100 for
// each).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "ports/clock.h"
#include "service/api_model.h"

namespace penstock {

/// Thread-safe.
class RateLimit {
 public:
  explicit RateLimit(Clock& clock) : clock_(clock) {}

  /// Takes one token; false if the account has to slow down.
  bool Admit(const std::string& account, Operation operation);

 private:
  struct Bucket {
    double tokens;
    std::chrono::nanoseconds filled_at;
  };
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<std::string, Operation>, Bucket> buckets_;  // guarded by mutex_
};

}  // namespace penstock
