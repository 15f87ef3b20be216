#include "time/cron_expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/ascii.h"
#include "base/check.h"
#include "base/text.h"

namespace penstock {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;

// The Gregorian calendar repeats itself, days of the week included, after 400 years. Years are
// numbered from this one, which begins a cycle.
constexpr int kFirstYear = -10'000;
constexpr int kCycleYears = 400;

constexpr bool IsLeap(int year_in_cycle) {
  return year_in_cycle % 4 == 0 && (year_in_cycle % 100 != 0 || year_in_cycle == 0);
}

/// There are 14 kinds of year: by the weekday of 1 January (0: Sunday), 7 more for leap years.
struct YearKinds {
  std::array<uint8_t, kCycleYears> kind{};
  // Of each kind, the years before that one in the cycle.
  std::array<std::array<uint8_t, 14>, kCycleYears + 1> before{};
};

constexpr YearKinds MakeYearKinds() {
  YearKinds kinds;
  int weekday = 6;  // 1 January 2000, and of every 400 years before
  for (int year = 0; year < kCycleYears; ++year) {
    const int kind = weekday + (IsLeap(year) ? 7 : 0);
    kinds.kind[year] = static_cast<uint8_t>(kind);
    kinds.before[year + 1] = kinds.before[year];
    ++kinds.before[year + 1][kind];
    weekday = (weekday + (IsLeap(year) ? 366 : 365)) % 7;
  }
  return kinds;
}
constexpr YearKinds kYearKinds = MakeYearKinds();

constexpr std::array<int, 13> kDaysBeforeMonth = {0,   31,  59,  90,  120, 151, 181,
                                                  212, 243, 273, 304, 334, 365};
/// The days of the year before that month, 1 to 13.
constexpr int DaysBeforeMonth(bool leap, int month) {
  return kDaysBeforeMonth[month - 1] + (leap && month > 2 ? 1 : 0);
}

/// The lowest n bits.
constexpr uint64_t Low(int n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; }

/// A multiple of this repeats its lowest seven bits every week, six times.
constexpr uint64_t kEveryWeek = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | uint64_t{1} << 35;

/// The place of the n-th bit that is set, from 0. REQUIRES: there are more than n.
int NthBit(uint64_t bits, int64_t n) {
  for (; n > 0; --n) bits &= bits - 1;
  return std::countr_zero(bits);
}

struct FieldRule {
  std::string_view name;
  int min, max;
  std::string_view words;  // names of three letters for min, min + 1, ...
  std::string_view allowed;
};

constexpr std::array<FieldRule, 5> kFields = {{
    {"minute", 0, 59, "", "0-59"},
    {"hour", 0, 23, "", "0-23"},
    {"day-of-month", 1, 31, "", "1-31"},
    {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", "1-12 or JAN-DEC"},
    {"day-of-week", 0, 7, "SUNMONTUEWEDTHUFRISAT", "0-7 (0 and 7 are Sunday) or SUN-SAT"},
}};
constexpr size_t kDayOfMonth = 2, kDayOfWeek = 4;

struct Macro {
  std::string_view name, fields;
};
constexpr std::array<Macro, 7> kMacros = {{{"@hourly", "0 * * * *"},
                                           {"@daily", "0 0 * * *"},
                                           {"@midnight", "0 0 * * *"},
                                           {"@weekly", "0 0 * * 0"},
                                           {"@monthly", "0 0 1 * *"},
                                           {"@yearly", "0 0 1 1 *"},
                                           {"@annually", "0 0 1 1 *"}}};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string Shown(std::string_view text) {
  constexpr size_t kShownMax = 60;
  std::string shown;
  for (char c : text.substr(0, kShownMax)) shown += c >= ' ' && c != 0x7f ? c : '?';
  return shown + (text.size() > kShownMax ? "…" : "");
}

}  // namespace

/// Reads one expression. Used once.
class CronParser {
 public:
  explicit CronParser(std::string_view text) : text_(text) {}

  Result<CronExpression> Parse() {
    const std::string_view trimmed = Trim(text_);
    if (trimmed.starts_with('@')) {
      for (const Macro& macro : kMacros) {
        if (EqualsIgnoreCase(trimmed, macro.name)) return CronParser(macro.fields).Parse();
      }
      return NotCron(
          "of the words with @ there are @hourly, @daily, @midnight, @weekly, @monthly, "
          "@yearly and @annually");
    }
    std::array<std::string_view, kFields.size()> fields;
    size_t count = 0, at = 0;
    while (true) {
      while (at < text_.size() && IsBlank(text_[at])) ++at;
      const size_t begin = at;
      while (at < text_.size() && !IsBlank(text_[at])) ++at;
      if (begin == at) break;
      if (count < fields.size()) fields[count] = text_.substr(begin, at - begin);
      ++count;
    }
    if (count > 0 && (fields[0].starts_with("TZ=") || fields[0].starts_with("CRON_TZ=")))
      return NotCron("the time zone has a field of its own, timeZone");
    if (count != fields.size()) {
      return NotCron(fmt::format(
          "it has {} field{} and needs five: minute hour day-of-month month day-of-week{}", count,
          count == 1 ? "" : "s", count > fields.size() ? " (no seconds, no years)" : ""));
    }
    std::array<uint64_t, kFields.size()> bits{};
    for (size_t i = 0; i < fields.size(); ++i) {
      field_ = i;
      ASSIGN_OR_RETURN(bits[i], Field(fields[i]));
    }
    return Assemble(fields, bits);
  }

 private:
  Error NotCron(std::string_view why) const {
    return InvalidArgument(
        fmt::format("'{}' is not a cron expression: {}; write for example '30 2 * * MON-FRI'",
                    Shown(text_), why));
  }
  /// `at` points into text_.
  Error Wrong(const char* at, std::string_view what) const {
    const FieldRule& rule = kFields[field_];
    return InvalidArgument(fmt::format(
        "'{}' is not a cron expression: {} field, offset {}: {}; allowed are {}, "
        "lists (1,5), ranges (1-5), steps (*/5) and *{}",
        Shown(text_), rule.name, at - text_.data(), what, rule.allowed, DayField() ? " or ?" : ""));
  }
  bool DayField() const { return field_ == kDayOfMonth || field_ == kDayOfWeek; }

  Result<uint64_t> Field(std::string_view field) {
    uint64_t bits = 0;
    for (size_t begin = 0; begin <= field.size();) {
      const size_t comma = std::min(field.find(',', begin), field.size());
      ASSIGN_OR_RETURN(uint64_t some, Item(field.substr(begin, comma - begin)));
      bits |= some;
      begin = comma + 1;
    }
    // Sunday is 0 from here on.
    if (field_ == kDayOfWeek) bits = (bits | bits >> 7) & Low(7);
    return bits;
  }

  Result<uint64_t> Item(std::string_view item) {
    const FieldRule& rule = kFields[field_];
    if (item.empty()) return Wrong(item.data(), "a value is missing");
    const size_t slash = item.find('/');
    const std::string_view values = item.substr(0, slash);
    const int last = field_ == kDayOfWeek ? 6 : rule.max;
    int low = rule.min, high = last;
    const bool all = values == "*" || (values == "?" && DayField());
    if (!all) {
      const size_t dash = values.find('-');
      ASSIGN_OR_RETURN(low, Value(values.substr(0, dash)));
      if (dash != std::string_view::npos) {
        ASSIGN_OR_RETURN(high, Value(values.substr(dash + 1)));
        if (field_ == kDayOfWeek && high == 0 && low > 0) high = 7;
      } else {
        high = slash == std::string_view::npos ? low : std::max(low, high);
      }
      if (high < low) {
        return Wrong(values.data(),
                     fmt::format("the range {} runs backwards: write {},{}", Shown(values),
                                 Span(low, rule.max), Span(rule.min, high)));
      }
    }
    int step = 1;
    if (slash != std::string_view::npos) {
      const std::string_view number = item.substr(slash + 1);
      const auto parsed = ParseUint64(number);
      if (!parsed || *parsed == 0) {
        return Wrong(number.data(),
                     fmt::format("the step '{}' is no positive number", Shown(number)));
      }
      // A longer one is a mistake: */90 minutes would be once an hour.
      if (*parsed > static_cast<uint64_t>(last - rule.min + 1)) {
        return Wrong(number.data(),
                     fmt::format("the step {} is longer than the field's range", Shown(number)));
      }
      step = static_cast<int>(*parsed);
    }
    uint64_t bits = 0;
    for (int value = low; value <= high; value += step) bits |= uint64_t{1} << value;
    return bits;
  }

  static std::string Span(int from, int to) {
    return from == to ? fmt::format("{}", from) : fmt::format("{}-{}", from, to);
  }

  Result<int> Value(std::string_view text) {
    const FieldRule& rule = kFields[field_];
    if (text.empty()) return Wrong(text.data(), "a value is missing");
    if (std::all_of(text.begin(), text.end(), IsDigit)) {
      const auto number = ParseUint64(text);
      if (!number || *number < static_cast<uint64_t>(rule.min) ||
          *number > static_cast<uint64_t>(rule.max)) {
        return Wrong(text.data(), fmt::format("{} is out of range", Shown(text)));
      }
      return static_cast<int>(*number);
    }
    for (size_t i = 0; text.size() == 3 && i + 3 <= rule.words.size(); i += 3) {
      if (EqualsIgnoreCase(text, rule.words.substr(i, 3)))
        return rule.min + static_cast<int>(i / 3);
    }
    return Wrong(text.data(), fmt::format("'{}' is no value", Shown(text)));
  }

  Result<CronExpression> Assemble(const std::array<std::string_view, kFields.size()>& fields,
                                  const std::array<uint64_t, kFields.size()>& bits) const {
    const auto open = [&](size_t field) {
      return fields[field].front() == '*' || fields[field].front() == '?';
    };
    CronExpression expression;
    expression.minutes_ = bits[0];
    expression.hours_ = static_cast<uint32_t>(bits[1]);
    expression.days_of_month_ = static_cast<uint32_t>(bits[kDayOfMonth]);
    expression.months_ = static_cast<uint16_t>(bits[3]);
    expression.days_of_week_ = static_cast<uint8_t>(bits[kDayOfWeek]);
    expression.either_day_ = !open(kDayOfMonth) && !open(kDayOfWeek);
    expression.hours_open_ = open(1) || bits[1] == Low(24);
    expression.CountYears();
    const auto& counts = expression.days_in_year_;
    if (std::all_of(counts.begin(), counts.end(), [](uint16_t count) { return count == 0; })) {
      return NotCron(fmt::format("no year has a day {} of month {}", Shown(fields[kDayOfMonth]),
                                 Shown(fields[3])));
    }
    return expression;
  }

  std::string_view text_;
  size_t field_ = 0;
};

Result<CronExpression> CronExpression::Parse(std::string_view text) {
  return CronParser(text).Parse();
}

/// The matching days of a month: bit 0 is its first.
uint32_t CronExpression::DaysOf(int year_in_cycle, int month) const {
  if ((months_ >> month & 1) == 0) return 0;
  const bool leap = IsLeap(year_in_cycle);
  const int begin = DaysBeforeMonth(leap, month), end = DaysBeforeMonth(leap, month + 1);
  const int weekday = (kYearKinds.kind[year_in_cycle] + begin) % 7;
  const auto by_week = static_cast<uint32_t>(days_of_week_ * kEveryWeek >> weekday);
  const uint32_t by_date = days_of_month_ >> 1;
  return (either_day_ ? by_week | by_date : by_week & by_date) &
         static_cast<uint32_t>(Low(end - begin));
}

void CronExpression::CountYears() {
  for (int kind = 0; kind < 14; ++kind) {
    int year = 0;
    while (kYearKinds.kind[year] != kind) ++year;
    int count = 0;
    for (int month = 1; month <= 12; ++month) count += std::popcount(DaysOf(year, month));
    days_in_year_[kind] = static_cast<uint16_t>(count);
  }
}

int64_t CronExpression::DaysBefore(int year_in_cycle) const {
  int64_t count = 0;
  for (int kind = 0; kind < 14; ++kind)
    count += int64_t{kYearKinds.before[year_in_cycle][kind]} * days_in_year_[kind];
  return count;
}

int64_t CronExpression::PerDay() const { return std::popcount(hours_) * std::popcount(minutes_); }

bool CronExpression::Matches(LocalMinute minute) const { return Select(Rank(minute)) == minute; }

int64_t CronExpression::Rank(LocalMinute minute) const {
  const local_days day = floor<days>(minute);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year()) - kFirstYear;
  CHECK(year >= 0 && year <= 2 * -kFirstYear);
  const int in_cycle = year % kCycleYears;
  const int month = static_cast<int>(static_cast<unsigned>(date.month()));
  int64_t count = year / kCycleYears * DaysBefore(kCycleYears) + DaysBefore(in_cycle);
  for (int earlier = 1; earlier < month; ++earlier)
    count += std::popcount(DaysOf(in_cycle, earlier));
  const uint32_t in_month = DaysOf(in_cycle, month);
  const int before = static_cast<int>(static_cast<unsigned>(date.day())) - 1;
  count += std::popcount(in_month & static_cast<uint32_t>(Low(before)));
  count *= PerDay();
  if ((in_month >> before & 1) == 0) return count;
  const auto time = static_cast<int>((minute - day).count());
  const int hour = time / 60;
  count += std::popcount(hours_ & static_cast<uint32_t>(Low(hour))) * std::popcount(minutes_);
  if ((hours_ >> hour & 1) != 0) count += std::popcount(minutes_ & Low(time % 60));
  return count;
}

LocalMinute CronExpression::Select(int64_t rank) const {
  int64_t day_rank = rank / PerDay();
  const int64_t in_day = rank % PerDay();
  const int64_t per_cycle = DaysBefore(kCycleYears);
  const auto cycle = static_cast<int>(day_rank / per_cycle);
  day_rank %= per_cycle;
  int low = 0, high = kCycleYears - 1;  // the last year with no more days before it than that
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (DaysBefore(middle) <= day_rank) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  day_rank -= DaysBefore(low);
  int month = 1;
  uint32_t in_month = DaysOf(low, month);
  while (day_rank >= std::popcount(in_month)) {
    day_rank -= std::popcount(in_month);
    in_month = DaysOf(low, ++month);
  }
  const std::chrono::year year(kFirstYear + cycle * kCycleYears + low);
  const local_days first(year / month / 1);
  const int per_hour = std::popcount(minutes_);
  return first + days(NthBit(in_month, day_rank)) +
         std::chrono::hours(NthBit(hours_, in_day / per_hour)) +
         std::chrono::minutes(NthBit(minutes_, in_day % per_hour));
}

}  // namespace penstock
