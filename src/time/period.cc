#include "time/period.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/text.h"
#include "time/calendar.h"

namespace penstock {
namespace {

struct Unit {
  PeriodUnit unit;
  std::string_view plural;
  int64_t months;  // 0: a fixed length
  int64_t nominal_ms;
};

constexpr int64_t kDayMs = 86'400'000;
constexpr std::array<Unit, 7> kUnits = {{
    {PeriodUnit::kSeconds, "seconds", 0, 1000},
    {PeriodUnit::kMinutes, "minutes", 0, 60'000},
    {PeriodUnit::kHours, "hours", 0, 3'600'000},
    {PeriodUnit::kDays, "days", 0, kDayMs},
    {PeriodUnit::kWeeks, "weeks", 0, 7 * kDayMs},
    {PeriodUnit::kMonths, "months", 1, 30 * kDayMs},
    {PeriodUnit::kYears, "years", 12, 365 * kDayMs},
}};

const Unit& UnitOf(PeriodUnit unit) { return kUnits[static_cast<size_t>(unit)]; }

Error NotAPeriod(std::string_view text, std::string_view why) {
  constexpr size_t kShownMax = 60;
  return InvalidArgument(fmt::format(
      "'{}{}' is not a period: {}; write for example '15 minutes', '1 hour' or '2 days'",
      text.substr(0, kShownMax), text.size() > kShownMax ? "…" : "", why));
}

}  // namespace

Result<Period> ParsePeriod(std::string_view text) {
  std::string_view rest = Trim(text);
  size_t digits = 0;
  while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
  if (digits == 0) return NotAPeriod(text, "it must begin with a positive whole number");
  std::optional<int64_t> count = ParseInt64(rest.substr(0, digits));
  if (count == 0) return NotAPeriod(text, "the number must be at least 1");
  if (!count || *count > kPeriodCountMax) return NotAPeriod(text, "the number is too large");
  std::string_view word = Trim(rest.substr(digits));
  if (word.empty()) return NotAPeriod(text, "the unit is missing");
  for (const Unit& unit : kUnits) {
    if (EqualsIgnoreCase(word, unit.plural) ||
        EqualsIgnoreCase(word, unit.plural.substr(0, unit.plural.size() - 1))) {
      return Period{*count, unit.unit};
    }
  }
  return NotAPeriod(text, "the unit must be minutes, hours, days, weeks, months or years");
}

std::string FormatPeriod(const Period& period) {
  std::string_view unit = UnitOf(period.unit).plural;
  if (period.count == 1) unit.remove_suffix(1);
  return fmt::format("{} {}", period.count, unit);
}

std::string_view PeriodUnitName(PeriodUnit unit) { return UnitOf(unit).plural; }

Instant Plus(Instant start, const Period& period, int64_t times) {
  const Unit& unit = UnitOf(period.unit);
  int64_t steps = 0;
  std::optional<Instant> result;
  if (!__builtin_mul_overflow(period.count, times, &steps)) {
    int64_t months = 0;
    if (unit.months == 0) {
      result = AddDuration(start, Duration(unit.nominal_ms), steps);
    } else if (!__builtin_mul_overflow(steps, unit.months, &months)) {
      result = AddMonths(start, months);
    }
  }
  if (result) return *result;
  return (period.count < 0) == (times < 0) ? InstantMax() : InstantMin();
}

int64_t IndexOf(Instant start, const Period& period, Instant at) {
  const Unit& unit = UnitOf(period.unit);
  at = std::clamp(at, InstantMin(), InstantMax());
  int64_t index = 0;
  if (unit.months == 0) {
    int64_t length = unit.nominal_ms * period.count;
    int64_t distance = (at - start).count();
    index = distance / length;
    return distance % length < 0 ? index - 1 : index;
  }
  // Months differ in length but a month apart in the calendar is never more than one boundary off.
  CivilTime from = ToCivil(start), to = ToCivil(at);
  int64_t months = int64_t{to.year - from.year} * 12 + (to.month - from.month);
  int64_t per_period = unit.months * period.count;
  index = months / per_period;
  while (Plus(start, period, index) > at) --index;
  // The far end saturates, so that a boundary beyond it would count as reached.
  while (Plus(start, period, index + 1) <= at && Plus(start, period, index + 1) < InstantMax()) {
    ++index;
  }
  return index;
}

Duration NominalLength(const Period& period) {
  return Duration(UnitOf(period.unit).nominal_ms * period.count);
}

}  // namespace penstock
