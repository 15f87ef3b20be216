// Progress: how far a transfer is, how fast it goes and what limits it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ports/clock.h"

namespace penstock {

class RateController;

struct Progress {
  std::string phase;  // "exporting", "checking files", "importing", "scanning"
  uint64_t items = 0;
  uint64_t bytes = 0;
  double seconds = 0;
  double consumed_units = 0;       // so far
  double units_per_second = 0;     // over the last 10 s, or since the beginning
  double target = 0;               // the bound on it; 0: this phase has none
  std::optional<double> fraction;  // of the whole, an estimate
  std::optional<double> eta_seconds;
  uint64_t throttles = 0;
  std::string limited_by;  // "rate (0.25 of 400 units/s (provisioned))", "DynamoDB", "storage",
                           // "processor" …
};

/// Called from the transfer's threads, one at a time, about once a second. Must return soon.
using ProgressCallback = std::function<void(const Progress&)>;

/// Where the time of a worker goes. What takes most of it is what limits the job.
enum class TimeSpent { kRate, kThrottle, kDynamoDb, kStorage, kProcessor };

/// Counts what workers do and reports it. Thread-safe.
class ProgressMeter {
 public:
  /// `rate` may be null. All outlive it.
  ProgressMeter(std::string phase, const ProgressCallback& callback, Clock* clock,
                RateController* rate);

  /// What 100 % is, in items.
  void ExpectItems(uint64_t items) { expected_items_ = items; }
  void Add(uint64_t items, uint64_t bytes);
  void Spent(TimeSpent on, std::chrono::nanoseconds time);
  /// Reports if a second has passed since the last report. Workers call it after every page or
  /// batch.
  void Tick();
  /// Reports now, as the end of the phase.
  void Finish();

  uint64_t items() const { return items_; }
  uint64_t bytes() const { return bytes_; }
  double Seconds() const;

 private:
  void Report();
  std::string Limiter();

  const std::string phase_;
  const ProgressCallback& callback_;
  Clock* const clock_;
  RateController* const rate_;
  const std::chrono::nanoseconds began_;
  std::atomic<uint64_t> items_ = 0, bytes_ = 0, expected_items_ = 0;
  std::array<std::atomic<int64_t>, 5> spent_{};
  std::mutex report_mutex_;
  std::chrono::nanoseconds reported_at_;
  std::deque<std::pair<std::chrono::nanoseconds, double>> consumed_;  // when, so far
  std::array<int64_t, 5> reported_spent_{};
};

/// Adds the clock's time of its own life to one account of a meter.
class TimedSpan {
 public:
  TimedSpan(ProgressMeter* meter, Clock* clock, TimeSpent on)
      : meter_(meter), clock_(clock), on_(on), began_(clock->Monotonic()) {}
  TimedSpan(const TimedSpan&) = delete;
  TimedSpan& operator=(const TimedSpan&) = delete;
  ~TimedSpan() { meter_->Spent(on_, clock_->Monotonic() - began_); }

 private:
  ProgressMeter* const meter_;
  Clock* const clock_;
  const TimeSpent on_;
  const std::chrono::nanoseconds began_;
};

}  // namespace penstock
