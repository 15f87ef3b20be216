// What a schedule repeats. Pure.
#pragma once

#include <cstdint>
#include <variant>

#include "time/cron_clock.h"
#include "time/instant.h"
#include "time/period.h"

namespace penstock {

/// An endless row of boundaries, numbered from a start: every period from there (period.h), or each
/// firing of a cron expression from there on (cron_clock.h).
class Recurrence {
 public:
  Recurrence(Period period) : rule_(period) {}          // NOLINT: either is one
  Recurrence(const CronClock& clock) : rule_(clock) {}  // NOLINT

  /// The k-th boundary. With a period, `start` is number 0; with a cron expression, the first
  /// firing at or after it. k may be negative. Saturates at the first and last instant of the
  /// supported years.
  Instant Boundary(Instant start, int64_t k) const;
  /// The boundary after the k-th, which is `boundary`: cheaper than asking for it by number.
  Instant Next(Instant start, int64_t k, Instant boundary) const;
  /// The k with Boundary(k) <= at < Boundary(k + 1); negative before the first.
  int64_t IndexOf(Instant start, Instant at) const;

  bool operator==(const Recurrence&) const = default;

 private:
  std::variant<Period, CronClock> rule_;
};

}  // namespace penstock
