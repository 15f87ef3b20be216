// Progress: how far a transfer is, how fast it goes and what limits it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "ports/clock.h"

namespace penstock {

class RateController;

struct Progress {
  std::string phase;  // for people: "exporting", "checking files", "scanning the table" …
  uint64_t items = 0;
  uint64_t bytes = 0;  // of files: as stored where they are read, as text where they are written
  double seconds = 0;
  double consumed_units = 0;       // so far
  double units_per_second = 0;     // over the last 10 s, or since the beginning
  double target = 0;               // the bound on it; 0: this phase has none
  std::optional<double> fraction;  // of the whole, an estimate
  std::optional<double> eta_seconds;
  uint64_t throttles = 0;
  std::string limited_by;  // "rate: 0.25 of 400 units/s (provisioned)", "throttling by DynamoDB",
                           // "DynamoDB", "storage", "processor"
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
  /// Counts what an earlier attempt did, which took none of this one's time.
  void Found(uint64_t items, uint64_t bytes);
  void Spent(TimeSpent on, std::chrono::nanoseconds time);
  /// The same for time that is running: it counts from now on, until its end. REQUIRES: an End for
  /// each Begin, with what it returned.
  std::chrono::nanoseconds Begin(TimeSpent on);
  void End(TimeSpent on, std::chrono::nanoseconds began);
  /// Reports if a second has passed since the last report. Workers call it after every page or
  /// batch; while all of them wait, a thread of the meter's own does.
  void Tick();
  /// Reports now, as the end of the phase.
  void Finish();

  uint64_t items() const { return items_; }
  uint64_t bytes() const { return bytes_; }
  double Seconds() const;

 private:
  /// One use of time. Nanoseconds.
  struct Account {
    int64_t spent = 0;     // and over
    int64_t began = 0;     // sum of the beginnings of what is running
    int64_t running = 0;   // how many
    int64_t reported = 0;  // of all of it
  };

  void Report();
  std::string Limiter(std::chrono::nanoseconds now);
  void Pulse(const std::stop_token& stop);

  const std::string phase_;
  const ProgressCallback& callback_;
  Clock* const clock_;
  RateController* const rate_;
  const std::chrono::nanoseconds began_;
  std::atomic<uint64_t> items_ = 0, bytes_ = 0, found_items_ = 0, expected_items_ = 0;
  std::mutex accounts_mutex_;
  std::array<Account, 5> accounts_{};
  std::mutex report_mutex_;
  std::chrono::nanoseconds reported_at_;
  std::deque<std::pair<std::chrono::nanoseconds, double>> consumed_;  // when, so far
  std::jthread pulse_;  // the last member: it uses the others
};

/// Adds the time of its own life to one account of a meter.
class TimedSpan {
 public:
  TimedSpan(ProgressMeter* meter, TimeSpent on)
      : meter_(meter), on_(on), began_(meter->Begin(on)) {}
  TimedSpan(const TimedSpan&) = delete;
  TimedSpan& operator=(const TimedSpan&) = delete;
  ~TimedSpan() { meter_->End(on_, began_); }

 private:
  ProgressMeter* const meter_;
  const TimeSpent on_;
  const std::chrono::nanoseconds began_;
};

}  // namespace penstock
