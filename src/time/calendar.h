// Calendar arithmetic in UTC, as Data Pipeline's date functions define it (Developer Guide,
// "Expression Functions"). A day that does not exist in the target month becomes its last day
// (Joda-Time's rule). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "time/instant.h"

namespace penstock {

/// The supported years are -kYearMax..kYearMax.
inline constexpr int kYearMax = 9999;

/// First and last instant of the supported years.
Instant InstantMin();
Instant InstantMax();

/// Additions; negative amounts subtract. nullopt when the result would leave the supported years.
std::optional<Instant> AddMonths(Instant instant, int64_t months);
std::optional<Instant> AddDuration(Instant instant, Duration unit, int64_t times);

/// 00:00 of the same day.
Instant Midnight(Instant instant);
/// The first day of the same month, time of day kept.
Instant FirstOfMonth(Instant instant);
/// That Sunday or the one before, time of day kept.
Instant SundayOnOrBefore(Instant instant);

int DayOfYear(Instant instant);     // 1..366
int IsoDayOfWeek(Instant instant);  // 1 = Monday .. 7 = Sunday

/// ISO 8601 week: weeks start on Monday, week 1 holds the year's first Thursday.
struct IsoWeek {
  int year = 1970;
  int week = 1;  // 1..53
  bool operator==(const IsoWeek&) const = default;
};
IsoWeek ToIsoWeek(Instant instant);
/// `day` 1 = Monday .. 7 = Sunday, 00:00; nullopt when that year has no such week or the day is out
/// of range.
std::optional<Instant> FromIsoWeek(const IsoWeek& week, int day);

}  // namespace penstock
