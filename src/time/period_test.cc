#include "time/period.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "time/calendar.h"
#include "time/zone.h"

namespace penstock {
namespace {

Instant At(std::string_view text) { return *ParseDateTime(text); }

TEST(Period, ParsesWhatDefinitionsWrite) {
  struct Case {
    std::string_view text;
    Period period;
  };
  for (const Case& c : std::initializer_list<Case>{{"15 minutes", {15, PeriodUnit::kMinutes}},
                                                   {"15 Minutes", {15, PeriodUnit::kMinutes}},
                                                   {"1 hour", {1, PeriodUnit::kHours}},
                                                   {"1 Hours", {1, PeriodUnit::kHours}},
                                                   {"1 Day", {1, PeriodUnit::kDays}},
                                                   {" 2  WEEKS ", {2, PeriodUnit::kWeeks}},
                                                   {"3 years", {3, PeriodUnit::kYears}},
                                                   {"1month", {1, PeriodUnit::kMonths}},
                                                   {"5 seconds", {5, PeriodUnit::kSeconds}}}) {
    ASSERT_TRUE(ParsePeriod(c.text)) << c.text;
    EXPECT_EQ(*ParsePeriod(c.text), c.period) << c.text;
  }
}

TEST(Period, RefusesTheRest) {
  for (const char* text :
       {"", " ", "minutes", "0 minutes", "-1 hours", "1", "1 fortnight", "1.5 hours", "1 hour 2",
        "99999999999999999999 days", "100000001 days", "1 h", "1 hourss"}) {
    auto period = ParsePeriod(text);
    ASSERT_FALSE(period) << text;
    EXPECT_NE(period.error().message.find("'15 minutes'"), std::string::npos)
        << period.error().message;
  }
}

TEST(Period, AddsMonthsFromTheStart) {
  Instant start = At("2011-01-31T10:00:00");
  Period month{1, PeriodUnit::kMonths};
  EXPECT_EQ(FormatDateTime(Plus(start, month, 1)), "2011-02-28T10:00:00");
  EXPECT_EQ(FormatDateTime(Plus(start, month, 2)), "2011-03-31T10:00:00");
  EXPECT_EQ(FormatDateTime(Plus(start, month, 13)), "2012-02-29T10:00:00");
  EXPECT_EQ(FormatDateTime(Plus(start, month, -1)), "2010-12-31T10:00:00");
  EXPECT_EQ(FormatDateTime(Plus(At("2012-02-29T00:00:00"), {1, PeriodUnit::kYears})),
            "2013-02-28T00:00:00");
}

TEST(Period, Saturates) {
  EXPECT_EQ(
      Plus(At("2011-01-01T00:00:00"), {kPeriodCountMax, PeriodUnit::kYears}, 1'000'000'000'000),
      InstantMax());
  EXPECT_EQ(
      Plus(At("2011-01-01T00:00:00"), {kPeriodCountMax, PeriodUnit::kYears}, -1'000'000'000'000),
      InstantMin());
  EXPECT_EQ(Plus(At("9999-12-31T00:00:00"), {2, PeriodUnit::kDays}), InstantMax());
}

RC_GTEST_PROP(Period, PrintsWhatItParses, ()) {
  Period period{*rc::gen::inRange<int64_t>(1, kPeriodCountMax),
                static_cast<PeriodUnit>(*rc::gen::inRange(0, 7))};
  RC_ASSERT(*ParsePeriod(FormatPeriod(period)) == period);
}

RC_GTEST_PROP(Period, IndexOfFindsTheInterval, ()) {
  Period period{*rc::gen::inRange<int64_t>(1, 50),
                static_cast<PeriodUnit>(*rc::gen::inRange(0, 7))};
  Instant start{Duration(*rc::gen::inRange<int64_t>(-4'000'000'000'000, 4'000'000'000'000))};
  Instant at{Duration(*rc::gen::inRange<int64_t>(-4'000'000'000'000, 4'000'000'000'000))};
  int64_t k = IndexOf(start, period, at);
  RC_ASSERT(Plus(start, period, k) <= at);
  RC_ASSERT(at < Plus(start, period, k + 1));
}

TEST(Calendar, GuideFunctions) {
  Instant dt = At("2011-05-24T17:10:00");
  EXPECT_EQ(FormatDateTime(Midnight(dt)), "2011-05-24T00:00:00");
  EXPECT_EQ(FormatDateTime(FirstOfMonth(dt)), "2011-05-01T17:10:00");
  EXPECT_EQ(FormatDateTime(SundayOnOrBefore(dt)), "2011-05-22T17:10:00");
  EXPECT_EQ(SundayOnOrBefore(At("2011-05-22T01:00:00")), At("2011-05-22T01:00:00"));
  EXPECT_EQ(DayOfYear(dt), 144);
  EXPECT_EQ(IsoDayOfWeek(dt), 2);
  EXPECT_EQ(ToIsoWeek(At("2008-12-29T00:00:00")), (IsoWeek{2009, 1}));
  EXPECT_EQ(ToIsoWeek(At("2010-01-03T00:00:00")), (IsoWeek{2009, 53}));
  EXPECT_FALSE(FromIsoWeek({2011, 53}, 1));
}

RC_GTEST_PROP(Calendar, IsoWeekRoundTrips, ()) {
  Instant day = Midnight(
      Instant(Duration(*rc::gen::inRange<int64_t>(-9'000'000'000'000, 9'000'000'000'000))));
  RC_ASSERT(*FromIsoWeek(ToIsoWeek(day), IsoDayOfWeek(day)) == day);
}

TEST(Zone, MovesToTheWallClock) {
  Instant dt = At("2011-05-24T17:10:00");
  EXPECT_EQ(*ToWallClock(dt, "UTC"), dt);
  EXPECT_EQ(FormatDateTime(*ToWallClock(dt, "+02:30")), "2011-05-24T19:40:00");
  EXPECT_EQ(FormatDateTime(*ToWallClock(dt, "America/Los_Angeles")), "2011-05-24T10:10:00");
  EXPECT_FALSE(ToWallClock(dt, "../../etc/passwd"));
  EXPECT_FALSE(ToWallClock(dt, ""));
}

}  // namespace
}  // namespace penstock
