// A Schedule object as arithmetic: its k-th interval lasts from the k-th boundary of what it
// repeats to the next. With a period that is [start + k x period, start + (k+1) x period), computed
// from the start, so that months do not drift (A31); with a cron expression, from one firing to the
// next. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "time/instant.h"
#include "time/recurrence.h"

namespace penstock::engine {

struct Interval {
  Instant start{}, end{};
  bool operator==(const Interval&) const = default;
};

struct Schedule {
  std::string id;
  Recurrence recurrence;
  std::optional<Instant> start;  // absent: FIRST_ACTIVATION_DATE_TIME
  std::optional<Instant> end;    // endDateTime
  std::optional<int64_t> occurrences;
};

/// A schedule whose start is known. For one thread.
class Timetable {
 public:
  /// `first_activation` is used when the schedule starts then; its seconds count, its milliseconds
  /// do not. `at_end`: runs happen at the interval's end (timeseries) rather than at its start
  /// (cron). It decides which intervals an endDateTime in the middle of a period cuts off (A45),
  /// and when an interval is due.
  Timetable(const Schedule& schedule, Instant first_activation, bool at_end);

  /// The k-th interval, whether it exists or not.
  Interval At(int64_t k) const;
  /// Whether the schedule has a k-th interval.
  bool Has(int64_t k) const;
  /// When the k-th run starts.
  Instant DueAt(int64_t k) const { return at_end_ ? At(k).end : At(k).start; }
  /// The interval that contains `at`, whether it exists or not.
  int64_t IndexAt(Instant at) const;
  /// The existing intervals that overlap `interval`, as [first, last); empty when none does. An
  /// empty interval overlaps the one that contains it.
  std::pair<int64_t, int64_t> Overlapping(const Interval& interval) const;
  /// How many runs are due at or before `at`.
  int64_t DueCount(Instant at) const;

 private:
  int64_t DueCountLimit(int64_t at_most) const;

  Recurrence recurrence_;
  Instant start_;
  std::optional<Instant> end_;
  std::optional<int64_t> occurrences_;
  bool at_end_;
  // The interval that was asked for last: the next questions are mostly about the same one.
  mutable std::optional<std::pair<int64_t, Interval>> last_;
};

}  // namespace penstock::engine
