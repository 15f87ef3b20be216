#include "expr/function_table.h"

#include <fmt/core.h>

#include <array>

#include "base/text.h"
#include "expr/nearest_word.h"
#include "time/calendar.h"
#include "time/joda_pattern.h"
#include "time/period.h"
#include "time/zone.h"

namespace penstock::expr {
namespace {

using Arguments = std::span<const Value>;
using enum ArgumentKind;

Instant DateTimeOf(const Value& value) { return std::get<Instant>(value.data); }
int64_t IntegerOf(const Value& value) { return std::get<int64_t>(value.data); }
const std::string& StringOf(const Value& value) { return std::get<std::string>(value.data); }

Failure Wrong(std::string message) { return {Failure::Kind::kType, 0, std::move(message)}; }

Outcome<Value> InRange(std::optional<Instant> instant) {
  if (!instant) return Wrong("the result lies outside the years -9999 to 9999");
  return Value(*instant);
}

template <auto Member>
Outcome<Value> CivilField(Arguments a) {
  return Value(int64_t{ToCivil(DateTimeOf(a[0])).*Member});
}

template <int64_t Months, int Sign>
Outcome<Value> ShiftMonths(Arguments a) {
  int64_t months = 0;
  if (__builtin_mul_overflow(IntegerOf(a[1]), Months * Sign, &months)) return InRange(std::nullopt);
  return InRange(AddMonths(DateTimeOf(a[0]), months));
}

template <int64_t Minutes, int Sign>
Outcome<Value> ShiftMinutes(Arguments a) {
  return InRange(
      AddDuration(DateTimeOf(a[0]), std::chrono::minutes(Minutes * Sign), IntegerOf(a[1])));
}

template <int Sign>
Outcome<Value> ShiftPeriod(Arguments a) {
  auto period = ParsePeriod(StringOf(a[1]));
  if (!period) return Wrong(std::move(period).error().message);
  return Value(Plus(DateTimeOf(a[0]), *period, Sign));
}

template <Instant (*Change)(Instant)>
Outcome<Value> Changed(Arguments a) {
  return Value(Change(DateTimeOf(a[0])));
}

Outcome<Value> Make(Arguments a) {
  CivilTime civil;
  int* const fields[] = {&civil.year, &civil.month, &civil.day, &civil.hour, &civil.minute};
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t number = IntegerOf(a[i]);
    if (number < -9999 || number > 9999)
      return Wrong(fmt::format("{} is no part of a date", number));
    *fields[i] = static_cast<int>(number);
  }
  std::optional<Instant> instant = FromCivil(civil);
  if (!instant) {
    return Wrong(fmt::format("there is no time {}-{:02}-{:02} {:02}:{:02}", civil.year, civil.month,
                             civil.day, civil.hour, civil.minute));
  }
  return Value(*instant);
}

Outcome<Value> Format(Arguments a) {
  auto pattern = JodaPattern::Compile(StringOf(a[1]));
  if (!pattern) return Wrong(std::move(pattern).error().message);
  return Value(pattern->Format(DateTimeOf(a[0])));
}

Outcome<Value> InTimeZone(Arguments a) {
  auto moved = ToWallClock(DateTimeOf(a[0]), StringOf(a[1]));
  if (!moved) return Wrong(std::move(moved).error().message);
  return InRange(AddDuration(*moved, Duration(0), 0));
}

constexpr int64_t kHour = 60, kDay = 24 * kHour, kWeek = 7 * kDay;

constexpr auto kFunctions = std::to_array<Function>({
    {"day", {kDateTime}, CivilField<&CivilTime::day>},
    {"dayOfYear",
     {kDateTime},
     [](Arguments a) { return Outcome<Value>(Value(DayOfYear(DateTimeOf(a[0])))); }},
    {"firstOfMonth", {kDateTime}, Changed<FirstOfMonth>},
    {"format", {kDateTime, kString}, Format},
    {"hour", {kDateTime}, CivilField<&CivilTime::hour>},
    {"inTimeZone", {kDateTime, kString}, InTimeZone},
    {"makeDate", {kInteger, kInteger, kInteger}, Make},
    {"makeDateTime", {kInteger, kInteger, kInteger, kInteger, kInteger}, Make},
    {"midnight", {kDateTime}, Changed<Midnight>},
    {"minusDays", {kDateTime, kInteger}, ShiftMinutes<kDay, -1>},
    {"minusHours", {kDateTime, kInteger}, ShiftMinutes<kHour, -1>},
    {"minusMinutes", {kDateTime, kInteger}, ShiftMinutes<1, -1>},
    {"minusMonths", {kDateTime, kInteger}, ShiftMonths<1, -1>},
    {"minusPeriod", {kDateTime, kString}, ShiftPeriod<-1>},
    {"minusWeeks", {kDateTime, kInteger}, ShiftMinutes<kWeek, -1>},
    {"minusYears", {kDateTime, kInteger}, ShiftMonths<12, -1>},
    {"minute", {kDateTime}, CivilField<&CivilTime::minute>},
    {"month", {kDateTime}, CivilField<&CivilTime::month>},
    {"plusDays", {kDateTime, kInteger}, ShiftMinutes<kDay, 1>},
    {"plusHours", {kDateTime, kInteger}, ShiftMinutes<kHour, 1>},
    {"plusMinutes", {kDateTime, kInteger}, ShiftMinutes<1, 1>},
    {"plusMonths", {kDateTime, kInteger}, ShiftMonths<1, 1>},
    {"plusPeriod", {kDateTime, kString}, ShiftPeriod<1>},
    {"plusWeeks", {kDateTime, kInteger}, ShiftMinutes<kWeek, 1>},
    {"plusYears", {kDateTime, kInteger}, ShiftMonths<12, 1>},
    {"sunday", {kDateTime}, Changed<SundayOnOrBefore>},
    {"year", {kDateTime}, CivilField<&CivilTime::year>},
    {"yesterday",
     {kDateTime},
     [](Arguments a) {
       return InRange(AddDuration(DateTimeOf(a[0]), std::chrono::hours(-24), 1));
     }},
});

}  // namespace

const Function* FindFunction(std::string_view name) {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::span<const Function> AllFunctions() { return kFunctions; }

size_t ArgumentCount(const Function& function) {
  size_t count = 0;
  while (count < kArgumentsMax && function.arguments[count] != kNone) ++count;
  return count;
}

std::string Signature(const Function& function) {
  std::string text = std::string(function.name) + "(";
  for (size_t i = 0; i < ArgumentCount(function); ++i) {
    if (i > 0) text += ", ";
    text += ArgumentKindName(function.arguments[i]);
  }
  return text + ")";
}

std::string UnknownFunctionMessage(std::string_view name) {
  NearestWord nearest(name);
  for (const Function& function : kFunctions) nearest.Offer(function.name);
  std::string message = fmt::format("there is no function '{}'", name);
  if (!nearest.word().empty()) message += fmt::format("; did you mean '{}'?", nearest.word());
  return message;
}

std::optional<Value> Convert(const Value& value, ArgumentKind kind) {
  Value result;
  const std::string* text = std::get_if<std::string>(&value.data);
  switch (kind) {
    case kNone:
      return std::nullopt;
    case kDateTime:
      if (const Instant* instant = std::get_if<Instant>(&value.data)) {
        result = Value(*instant);
      } else if (std::optional<Instant> parsed =
                     text != nullptr ? ParseIso(Trim(*text)) : std::nullopt) {
        result = Value(*parsed);
      } else {
        return std::nullopt;
      }
      break;
    case kInteger:
      if (const int64_t* number = std::get_if<int64_t>(&value.data)) {
        result = Value(*number);
      } else if (std::optional<int64_t> parsed =
                     text != nullptr ? ParseInt64(Trim(*text)) : std::nullopt) {
        result = Value(*parsed);
      } else {
        return std::nullopt;
      }
      break;
    case kString:
      if (value.AsList() != nullptr) return std::nullopt;
      result = Value(ToText(value));
      break;
  }
  result.secret = value.secret;
  return result;
}

std::string_view ArgumentKindName(ArgumentKind kind) {
  switch (kind) {
    case kNone:
      return "nothing";
    case kDateTime:
      return "DateTime";
    case kInteger:
      return "int";
    case kString:
      return "String";
  }
  return {};
}

}  // namespace penstock::expr
