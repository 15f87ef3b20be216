#include "time/joda_pattern.h"

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "base/ascii.h"
#include "base/text.h"
#include "time/calendar.h"

namespace penstock {
namespace {

constexpr std::string_view kLetters = "GCYxweEyDMdaKhHkmsSzZ";
// Joda reads these as numbers: a year before one of them may not swallow its digits.
constexpr std::string_view kNumericLetters = "CxyYdhHmsSeDwkK";
constexpr int kFractionDigitsMax =
    15;  // what Joda prints of a millisecond clock, however long the pattern

constexpr std::array<std::string_view, 12> kMonthNames = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDayNames = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string Padded(int64_t value, int digits) {
  std::string text = fmt::format("{:0{}}", std::abs(value), digits);
  return value < 0 ? "-" + text : text;
}

std::string TwoDigits(int year) { return fmt::format("{:02}", std::abs(year) % 100); }

std::string Fraction(int millisecond, int count) {
  std::string digits = fmt::format("{:03}", millisecond);
  if (millisecond == 0) return std::string(static_cast<size_t>(count), '0');
  digits.resize(static_cast<size_t>(std::min(count, kFractionDigitsMax)), '0');
  return digits;
}

// Joda's default in ISO chronology: 1 BC is year 0.
int YearOfEra(int year) { return year > 0 ? year : 1 - year; }

std::string FormatField(char letter, int count, Instant instant) {
  CivilTime c = ToCivil(instant);
  int half = c.hour % 12;
  switch (letter) {
    case 'G':
      return c.year > 0 ? "AD" : "BC";
    case 'C':
      return Padded(YearOfEra(c.year) / 100, count);
    case 'Y':
      return count == 2 ? TwoDigits(c.year) : Padded(YearOfEra(c.year), count);
    case 'y':
      return count == 2 ? TwoDigits(c.year) : Padded(c.year, count);
    case 'x': {
      int year = ToIsoWeek(instant).year;
      return count == 2 ? TwoDigits(year) : Padded(year, count);
    }
    case 'w':
      return Padded(ToIsoWeek(instant).week, count);
    case 'e':
      return Padded(IsoDayOfWeek(instant), count);
    case 'E': {
      std::string_view name = kDayNames[static_cast<size_t>(IsoDayOfWeek(instant) - 1)];
      return std::string(count >= 4 ? name : name.substr(0, 3));
    }
    case 'D':
      return Padded(DayOfYear(instant), count);
    case 'M': {
      std::string_view name = kMonthNames[static_cast<size_t>(c.month - 1)];
      if (count < 3) return Padded(c.month, count);
      return std::string(count >= 4 ? name : name.substr(0, 3));
    }
    case 'd':
      return Padded(c.day, count);
    case 'a':
      return c.hour < 12 ? "AM" : "PM";
    case 'K':
      return Padded(half, count);
    case 'h':
      return Padded(half == 0 ? 12 : half, count);
    case 'H':
      return Padded(c.hour, count);
    case 'k':
      return Padded(c.hour == 0 ? 24 : c.hour, count);
    case 'm':
      return Padded(c.minute, count);
    case 's':
      return Padded(c.second, count);
    case 'S':
      return Fraction(c.millisecond, count);
    case 'z':
      return count >= 4 ? "Coordinated Universal Time" : "UTC";
    case 'Z':
      return count == 1 ? "+0000" : count == 2 ? "+00:00" : "UTC";
  }
  return {};
}

constexpr int64_t kNumberMax = std::numeric_limits<int32_t>::max();

// What a parse has gathered; a field that the text does not give stays unset.
struct Parsed {
  std::optional<int64_t> year, year_of_era, century, week_year, week, day_of_week, day_of_year,
      month, day, hour, clock_hour, half_hour, clock_half_hour, minute, second, millisecond;
  std::optional<bool> afternoon, before_christ;
  int64_t offset_minutes = 0;
};

struct Reader {
  std::string_view text;
  size_t at = 0;

  std::string_view Rest() const { return text.substr(at); }

  /// As in Joda-Time, nothing if it is more than an int of Java's can be.
  std::optional<int64_t> Number(int digits_max, bool is_signed) {
    size_t from = at;
    bool negative = false;
    if (is_signed && at + 1 < text.size() && (text[at] == '-' || text[at] == '+') &&
        IsDigit(text[at + 1])) {
      negative = text[at++] == '-';
    }
    int64_t value = 0;
    int digits = 0;
    for (; at < text.size() && IsDigit(text[at]) && digits < digits_max; ++at, ++digits) {
      value = value * 10 + (text[at] - '0');
      if (value > kNumberMax) return at = from, std::nullopt;
    }
    if (digits == 0) return at = from, std::nullopt;
    return negative ? -value : value;
  }

  /// Index of the longest name (or its first three letters) that the text goes on with.
  template <size_t N>
  std::optional<int64_t> Name(const std::array<std::string_view, N>& names) {
    for (size_t length : {size_t{0}, size_t{3}}) {
      for (size_t i = 0; i < N; ++i) {
        std::string_view name = length == 0 ? names[i] : names[i].substr(0, length);
        if (EqualsIgnoreCase(Rest().substr(0, name.size()), name)) {
          at += name.size();
          return static_cast<int64_t>(i);
        }
      }
    }
    return std::nullopt;
  }

  bool Word(std::string_view word) {
    if (!EqualsIgnoreCase(Rest().substr(0, word.size()), word)) return false;
    at += word.size();
    return true;
  }

  std::optional<int64_t> Offset() {
    if (Word("Z")) return 0;
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
    int sign = text[at++] == '-' ? -1 : 1;
    std::optional<int64_t> hours = Number(2, false);
    if (at < text.size() && text[at] == ':') ++at;
    std::optional<int64_t> minutes = Number(2, false);
    if (!hours || *hours > 23 || (minutes && *minutes > 59)) return std::nullopt;
    return sign * (*hours * 60 + minutes.value_or(0));
  }
};

// Two digits stand for the year nearest to 2000.
int64_t FullYear(int64_t two_digits) {
  return two_digits < 50 ? 2000 + two_digits : 1900 + two_digits;
}

bool Within(const std::optional<int64_t>& value, int64_t low, int64_t high) {
  return !value || (*value >= low && *value <= high);
}

std::optional<int64_t> YearOf(const Parsed& p) {
  if (p.year) return p.year;
  std::optional<int64_t> of_era = p.year_of_era;
  if (!of_era && p.century) of_era = *p.century * 100;
  if (!of_era) return std::nullopt;
  return p.before_christ.value_or(false) ? 1 - *of_era : *of_era;
}

std::optional<int64_t> HourOf(const Parsed& p) {
  if (p.hour) return p.hour;
  if (p.clock_hour) return *p.clock_hour % 24;
  std::optional<int64_t> half = p.half_hour;
  if (!half && p.clock_half_hour) half = *p.clock_half_hour % 12;
  if (!half && !p.afternoon) return 0;
  return half.value_or(0) + (p.afternoon.value_or(false) ? 12 : 0);
}

// The day that the fields name; nullopt when there is no such day.
std::optional<Instant> DayOf(const Parsed& p) {
  bool by_week = (p.week_year || p.week || p.day_of_week) && !p.month && !p.day && !p.day_of_year;
  bool has_date = p.month || p.day || p.day_of_year || by_week;
  int64_t year = YearOf(p).value_or(has_date ? 2000 : 1970);
  if (year < -9999 || year > 9999) return std::nullopt;
  if (by_week) {
    int64_t week_year = p.week_year.value_or(year);
    if (week_year < -9999 || week_year > 9999) return std::nullopt;
    return FromIsoWeek({static_cast<int>(week_year), static_cast<int>(p.week.value_or(1))},
                       static_cast<int>(p.day_of_week.value_or(1)));
  }
  if (p.day_of_year && !p.month && !p.day) {
    std::optional<Instant> first = FromCivil({static_cast<int>(year), 1, 1});
    Instant result = *first + std::chrono::days(*p.day_of_year - 1);
    if (ToCivil(result).year != year) return std::nullopt;
    return result;
  }
  return FromCivil({static_cast<int>(year), static_cast<int>(p.month.value_or(1)),
                    static_cast<int>(p.day.value_or(1))});
}

bool FieldsInRange(const Parsed& p) {
  return Within(p.week, 1, 53) && Within(p.day_of_week, 1, 7) && Within(p.day_of_year, 1, 366) &&
         Within(p.month, 1, 12) && Within(p.day, 1, 31) && Within(p.hour, 0, 23) &&
         Within(p.clock_hour, 1, 24) && Within(p.half_hour, 0, 11) &&
         Within(p.clock_half_hour, 1, 12) && Within(p.minute, 0, 59) && Within(p.second, 0, 59);
}

// Reads one field; false when the text does not go on with it. `digits_max` bounds years.
bool ReadField(char letter, int count, int digits_max, Reader& in, Parsed& out) {
  auto number = [&](std::optional<int64_t>& field, int digits, bool is_signed = false) {
    field = in.Number(digits, is_signed);
    return field.has_value();
  };
  auto year = [&](std::optional<int64_t>& field, bool is_signed) {
    size_t from = in.at;
    if (!number(field, count == 2 && digits_max == 2 ? 2 : digits_max, is_signed)) return false;
    // A year of exactly two digits under YY is short for one near 2000; longer ones are taken as
    // they are.
    if (count == 2 && in.at - from == 2 && IsDigit(in.text[from])) field = FullYear(*field);
    return true;
  };
  switch (letter) {
    case 'G':
      out.before_christ = in.Rest().size() >= 1 && (in.Rest()[0] == 'B' || in.Rest()[0] == 'b');
      return in.Word("AD") || in.Word("BC");
    case 'C':
      return number(out.century, count);
    case 'Y':
      return count == 2 ? year(out.year, false) : year(out.year_of_era, false);
    case 'y':
      return year(out.year, true);
    case 'x':
      return year(out.week_year, true);
    case 'w':
      return number(out.week, 2);
    case 'e':
      return number(out.day_of_week, 1);
    case 'E':
      if ((out.day_of_week = in.Name(kDayNames))) return ++*out.day_of_week, true;
      return false;
    case 'D':
      return number(out.day_of_year, 3);
    case 'M':
      if (count < 3) return number(out.month, 2);
      if ((out.month = in.Name(kMonthNames))) return ++*out.month, true;
      return false;
    case 'd':
      return number(out.day, 2);
    case 'a':
      out.afternoon = in.Rest().size() >= 1 && (in.Rest()[0] == 'P' || in.Rest()[0] == 'p');
      return in.Word("AM") || in.Word("PM");
    case 'K':
      return number(out.half_hour, 2);
    case 'h':
      return number(out.clock_half_hour, 2);
    case 'H':
      return number(out.hour, 2);
    case 'k':
      return number(out.clock_hour, 2);
    case 'm':
      return number(out.minute, 2);
    case 's':
      return number(out.second, 2);
    case 'S': {
      size_t from = in.at;
      if (!in.Number(std::min(count, 9), false)) return false;
      std::string digits(in.text.substr(from, in.at - from));
      digits.resize(3, '0');
      out.millisecond = ParseInt64(digits);
      return true;
    }
    case 'z':
      return in.Word("Coordinated Universal Time") || in.Word("UTC") || in.Word("GMT");
    case 'Z':
      if (count >= 3 && in.Word("UTC")) return true;
      if (std::optional<int64_t> offset = in.Offset()) return out.offset_minutes = *offset, true;
      return false;
  }
  return false;
}

}  // namespace

Result<JodaPattern> JodaPattern::Compile(std::string_view pattern) {
  if (pattern.empty())
    return InvalidArgument("the date pattern is empty; write for example 'YYYY-MM-dd'");
  if (pattern.size() > kPatternSizeMax) {
    return InvalidArgument(
        fmt::format("the date pattern is longer than {} bytes", kPatternSizeMax));
  }
  JodaPattern result;
  bool quoted = false;
  auto literal = [&](char c) {
    if (result.tokens_.empty() || result.tokens_.back().letter != 0) result.tokens_.push_back({});
    result.tokens_.back().literal += c;
  };
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal(pattern[++i]);
      } else {
        quoted = !quoted;  // Joda lets a last quote stay open
      }
    } else if (quoted || !IsLetter(c)) {
      literal(c);
    } else if (kLetters.find(c) == std::string_view::npos) {
      return InvalidArgument(
          fmt::format("'{}' at offset {} of the date pattern '{}' is no pattern letter; put text "
                      "in single quotes",
                      c, i, pattern));
    } else {
      size_t from = i;
      while (i + 1 < pattern.size() && pattern[i + 1] == c) ++i;
      result.tokens_.push_back({c, static_cast<int>(i - from + 1), {}});
    }
  }
  return result;
}

std::string JodaPattern::Format(Instant instant) const {
  std::string out;
  for (const Token& token : tokens_) {
    out += token.letter == 0 ? token.literal : FormatField(token.letter, token.count, instant);
  }
  return out;
}

Result<Instant> JodaPattern::Parse(std::string_view text) const {
  Reader in{text};
  Parsed parsed;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    bool ok = false;
    if (token.letter == 0) {
      ok = in.Word(token.literal);
    } else {
      bool number_follows =
          i + 1 < tokens_.size() && tokens_[i + 1].letter != 0 &&
          (kNumericLetters.find(tokens_[i + 1].letter) != std::string_view::npos ||
           (tokens_[i + 1].letter == 'M' && tokens_[i + 1].count <= 2));
      ok = ReadField(token.letter, token.count, number_follows ? std::min(token.count, 9) : 9, in,
                     parsed);
    }
    if (!ok)
      return InvalidArgument(
          fmt::format("'{}' does not match its pattern at offset {}", text, in.at));
  }
  if (in.at != text.size()) {
    return InvalidArgument(
        fmt::format("'{}' goes on after its pattern's end at offset {}", text, in.at));
  }
  std::optional<Instant> day = FieldsInRange(parsed) ? DayOf(parsed) : std::nullopt;
  if (!day) return InvalidArgument(fmt::format("'{}' names no day or time that exists", text));
  return *day + std::chrono::hours(*HourOf(parsed)) +
         std::chrono::minutes(parsed.minute.value_or(0)) +
         std::chrono::seconds(parsed.second.value_or(0)) +
         Duration(parsed.millisecond.value_or(0)) - std::chrono::minutes(parsed.offset_minutes);
}

}  // namespace penstock
