// RateController: one token bucket for a whole job, so that it never takes more than its share of a
// table's capacity, however many threads work on it. Tokens are capacity units. A request reserves
// what it may cost before it is sent and is settled with what the server says it did cost.
//
// The target T = ratio × C × f. C, the table's capacity, is asked again every 4 s. f is 1 until the
// server throttles; then it falls by 0.7 (at most every 500 ms) and recovers by 2 % of T a second.
// A throttle of fewer than three lanes (segments, writers) within a second is taken for a hot
// partition, unless no others were at work in that second: its caller waits, the job goes on. For
// tables whose capacity nobody declares, C itself is the guess that throttles and their absence
// move. A global index has a bucket of its own, under the same bound of its own capacity, which is
// the table's guess where nobody declares either; what a write costs it is learnt, and the tightest
// bucket rules.
//
// What bounds the rate is one of:
//   ratio      ratio × C
//   absolute   so many units a second, whatever the table has
//   headroom   ratio × what other users of the table leave of C
//   max        what the server bears: twice as much each second until it throttles, from then on
//              the guess above; indexes have no bounds of their own
//
// The bucket holds half a second of T, or one request if that costs more, starts empty, and does
// not fill while more than that and one request are under way. Hence over any 10 s at most 1.05 ×
// 10 T and one request are consumed.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "transfer/table_description.h"

namespace penstock {

struct TransferReport;

enum class RateMode { kRatio, kAbsolute, kHeadroom, kMax };

struct RateOptions {
  /// Share of the table's capacity, or of what others leave of it, (0, 1].
  double ratio = 0.25;
  /// An absolute bound in capacity units a second. Given: the mode is kAbsolute.
  std::optional<double> units_per_second = {};
  RateMode mode = RateMode::kRatio;

  RateMode Mode() const { return units_per_second ? RateMode::kAbsolute : mode; }
};

/// Thread-safe. Lets time pass on the clock only inside Reserve.
class RateController {
 public:
  /// Asks for the table's capacity. Called outside the lock, by one thread at a time. A throttle is
  /// kUnavailable.
  using CapacitySource = std::function<Result<TableCapacity>()>;
  /// Says how many units a second others take, given what this job has consumed so far. Asked
  /// likewise, in headroom mode.
  using OthersSource = std::function<Result<double>(double own_units)>;

  /// REQUIRES: options are valid (CheckRateOptions); clock and random outlive it.
  RateController(RateOptions options, TableCapacity initial, CapacitySource source, Clock* clock,
                 Random* random, OthersSource others = {});

  /// What a request cost the global indexes, by name; those not in it cost nothing. nullopt: the
  /// server did not say, and it is taken for what such requests used to cost.
  using IndexUnits = std::optional<std::map<std::string, double>>;

  /// Waits until `units` are there, then takes them. First come, first served. `lane`: which
  /// segment or writer asks. False if `stop` came first.
  bool Reserve(uint64_t lane, double units, const std::stop_token& stop);
  /// The request that reserved `reserved` did cost `consumed`, and these units of indexes.
  /// REQUIRES: once for each Reserve.
  void Settle(double reserved, double consumed, const IndexUnits& index_units);
  /// The server refused a request of this lane for going too fast. To be settled as well.
  void OnThrottle(uint64_t lane);

  /// T now, in units per second.
  double Target();
  /// What T is made of: "0.25 of 400 units/s (provisioned)".
  std::string Explain();

  struct Totals {
    double consumed = 0;  // settled so far
    double index_consumed = 0;
    double allowed = 0;  // integral of T since the first Reserve
    uint64_t throttles = 0;
    std::chrono::nanoseconds waited{0};  // by all threads together
    bool slowed_by_throttles = false;    // f < 1 now

    /// Into the report's figures.
    void AddTo(TransferReport* report) const;
  };
  Totals totals();

 private:
  struct IndexBucket {
    double level = 0;
    double per_unit = 1;  // what a unit of the table costs the index; learnt
  };

  static constexpr size_t kLanesForCut = 3;
  struct LaneUse {
    uint64_t lane = 0;
    std::optional<std::chrono::nanoseconds> at;
  };

  double TargetLocked() const;
  double Bound(const Capacity& capacity) const;
  double IndexBound(const std::string& name) const;
  bool RulesAsGuess(const std::string& index) const;
  void Saw(uint64_t lane, std::chrono::nanoseconds now);
  /// How many lanes were at work within the last second, three at most.
  size_t LanesAtWork(std::chrono::nanoseconds now) const;
  /// How long until the emptiest bucket has what a request of `units` takes; 0: they all have.
  double SecondsUntil(double units) const;
  void Grow(double seconds);
  void Advance(std::chrono::nanoseconds now);
  void RefreshCapacity();

  const RateOptions options_;
  const CapacitySource source_;
  const OthersSource others_source_;
  Clock* const clock_;
  Random* const random_;

  std::mutex turn_;  // held by the one that waits for tokens: the queue
  std::mutex mutex_;
  TableCapacity capacity_;
  std::map<std::string, IndexBucket> indexes_;
  double others_ = 0;           // units a second; headroom mode
  std::string tightest_index_;  // that the last wait was for; empty: the table
  bool has_cut_ = false;
  double factor_ = 1;
  double level_ = 0;
  double in_flight_ = 0;
  double request_max_ = 0;  // the largest reservation so far
  bool started_ = false;
  std::chrono::nanoseconds updated_at_{0};
  std::chrono::nanoseconds next_refresh_{0};
  std::optional<std::chrono::nanoseconds> last_cut_;
  std::deque<std::pair<std::chrono::nanoseconds, uint64_t>> recent_throttles_;
  std::array<LaneUse, kLanesForCut> recent_lanes_;  // the last ones, each once
  bool refreshing_ = false;
  Totals totals_;
};

/// kInvalidArgument says which option is out of range and what is allowed.
Status CheckRateOptions(const RateOptions& options, std::string_view ratio_name);

}  // namespace penstock
