#include "time/cron_clock.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

#include "time/calendar.h"
#include "time/recurrence.h"

namespace penstock {
namespace {

Instant Utc(std::string_view text) { return *ParseDateTime(text); }

/// The firings in [from, until), UTC, "MM-DDThh:mm".
std::string Firings(std::string_view expression, std::string_view zone, std::string_view from,
                    std::string_view until) {
  const auto clock = CronClock::Parse(expression, zone);
  if (!clock) return clock.error().message;
  std::string found;
  for (Instant at = clock->AtOrAfter(Utc(from)); at < Utc(until); at = clock->Next(at))
    found += (found.empty() ? "" : " ") + FormatDateTime(at).substr(5, 11);
  return found;
}

struct ChangeCase {
  std::string_view expression, from, until, firings;
};

// 2024-03-31 02:00 -> 03:00 (01:00 UTC); 2024-10-27 03:00 -> 02:00 (01:00 UTC).
TEST(CronClock, Berlin) {
  for (const ChangeCase& c : std::initializer_list<ChangeCase>{
           // Chosen times in the gap: once, at its end.
           {"30 2 * * *", "2024-03-30T00:00:00", "2024-04-02T00:00:00",
            "03-30T01:30 03-31T01:00 04-01T00:30"},
           {"*/20 2 * * *", "2024-03-31T00:00:00", "2024-04-01T01:00:00",
            "03-31T01:00 04-01T00:00 04-01T00:20 04-01T00:40"},
           // Together with what is due then anyway.
           {"0 2,3 * * *", "2024-03-31T00:00:00", "2024-04-01T00:30:00", "03-31T01:00 04-01T00:00"},
           {"30 1-3 * * *", "2024-03-31T00:00:00", "2024-03-31T12:00:00",
            "03-31T00:30 03-31T01:00 03-31T01:30"},
           // Only if that day's skipped times are meant.
           {"30 2 * * MON", "2024-03-30T00:00:00", "2024-04-02T00:00:00", "04-01T00:30"},
           // Chosen times that come twice: the first.
           {"30 2 * * *", "2024-10-26T00:00:00", "2024-10-29T00:00:00",
            "10-26T00:30 10-27T00:30 10-28T01:30"},
           {"*/20 2 * * *", "2024-10-27T00:00:00", "2024-10-27T23:00:00",
            "10-27T00:00 10-27T00:20 10-27T00:40"},
           {"0 3 * * *", "2024-10-27T00:00:00", "2024-10-27T23:00:00", "10-27T02:00"},
           // Open hours follow the clock.
           {"*/30 * * * *", "2024-03-31T00:00:00", "2024-03-31T02:01:00",
            "03-31T00:00 03-31T00:30 03-31T01:00 03-31T01:30 03-31T02:00"},
           {"*/30 * * * *", "2024-10-27T00:00:00", "2024-10-27T02:01:00",
            "10-27T00:00 10-27T00:30 10-27T01:00 10-27T01:30 10-27T02:00"},
           {"0 */2 * * *", "2024-03-30T22:00:00", "2024-03-31T03:00:00", "03-30T23:00 03-31T02:00"},
           {"0 */2 * * *", "2024-10-26T22:00:00", "2024-10-27T04:00:00",
            "10-26T22:00 10-27T00:00 10-27T01:00 10-27T03:00"},
           // Days and months are the wall clock's.
           {"0 0 1 * *", "2024-01-01T00:00:00", "2024-05-01T00:00:00",
            "01-31T23:00 02-29T23:00 03-31T22:00 04-30T22:00"}}) {
    EXPECT_EQ(Firings(c.expression, "Europe/Berlin", c.from, c.until), c.firings) << c.expression;
  }
}

// 2024-03-10 02:00 -> 03:00 (07:00 UTC); 2024-11-03 02:00 -> 01:00 (06:00 UTC).
TEST(CronClock, NewYork) {
  EXPECT_EQ(Firings("30 2 * * *", "America/New_York", "2024-03-09T00:00:00", "2024-03-12T00:00:00"),
            "03-09T07:30 03-10T07:00 03-11T06:30");
  EXPECT_EQ(Firings("30 1 * * *", "America/New_York", "2024-11-02T00:00:00", "2024-11-05T00:00:00"),
            "11-02T05:30 11-03T05:30 11-04T06:30");
  EXPECT_EQ(Firings("30 * * * *", "America/New_York", "2024-11-03T05:00:00", "2024-11-03T08:00:00"),
            "11-03T05:30 11-03T06:30 11-03T07:30");
}

// Half an hour: 2024-04-07 02:00 -> 01:30 (15:00 UTC on the 6th); 2024-10-06 02:00 -> 02:30 (15:30
// UTC on the 5th).
TEST(CronClock, LordHowe) {
  constexpr std::string_view kZone = "Australia/Lord_Howe";
  EXPECT_EQ(Firings("15 2 * * *", kZone, "2024-10-04T00:00:00", "2024-10-07T00:00:00"),
            "10-04T15:45 10-05T15:30 10-06T15:15");
  EXPECT_EQ(Firings("45 1 * * *", kZone, "2024-04-05T00:00:00", "2024-04-08T00:00:00"),
            "04-05T14:45 04-06T14:45 04-07T15:15");
  EXPECT_EQ(Firings("*/30 * * * *", kZone, "2024-04-06T14:00:00", "2024-04-06T16:01:00"),
            "04-06T14:00 04-06T14:30 04-06T15:00 04-06T15:30 04-06T16:00");
  EXPECT_EQ(Firings("45 * * * *", kZone, "2024-04-06T13:00:00", "2024-04-06T17:00:00"),
            "04-06T13:45 04-06T14:45 04-06T15:15 04-06T16:15");
}

TEST(CronClock, KathmanduSamoaAndOffsets) {
  EXPECT_EQ(Firings("0 6 * * *", "Asia/Kathmandu", "2024-01-01T00:00:00", "2024-01-03T00:00:00"),
            "01-01T00:15 01-02T00:15");
  // Samoa had no 30 December 2011.
  EXPECT_EQ(Firings("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00", "2012-01-01T00:00:00"),
            "12-29T22:00 12-30T10:00 12-30T22:00 12-31T22:00");
  EXPECT_EQ(Firings("0 6 * * *", "+02:30", "2024-01-01T00:00:00", "2024-01-02T00:00:00"),
            "01-01T03:30");
  EXPECT_EQ(Firings("0 6 * * *", "", "2024-01-01T00:00:00", "2024-01-02T00:00:00"), "01-01T06:00");
  EXPECT_NE(Firings("0 6 * * *", "Mars/Base", "2024-01-01T00:00:00", "2024-01-02T00:00:00")
                .find("unknown time zone 'Mars/Base'"),
            std::string::npos);
}

TEST(CronClock, ComesToTheEndsOfTime) {
  for (std::string_view zone : {"UTC", "Europe/Berlin", "Pacific/Apia", "-12:00"}) {
    const CronClock clock = *CronClock::Parse("*/7 3 * * *", zone);
    EXPECT_EQ(clock.Advance(Utc("2024-01-01T00:00:00"), int64_t{1} << 50), InstantMax()) << zone;
    EXPECT_EQ(clock.Advance(Utc("2024-01-01T00:00:00"), -(int64_t{1} << 50)), InstantMin()) << zone;
    EXPECT_EQ(clock.Next(InstantMax()), InstantMax()) << zone;
    EXPECT_GT(clock.Count(InstantMin(), InstantMax()), 19'998LL * 365 * 9) << zone;
    EXPECT_GE(clock.AtOrAfter(InstantMin()), InstantMin()) << zone;
  }
}

// ---- against a walk through every minute

/// A field as a set with its text, made here so that the parser's reading is under test too.
struct RandomField {
  std::string text;
  std::set<int> values;
};

RandomField AnyField(int min, int max) {
  RandomField field;
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      field.text = "*";
      for (int i = min; i <= max; ++i) field.values.insert(i);
      break;
    case 1: {
      const int step = *rc::gen::inRange(1, max - min + 1);
      field.text = fmt::format("*/{}", step);
      for (int i = min; i <= max; i += step) field.values.insert(i);
      break;
    }
    case 2: {
      const int low = *rc::gen::inRange(min, max + 1), high = *rc::gen::inRange(low, max + 1);
      const int step = *rc::gen::inRange(1, 5);
      field.text = fmt::format("{}-{}/{}", low, high, step);
      for (int i = low; i <= high; i += step) field.values.insert(i);
      break;
    }
    default:
      for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        const int value = *rc::gen::inRange(min, max + 1);
        field.text += fmt::format("{}{}", field.text.empty() ? "" : ",", value);
        field.values.insert(value);
      }
  }
  return field;
}

class Walker {
 public:
  Walker()
      : fields_{AnyField(0, 59), AnyField(0, 23), AnyField(1, 31), AnyField(1, 12),
                AnyField(0, 6)} {}

  std::string Text() const {
    std::string text;
    for (const RandomField& field : fields_) text += (text.empty() ? "" : " ") + field.text;
    return text;
  }
  bool Matches(Instant wall) const {
    const CivilTime civil = ToCivil(wall);
    const auto in = [&](int field, int value) { return fields_[field].values.contains(value); };
    if (!in(0, civil.minute) || !in(1, civil.hour) || !in(3, civil.month)) return false;
    const bool date = in(2, civil.day), weekday = in(4, IsoDayOfWeek(wall) % 7);
    return fields_[2].text[0] != '*' && fields_[4].text[0] != '*' ? date || weekday
                                                                  : date && weekday;
  }
  bool Open() const { return fields_[1].text[0] == '*' || fields_[1].values.size() == 24; }

  /// What fires in [from, until), minute after minute, with two days' memory of what was shown.
  std::vector<Instant> Walk(std::string_view zone, Instant from, Instant until) const {
    const Duration minute = std::chrono::minutes(1);
    std::vector<Instant> firings;
    std::set<Instant> shown;
    Instant last = *ToWallClock(from - 2880 * minute, zone) - minute;
    for (Instant at = from - 2880 * minute; at < until; at += minute) {
      const Instant wall = *ToWallClock(at, zone);
      bool fires = Matches(wall);
      if (!Open()) {
        if (shown.contains(wall)) fires = false;
        for (Instant skipped = last + minute; skipped < wall; skipped += minute)
          fires = fires || Matches(skipped);
      }
      if (fires && at >= from) firings.push_back(at);
      shown.insert(wall);
      last = wall;
    }
    return firings;
  }

 private:
  std::array<RandomField, 5> fields_;
};

RC_GTEST_PROP(CronClock, AgreesWithAWalkThroughEveryMinute, ()) {
  const Walker walker;
  const auto zone = *rc::gen::elementOf(std::vector<std::string>{
      "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
      "America/Havana", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Gaza", "UTC", "-03:30"});
  const auto clock = CronClock::Parse(walker.Text(), zone);
  RC_PRE(clock.has_value());
  // Half of the walks go over a change of the clock.
  Instant from =
      Utc("1990-01-01T00:00:00") + std::chrono::minutes(*rc::gen::inRange(0, 23'000'000));
  if (*rc::gen::arbitrary<bool>()) {
    const Zone::Part part = Zone::Find(zone)->At(from);
    if (part.end < Utc("2037-01-01T00:00:00"))
      from = part.end - std::chrono::minutes(*rc::gen::inRange(0, 3000));
  }
  const Instant until = from + std::chrono::minutes(*rc::gen::inRange(1, 6000));
  const std::vector<Instant> expected = walker.Walk(zone, from, until);
  const auto size = static_cast<int64_t>(expected.size());
  RC_ASSERT(clock->Count(from, until) == size);
  RC_ASSERT(clock->Count(until, from) == -size);
  Instant at = clock->AtOrAfter(from);
  for (int64_t k = 0; k < size; ++k) {
    RC_ASSERT(FormatDateTime(at) == FormatDateTime(expected[k]));
    at = clock->Next(at);
  }
  RC_ASSERT(at >= until);
  for (int64_t k : {int64_t{0}, size / 2, size - 1}) {
    if (k < 0 || k >= size) continue;
    RC_ASSERT(clock->Advance(from, k) == expected[k]);
    RC_ASSERT(clock->Advance(until, k - size) == expected[k]);
  }
}

RC_GTEST_PROP(Recurrence, NumbersAndBoundariesAgree, ()) {
  const Walker walker;
  const auto zone =
      *rc::gen::elementOf(std::vector<std::string>{"Europe/Berlin", "Australia/Lord_Howe", "UTC"});
  const auto clock = CronClock::Parse(walker.Text(), zone);
  RC_PRE(clock.has_value());
  const Recurrence recurrence(*clock);
  const Instant start{Duration(*rc::gen::inRange<int64_t>(-4'000'000'000'000, 4'000'000'000'000))};
  const int64_t k = *rc::gen::inRange<int64_t>(-100'000, 100'000);
  const Instant boundary = recurrence.Boundary(start, k);
  RC_PRE(boundary > InstantMin() && boundary < InstantMax());
  const Instant next = recurrence.Boundary(start, k + 1);
  RC_ASSERT(next > boundary);
  RC_ASSERT(recurrence.Next(start, k, boundary) == next);
  RC_ASSERT(recurrence.IndexOf(start, boundary) == k);
  RC_ASSERT(recurrence.IndexOf(start, next - Duration(1)) == k);
  RC_ASSERT(recurrence.IndexOf(start, boundary - Duration(1)) == k - 1);
}

}  // namespace
}  // namespace penstock
