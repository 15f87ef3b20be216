// Cron expressions of five fields: minute, hour, day of month, month, day of week (POSIX crontab,
// with Vixie cron's extensions). Here they are sets of minutes on a wall clock; cron_clock.h brings
// in the time zone. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock {

/// A minute as some wall clock shows it, without saying where.
using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

/// The minutes that match an expression, in order and numbered, so that finding the next one,
/// counting them and jumping over any number of them take the same small number of steps, however
/// rare they are.
///
/// A field is a list, with commas, of `*`, numbers, ranges `a-b`, and steps: `*/n`, `a-b/n`, and
/// `a/n` for "from a to the end". Months and days of the week may be written JAN-DEC and SUN-SAT,
/// in any case; 0 and 7 are both Sunday, also as a range's end (FRI-SUN). `?` is `*` for either
/// kind of day. If both kinds of day are restricted, a day matches if either does; a field that
/// begins with `*` or `?` is no restriction, and then both must match (crontab(5)). In place of the
/// fields @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually.
class CronExpression {
 public:
  /// InvalidArgument says which field, at which offset in `text` (from 0), what is wrong there and
  /// what is allowed. Refused as well: dates that no year has (30 February), and fields of other
  /// schedulers (seconds, years, L, W, #).
  static Result<CronExpression> Parse(std::string_view text);

  bool Matches(LocalMinute minute) const;

  /// How many matching minutes lie before `minute`, counted from the beginning of the year -10000.
  /// REQUIRES: its year is in -10000..10000.
  int64_t Rank(LocalMinute minute) const;
  /// The inverse: Select(Rank(m)) is the first matching minute at or after m. REQUIRES: 0 <= rank
  /// <= Rank(1 January 10001).
  LocalMinute Select(int64_t rank) const;

  /// Whether the hours were left open: written with a leading `*`, or every one of them. Such an
  /// expression says how often, one with chosen hours says when; that makes a difference where
  /// clocks are changed (cron_clock.h).
  bool hours_open() const { return hours_open_; }

  bool operator==(const CronExpression&) const = default;

 private:
  CronExpression() = default;
  friend class CronParser;

  void CountYears();
  uint32_t DaysOf(int year_in_cycle, int month) const;
  int64_t DaysBefore(int year_in_cycle) const;
  int64_t PerDay() const;

  // Bit n: the value n matches.
  uint64_t minutes_ = 0;
  uint32_t hours_ = 0, days_of_month_ = 0;
  uint16_t months_ = 0;
  uint8_t days_of_week_ = 0;  // bit 0: Sunday
  bool either_day_ = false;   // both kinds of day are restricted
  bool hours_open_ = false;
  std::array<uint16_t, 14> days_in_year_{};  // matching days, by kind of year
};

}  // namespace penstock
