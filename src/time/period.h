// Periods as Data Pipeline writes them: "15 minutes", "1 Day", "3 years". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

enum class PeriodUnit { kSeconds, kMinutes, kHours, kDays, kWeeks, kMonths, kYears };

/// A number of calendar units. Months and years have no fixed length: they are always added to a
/// date.
struct Period {
  int64_t count = 0;  // 1..kPeriodCountMax when parsed
  PeriodUnit unit = PeriodUnit::kMinutes;
  bool operator==(const Period&) const = default;
};

inline constexpr int64_t kPeriodCountMax = 100'000'000;

/// "<positive integer> <unit>", any case, singular or plural, surrounding and repeated blanks
/// allowed. `seconds` is an extension: who must refuse it looks at `unit`. The error says what was
/// wrong and shows a right form.
Result<Period> ParsePeriod(std::string_view text);

/// "15 minutes", "1 hour": what ParsePeriod reads back as the same Period.
std::string FormatPeriod(const Period& period);

/// "minutes", "hours", ...
std::string_view PeriodUnitName(PeriodUnit unit);

/// `start` + `times` x `period`, computed from `start` in one step, so that no drift can build up:
/// 31 January plus one month is 28 February, plus two is 31 March (Joda's rule: a day that does not
/// exist becomes the last of its month). `times` may be negative. Saturates at the first and last
/// instant of the years -9999..9999.
Instant Plus(Instant start, const Period& period, int64_t times = 1);

/// The k with Plus(start, period, k) <= at < Plus(start, period, k + 1); negative before `start`.
/// Takes a constant number of steps, however far apart the two are. REQUIRES: period.count > 0.
int64_t IndexOf(Instant start, const Period& period, Instant at);

/// A length for comparing periods and for timeouts without a calendar: a month counts as 30 days, a
/// year as 365.
Duration NominalLength(const Period& period);

}  // namespace penstock
