#include "time/instant.h"

#include <fmt/core.h>

#include <array>
#include <cmath>

#include "base/text.h"
#include "time/calendar.h"

namespace penstock {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads fixed-width digits and literals from the front of a text; any mismatch latches `ok` to
// false.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  int Digits(size_t count) {
    if (rest.size() < count) return ok = false, 0;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return ok = false, 0;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  void Literal(std::string_view text) {
    if (rest.starts_with(text)) {
      rest.remove_prefix(text.size());
    } else {
      ok = false;
    }
  }
};

std::optional<Instant> Whole(const Scanner& scanner, const CivilTime& civil) {
  return scanner.ok && scanner.rest.empty() ? FromCivil(civil) : std::nullopt;
}

}  // namespace

CivilTime ToCivil(Instant instant) {
  auto day = std::chrono::floor<std::chrono::days>(instant);
  std::chrono::year_month_day date(day);
  auto left = (instant - day).count();
  CivilTime civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<int>(static_cast<unsigned>(date.month()));
  civil.day = static_cast<int>(static_cast<unsigned>(date.day()));
  civil.hour = static_cast<int>(left / 3'600'000);
  civil.minute = static_cast<int>(left / 60'000 % 60);
  civil.second = static_cast<int>(left / 1000 % 60);
  civil.millisecond = static_cast<int>(left % 1000);
  return civil;
}

std::optional<Instant> FromCivil(const CivilTime& c) {
  if (c.year < -kYearMax || c.year > kYearMax || c.month < 1 || c.month > 12 || c.day < 1 ||
      c.day > 31) {
    return std::nullopt;
  }
  if (c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 59 ||
      c.millisecond < 0 || c.millisecond > 999) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(c.year),
                                   std::chrono::month(static_cast<unsigned>(c.month)),
                                   std::chrono::day(static_cast<unsigned>(c.day))};
  if (!date.ok()) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(c.hour) +
         std::chrono::minutes(c.minute) + std::chrono::seconds(c.second) + Duration(c.millisecond);
}

std::string FormatDateTime(Instant instant) {
  CivilTime c = ToCivil(instant);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour,
                     c.minute, c.second);
}

std::optional<Instant> ParseDateTime(std::string_view text) {
  Scanner in{text};
  CivilTime c;
  c.year = in.Digits(4), in.Literal("-"), c.month = in.Digits(2), in.Literal("-"),
  c.day = in.Digits(2);
  in.Literal("T"), c.hour = in.Digits(2), in.Literal(":"), c.minute = in.Digits(2), in.Literal(":");
  c.second = in.Digits(2);
  return Whole(in, c);
}

std::string FormatIsoMillis(Instant instant) {
  return fmt::format("{}.{:03}Z", FormatDateTime(instant), ToCivil(instant).millisecond);
}

std::optional<Instant> ParseIso(std::string_view text) {
  Scanner in{text};
  CivilTime c;
  c.year = in.Digits(4), in.Literal("-"), c.month = in.Digits(2), in.Literal("-"),
  c.day = in.Digits(2);
  if (in.rest.empty()) return Whole(in, c);
  in.Literal("T"), c.hour = in.Digits(2), in.Literal(":"), c.minute = in.Digits(2);
  if (in.ok && in.rest.starts_with(":")) in.Literal(":"), c.second = in.Digits(2);
  if (in.ok && in.rest.starts_with(".")) {
    in.Literal(".");
    if (in.rest.empty() || in.rest[0] < '0' || in.rest[0] > '9') return std::nullopt;
    for (int scale = 100; !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; scale /= 10) {
      c.millisecond += scale * in.Digits(1);
    }
  }
  Duration offset{0};
  if (in.ok && !in.rest.empty()) {
    if (in.rest == "Z" || in.rest == "z") {
      in.rest = {};
    } else if (in.rest[0] == '+' || in.rest[0] == '-') {
      int sign = in.rest[0] == '+' ? 1 : -1;
      in.rest.remove_prefix(1);
      int hours = in.Digits(2);
      if (in.rest.starts_with(":")) in.Literal(":");
      int minutes = in.Digits(2);
      if (hours > 18 || minutes > 59) return std::nullopt;
      offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
    }
  }
  std::optional<Instant> local = Whole(in, c);
  if (!local) return std::nullopt;
  return *local - offset;
}

std::string FormatAmzDate(Instant instant) {
  CivilTime c = ToCivil(instant);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

std::optional<Instant> ParseAmzDate(std::string_view text) {
  Scanner in{text};
  CivilTime c;
  c.year = in.Digits(4), c.month = in.Digits(2), c.day = in.Digits(2), in.Literal("T");
  c.hour = in.Digits(2), c.minute = in.Digits(2), c.second = in.Digits(2), in.Literal("Z");
  return Whole(in, c);
}

std::string FormatHttpDate(Instant instant) {
  CivilTime c = ToCivil(instant);
  std::chrono::weekday weekday(std::chrono::floor<std::chrono::days>(instant));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[weekday.c_encoding()],
                     c.day, kMonths[static_cast<size_t>(c.month - 1)], c.year, c.hour, c.minute,
                     c.second);
}

std::optional<Instant> ParseHttpDate(std::string_view text) {
  if (text.size() < 5) return std::nullopt;
  Scanner in{text.substr(3)};
  CivilTime c;
  in.Literal(", "), c.day = in.Digits(2), in.Literal(" ");
  if (!in.ok || in.rest.size() < 3) return std::nullopt;
  c.month = 0;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (EqualsIgnoreCase(kMonths[i], in.rest.substr(0, 3))) c.month = static_cast<int>(i + 1);
  }
  in.rest.remove_prefix(3);
  in.Literal(" "), c.year = in.Digits(4), in.Literal(" ");
  c.hour = in.Digits(2), in.Literal(":"), c.minute = in.Digits(2), in.Literal(":"),
  c.second = in.Digits(2);
  in.Literal(" ");
  if (in.rest == "GMT" || in.rest == "UTC" || in.rest == "+0000") in.rest = {};
  return Whole(in, c);
}

double ToEpochSeconds(Instant instant) {
  return static_cast<double>(instant.time_since_epoch().count()) / 1000.0;
}

std::optional<Instant> FromEpochSeconds(double seconds) {
  constexpr double kLimit = 253402300799.0;  // 9999-12-31T23:59:59Z
  if (!std::isfinite(seconds) || seconds < -kLimit || seconds > kLimit) return std::nullopt;
  return Instant(Duration(static_cast<int64_t>(std::llround(seconds * 1000.0))));
}

}  // namespace penstock
