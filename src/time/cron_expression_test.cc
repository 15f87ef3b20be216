#include "time/cron_expression.h"

#include <gtest/gtest.h>

#include "time/instant.h"

namespace penstock {
namespace {

LocalMinute Minute(std::string_view text) {
  return LocalMinute(std::chrono::floor<std::chrono::minutes>(
      ParseDateTime(std::string(text) + ":00")->time_since_epoch()));
}
std::string Text(LocalMinute minute) {
  return FormatDateTime(Instant(minute.time_since_epoch())).substr(0, 16);
}

/// The next `count` minutes that match, from 2014-05-01 (a Thursday) on.
std::string Following(std::string_view text, int count,
                      std::string_view from = "2014-05-01T00:00") {
  const auto expression = CronExpression::Parse(text);
  if (!expression) return expression.error().message;
  std::string found;
  const int64_t first = expression->Rank(Minute(from));
  for (int i = 0; i < count; ++i) {
    found += (i > 0 ? " " : "") + Text(expression->Select(first + i));
  }
  return found;
}

TEST(CronExpression, Fields) {
  struct Case {
    std::string_view text;
    std::string_view following;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"* * * * *", "2014-05-01T00:00 2014-05-01T00:01 2014-05-01T00:02"},
           {"*/25 * * * *", "2014-05-01T00:00 2014-05-01T00:25 2014-05-01T00:50"},
           {"50/5 23 * * *", "2014-05-01T23:50 2014-05-01T23:55 2014-05-02T23:50"},
           {"7-9,3 4-20/8 * * *", "2014-05-01T04:03 2014-05-01T04:07 2014-05-01T04:08"},
           {"  0\t2  * *   mon-FRI ", "2014-05-01T02:00 2014-05-02T02:00 2014-05-05T02:00"},
           {"0 0 * * 0", "2014-05-04T00:00 2014-05-11T00:00 2014-05-18T00:00"},
           {"0 0 * * 7", "2014-05-04T00:00 2014-05-11T00:00 2014-05-18T00:00"},
           {"0 0 * * 5-7", "2014-05-02T00:00 2014-05-03T00:00 2014-05-04T00:00"},
           {"0 0 * * FRI-SUN", "2014-05-02T00:00 2014-05-03T00:00 2014-05-04T00:00"},
           {"0 0 * * 7/2", "2014-05-04T00:00 2014-05-11T00:00 2014-05-18T00:00"},
           {"0 0 31 * *", "2014-05-31T00:00 2014-07-31T00:00 2014-08-31T00:00"},
           {"0 0 29 2 *", "2016-02-29T00:00 2020-02-29T00:00 2024-02-29T00:00"},
           {"0 0 1 jan,JUL *", "2014-07-01T00:00 2015-01-01T00:00 2015-07-01T00:00"},
           // Either kind of day, when both are restricted.
           {"0 0 13 * FRI", "2014-05-02T00:00 2014-05-09T00:00 2014-05-13T00:00"},
           {"0 0 30 2 MON", "2015-02-02T00:00 2015-02-09T00:00 2015-02-16T00:00"},
           // A leading * is no restriction: both.
           {"0 0 */2 * FRI", "2014-05-09T00:00 2014-05-23T00:00 2014-06-13T00:00"},
           {"0 0 13 * ?", "2014-05-13T00:00 2014-06-13T00:00 2014-07-13T00:00"},
           {"0 0 ? * FRI", "2014-05-02T00:00 2014-05-09T00:00 2014-05-16T00:00"},
           {"@hourly", "2014-05-01T00:00 2014-05-01T01:00 2014-05-01T02:00"},
           {"@Daily", "2014-05-01T00:00 2014-05-02T00:00 2014-05-03T00:00"},
           {"@midnight", "2014-05-01T00:00 2014-05-02T00:00 2014-05-03T00:00"},
           {" @weekly ", "2014-05-04T00:00 2014-05-11T00:00 2014-05-18T00:00"},
           {"@monthly", "2014-05-01T00:00 2014-06-01T00:00 2014-07-01T00:00"},
           {"@yearly", "2015-01-01T00:00 2016-01-01T00:00 2017-01-01T00:00"},
           {"@annually", "2015-01-01T00:00 2016-01-01T00:00 2017-01-01T00:00"}}) {
    EXPECT_EQ(Following(c.text, 3), c.following) << c.text;
  }
}

TEST(CronExpression, RareDatesOverCenturies) {
  EXPECT_EQ(Following("0 0 29 2 *", 2, "1896-03-01T00:00"), "1904-02-29T00:00 1908-02-29T00:00");
  // 29 February on a Sunday: 40 years apart where a century has no leap day.
  EXPECT_EQ(Following("0 0 29 2 */7", 3, "1850-01-01T00:00"),
            "1852-02-29T00:00 1880-02-29T00:00 1920-02-29T00:00");
  EXPECT_EQ(Following("59 23 31 12 *", 1, "9999-12-31T00:00"), "9999-12-31T23:59");
}

TEST(CronExpression, ErrorsSayWhereAndWhatIsAllowed) {
  struct Case {
    std::string_view text;
    std::string_view what;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "it has 0 fields and needs five"},
           {"*", "it has 1 field and needs five: minute hour day-of-month month day-of-week;"},
           {"0 0 * * * *",
            "it has 6 fields and needs five: minute hour day-of-month month "
            "day-of-week (no seconds, no years)"},
           {"60 * * * *", "minute field, offset 0: 60 is out of range; allowed are 0-59, lists"},
           {"0 1,24 * * *", "hour field, offset 4: 24 is out of range; allowed are 0-23, lists"},
           {"0 0 0 * *", "day-of-month field, offset 4: 0 is out of range; allowed are 1-31"},
           {"0 0 1 13 *", "month field, offset 6: 13 is out of range; allowed are 1-12 or JAN-DEC"},
           {"0 0 * * 8",
            "day-of-week field, offset 8: 8 is out of range; allowed are 0-7 (0 and 7 "
            "are Sunday) or SUN-SAT, lists (1,5), ranges (1-5), steps (*/5) and * or ?"},
           {"0 0 * * MONDAY", "offset 8: 'MONDAY' is no value"},
           {"0 0 L * *", "day-of-month field, offset 4: 'L' is no value"},
           {"0 0 * * 5#2", "offset 8: '5#2' is no value"},
           {"? * * * *", "minute field, offset 0: '?' is no value"},
           {"0 22-2 * * *", "offset 2: the range 22-2 runs backwards: write 22-23,0-2"},
           {"0 0 * NOV-FEB *", "the range NOV-FEB runs backwards: write 11-12,1-2"},
           {"1, * * * *", "offset 2: a value is missing"},
           {"-5 * * * *", "offset 0: a value is missing"},
           {"5- * * * *", "offset 2: a value is missing"},
           {"*/0 * * * *", "offset 2: the step '0' is no positive number"},
           {"*/x * * * *", "offset 2: the step 'x' is no positive number"},
           {"*/ * * * *", "offset 2: the step '' is no positive number"},
           {"*/90 * * * *", "offset 2: the step 90 is longer than the field's range"},
           {"99999999999999999999 * * * *", "99999999999999999999 is out of range"},
           {"0 0 30 2 *", "no year has a day 30 of month 2"},
           {"0 0 31 FEB,4,6,9,11 *", "no year has a day 31 of month FEB,4,6,9,11"},
           {"@every 5m", "of the words with @ there are @hourly"},
           {"TZ=UTC 0 0 * * *", "the time zone has a field of its own, timeZone"}}) {
    const auto parsed = CronExpression::Parse(c.text);
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_NE(parsed.error().message.find(c.what), std::string::npos) << parsed.error().message;
  }
}

TEST(CronExpression, HoursAreOpenOrChosen) {
  for (const char* open : {"5 * * * *", "0 */2 * * *", "@hourly", "0 0-23 * * *", "5 0/1 * * *"})
    EXPECT_TRUE(CronExpression::Parse(open)->hours_open()) << open;
  for (const char* chosen : {"* 2 * * *", "*/5 2,3 * * *", "@daily", "0 0-22 * * *"})
    EXPECT_FALSE(CronExpression::Parse(chosen)->hours_open()) << chosen;
}

}  // namespace
}  // namespace penstock
