// What requests cost and whether they may go ahead.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "local/dynamodb/token_bucket.h"

namespace penstock::dynamodb {

/// Of one item, or of one page of a Query or Scan as a whole; at least one unit, half of it if not
/// `consistent`.
double ReadUnits(uint64_t bytes, bool consistent);
/// Of one item; `bytes` is the larger of its old and new size.
double WriteUnits(uint64_t bytes);

enum class CapacityReport { kNone, kTotal, kIndexes };
/// From ReturnConsumedCapacity; "" is NONE.
CapacityReport ReadCapacityReport(std::string_view text);

/// What one request consumed of one table. Value type.
struct ConsumedCapacity {
  std::string table;
  double table_units = 0;
  std::vector<std::pair<std::string, double>> local_indexes, global_indexes;  // by index name

  void AddIndex(bool global, std::string_view name, double units);
  double Total() const;
};
/// Transactions say besides what the units were for.
enum class CapacityUse { kUnsaid, kRead, kWrite };
void AppendJson(const ConsumedCapacity& consumed, CapacityReport report, std::string& out,
                CapacityUse use = CapacityUse::kUnsaid);
/// Adds `one` to the entry of its table, which is made if it is the first.
void AddConsumed(std::vector<ConsumedCapacity>& consumed, const ConsumedCapacity& one);
/// "[{…},…]"
std::string WriteConsumed(const std::vector<ConsumedCapacity>& consumed, CapacityReport report,
                          CapacityUse use = CapacityUse::kUnsaid);

/// A number of units as the wire has it: "0.5", "12.0".
std::string ShowUnits(double units);

constexpr double kOnDemandInitialReadUnits = 12'000;
constexpr double kOnDemandInitialWriteUnits = 4'000;
constexpr double kOnDemandUnitsMax = 40'000;

/// The reads or the writes of one table or index. Not thread-safe. Times are Clock::Monotonic().
///
/// Provisioned: a TokenBucket. On demand: `initial` units per second, or twice the highest second
/// of all but the current period of 30 minutes, with one second's worth kept.
class CapacityMeter {
 public:
  struct Limits {
    bool on_demand = false;
    double units_per_second = 0;  // provisioned rate, or the initial one on demand
    std::chrono::seconds initial_burst{
        0};  // provisioned: how much unused capacity a new table starts with
    bool operator==(const Limits&) const = default;
  };

  CapacityMeter(const Limits& limits, std::chrono::nanoseconds now);

  /// Changes the limits in place; the same ones again change nothing.
  void SetLimits(const Limits& limits, std::chrono::nanoseconds now);
  bool Admits(std::chrono::nanoseconds now);
  void Take(double units, std::chrono::nanoseconds now);

 private:
  TokenBucket MakeBucket(std::chrono::nanoseconds now) const;
  void NoteTraffic(double units, std::chrono::nanoseconds now);

  Limits limits_;
  TokenBucket bucket_;
  // On demand.
  double previous_peak_ = 0, current_peak_ = 0;  // units in the busiest second
  double second_units_ = 0;
  std::chrono::nanoseconds second_started_, period_started_;
};

}  // namespace penstock::dynamodb
