#include "time/calendar.h"

#include <algorithm>

namespace penstock {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;
using std::chrono::weekday;

constexpr int64_t kMonthsMax = int64_t{12} * 2 * (kYearMax + 1);

bool InRange(Instant instant) { return InstantMin() <= instant && instant <= InstantMax(); }

}  // namespace

Instant InstantMin() { return Instant(sys_days(std::chrono::year(-kYearMax) / 1 / 1)); }

Instant InstantMax() {
  return Instant(sys_days(std::chrono::year(kYearMax) / 12 / 31)) + std::chrono::hours(24) -
         Duration(1);
}

std::optional<Instant> AddMonths(Instant instant, int64_t months) {
  if (months < -kMonthsMax || months > kMonthsMax || !InRange(instant)) return std::nullopt;
  sys_days day = floor<days>(instant);
  std::chrono::year_month_day date(day);
  int64_t total = int64_t{static_cast<int>(date.year())} * 12 +
                  (static_cast<unsigned>(date.month()) - 1) + months;
  int64_t year = total >= 0 ? total / 12 : -((11 - total) / 12);
  if (year < -kYearMax || year > kYearMax) return std::nullopt;
  std::chrono::year_month month(std::chrono::year(static_cast<int>(year)),
                                std::chrono::month(static_cast<unsigned>(total - year * 12 + 1)));
  std::chrono::day last = (month / std::chrono::last).day();
  return Instant(sys_days(month / std::min(date.day(), last))) + (instant - day);
}

std::optional<Instant> AddDuration(Instant instant, Duration unit, int64_t times) {
  int64_t step = 0, sum = 0;
  if (__builtin_mul_overflow(int64_t{unit.count()}, times, &step) ||
      __builtin_add_overflow(int64_t{instant.time_since_epoch().count()}, step, &sum)) {
    return std::nullopt;
  }
  Instant result{Duration(sum)};
  if (!InRange(result)) return std::nullopt;
  return result;
}

Instant Midnight(Instant instant) { return Instant(floor<days>(instant)); }

Instant FirstOfMonth(Instant instant) {
  sys_days day = floor<days>(instant);
  std::chrono::year_month_day date(day);
  return instant - (day - sys_days(date.year() / date.month() / 1));
}

Instant SundayOnOrBefore(Instant instant) {
  return instant - days(weekday(floor<days>(instant)).c_encoding());
}

int DayOfYear(Instant instant) {
  sys_days day = floor<days>(instant);
  std::chrono::year_month_day date(day);
  return static_cast<int>((day - sys_days(date.year() / 1 / 1)).count()) + 1;
}

int IsoDayOfWeek(Instant instant) {
  return static_cast<int>(weekday(floor<days>(instant)).iso_encoding());
}

IsoWeek ToIsoWeek(Instant instant) {
  sys_days day = floor<days>(instant);
  // The week belongs to the year that its Thursday lies in.
  sys_days thursday = day + days(4 - IsoDayOfWeek(instant));
  std::chrono::year year = std::chrono::year_month_day(thursday).year();
  int64_t day_index = (thursday - sys_days(year / 1 / 1)).count();
  return {static_cast<int>(year), static_cast<int>(day_index / 7) + 1};
}

std::optional<Instant> FromIsoWeek(const IsoWeek& week, int day) {
  if (week.year < -kYearMax || week.year > kYearMax || week.week < 1 || week.week > 53 || day < 1 ||
      day > 7) {
    return std::nullopt;
  }
  // 4 January is always in week 1.
  Instant fourth(sys_days(std::chrono::year(week.year) / 1 / 4));
  Instant monday = fourth - days(IsoDayOfWeek(fourth) - 1);
  Instant result = monday + days((week.week - 1) * 7 + day - 1);
  if (ToIsoWeek(result) != week || !InRange(result)) return std::nullopt;
  return result;
}

}  // namespace penstock
