#include "time/instant.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const Instant kGuide =
    *FromCivil({2011, 5, 24, 17, 10, 0, 0});  // the developer guide's reference value, a Tuesday

TEST(Instant, FormatsEveryForm) {
  EXPECT_EQ(FormatDateTime(kGuide), "2011-05-24T17:10:00");
  EXPECT_EQ(FormatIsoMillis(kGuide + Duration(5)), "2011-05-24T17:10:00.005Z");
  EXPECT_EQ(FormatAmzDate(kGuide), "20110524T171000Z");
  EXPECT_EQ(FormatHttpDate(kGuide), "Tue, 24 May 2011 17:10:00 GMT");
  EXPECT_EQ(FormatDateTime(Instant(Duration(-1))), "1969-12-31T23:59:59");
}

TEST(Instant, ParsesWhatItFormats) {
  for (Instant t : {kGuide, Instant(Duration(0)), *FromCivil({2024, 2, 29, 23, 59, 59, 0}),
                    *FromCivil({1, 1, 1})}) {
    EXPECT_EQ(ParseDateTime(FormatDateTime(t)), t);
    EXPECT_EQ(ParseIso(FormatIsoMillis(t)), t);
    EXPECT_EQ(ParseAmzDate(FormatAmzDate(t)), t);
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(t)), t);
    EXPECT_EQ(FromEpochSeconds(ToEpochSeconds(t)), t);
  }
}

TEST(Instant, ParsesIsoVariants) {
  EXPECT_EQ(ParseIso("2011-05-24"), *FromCivil({2011, 5, 24}));
  EXPECT_EQ(ParseIso("2011-05-24T17:10"), kGuide);
  EXPECT_EQ(ParseIso("2011-05-24T19:10:00+02:00"), kGuide);
  EXPECT_EQ(ParseIso("2011-05-24T17:10:00.1234567Z"), kGuide + Duration(123));
}

TEST(Instant, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "2011", "2011-13-01T00:00:00", "2011-02-29T00:00:00", "2011-05-24T24:00:00",
        "2011-05-24T17:10:00Z", "2011-05-24 17:10:00", "2011-05-24T17:10:000"}) {
    EXPECT_FALSE(ParseDateTime(text)) << text;
  }
  for (const char* text : {"2011-05-24T", "2011-05-24T17:10:00.", "2011-05-24T17:10:00+9", "x"}) {
    EXPECT_FALSE(ParseIso(text)) << text;
  }
  EXPECT_FALSE(ParseHttpDate("yesterday"));
  EXPECT_FALSE(FromEpochSeconds(1e300));
}

}  // namespace
}  // namespace penstock
