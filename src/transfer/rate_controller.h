// RateController: one token bucket for a whole job, so that it never takes more than its share of a
// table's capacity, however many threads work on it. Tokens are capacity units. A request reserves
// what it may cost before it is sent and is settled with what the server says it did cost.
//
// The target T = ratio × C × f. C, the table's capacity, is asked again every 4 s. f is 1 until the
// server throttles; then it falls by 0.7 (at most every 500 ms) and recovers by 2 % of T a second.
// A throttle of fewer than three segments within a second is taken for a hot partition: its caller
// waits, the job goes on. For tables whose capacity nobody declares, C itself is the guess that
// throttles and their absence move.
//
// The bucket holds half a second of T, or one request if that costs more, starts empty, and does
// not fill while more than that and one request are under way. Hence over any 10 s at most 1.05 ×
// 10 T and one request are consumed.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "transfer/table_description.h"

namespace penstock {

struct RateOptions {
  /// Share of the table's capacity, (0, 1]. Ignored when units_per_second is given.
  double ratio = 0.25;
  /// An absolute bound in capacity units a second.
  std::optional<double> units_per_second;
};

/// Thread-safe. Lets time pass on the clock only inside Reserve.
class RateController {
 public:
  /// Asks for the table's capacity. Called outside the lock, by one thread at a time. A throttle is
  /// kUnavailable.
  using CapacitySource = std::function<Result<TableCapacity>()>;

  /// REQUIRES: options are valid (CheckRateOptions); clock and random outlive it.
  RateController(RateOptions options, TableCapacity initial, CapacitySource source, Clock* clock,
                 Random* random);

  /// Waits until `units` are there, then takes them. First come, first served. False if `stop` came
  /// first.
  bool Reserve(double units, const std::stop_token& stop);
  /// The request that reserved `reserved` did cost `consumed`. REQUIRES: once for each Reserve.
  void Settle(double reserved, double consumed);
  /// The server refused a request for going too fast. `lane`: which segment or writer it was. To be
  /// settled as well.
  void OnThrottle(uint64_t lane);

  /// T now, in units per second.
  double Target();
  /// What T is made of: "0.25 of 400 units/s (provisioned)".
  std::string Explain();

  struct Totals {
    double consumed = 0;  // settled so far
    double allowed = 0;   // integral of T since the first Reserve
    uint64_t throttles = 0;
    std::chrono::nanoseconds waited{0};  // by all threads together
    bool slowed_by_throttles = false;    // f < 1 now
  };
  Totals totals();

 private:
  double TargetLocked() const;
  void Advance(std::chrono::nanoseconds now);
  void RefreshCapacity();

  const RateOptions options_;
  const CapacitySource source_;
  Clock* const clock_;
  Random* const random_;

  std::mutex turn_;  // held by the one that waits for tokens: the queue
  std::mutex mutex_;
  TableCapacity capacity_;
  double factor_ = 1;
  double level_ = 0;
  double in_flight_ = 0;
  double request_max_ = 0;  // the largest reservation so far
  bool started_ = false;
  std::chrono::nanoseconds updated_at_{0};
  std::chrono::nanoseconds next_refresh_{0};
  std::optional<std::chrono::nanoseconds> last_cut_;
  std::deque<std::pair<std::chrono::nanoseconds, uint64_t>> recent_throttles_;
  bool refreshing_ = false;
  Totals totals_;
};

/// kInvalidArgument says which option is out of range and what is allowed.
Status CheckRateOptions(const RateOptions& options, std::string_view ratio_name);

}  // namespace penstock
