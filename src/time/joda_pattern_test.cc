#include "time/joda_pattern.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"

namespace penstock {
namespace {

std::vector<std::vector<std::string>> ReadVectors(const std::string& name) {
  std::ifstream in(std::string(PENSTOCK_SOURCE_DIR) + "/tests/golden/" + name);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> row;
    for (std::string_view cell : Split(line, '\t')) row.emplace_back(cell);
    rows.push_back(row);
  }
  return rows;
}

// The vectors are what Joda-Time 2.10.14 printed: tests/golden/JodaVectors.java.
TEST(JodaPattern, FormatsAsJodaTimeDoes) {
  auto rows = ReadVectors("joda_format.tsv");
  ASSERT_GT(rows.size(), 1000u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3u);
    auto pattern = JodaPattern::Compile(row[1]);
    if (row[2] == "!") {
      EXPECT_FALSE(pattern) << row[1];
      continue;
    }
    ASSERT_TRUE(pattern) << row[1] << ": " << pattern.error().message;
    EXPECT_EQ("=" + pattern->Format(Instant(Duration(*ParseInt64(row[0])))), row[2])
        << row[1] << " of " << row[0];
  }
}

TEST(JodaPattern, ParsesAsJodaTimeDoes) {
  auto rows = ReadVectors("joda_parse.tsv");
  ASSERT_GT(rows.size(), 30u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3u);
    auto instant = JodaPattern::Compile(row[0])->Parse(row[1]);
    if (row[2] == "!") {
      EXPECT_FALSE(instant) << row[0] << " of " << row[1];
      continue;
    }
    ASSERT_TRUE(instant) << row[0] << " of " << row[1] << ": " << instant.error().message;
    EXPECT_EQ(instant->time_since_epoch().count(), *ParseInt64(row[2]))
        << row[0] << " of " << row[1];
  }
}

TEST(JodaPattern, TwoDigitYearsAreNear2000) {
  auto pattern = *JodaPattern::Compile("YY-MM-dd");
  EXPECT_EQ(FormatDateTime(*pattern.Parse("11-05-24")), "2011-05-24T00:00:00");
  EXPECT_EQ(FormatDateTime(*pattern.Parse("70-01-01")), "1970-01-01T00:00:00");
}

TEST(JodaPattern, NumbersAreThoseOfAnInt) {
  auto century = JodaPattern::Compile(std::string(30, 'C'));
  ASSERT_TRUE(century);
  EXPECT_TRUE(century->Parse("000000000000000000000000000020"));
  for (const char* text : {"2147483648", "9999999999999999999", "924560022924568924568924568"})
    EXPECT_FALSE(century->Parse(text)) << text;
  auto year = JodaPattern::Compile("yyyy");
  EXPECT_FALSE(year->Parse("2147483648"));
  EXPECT_FALSE(year->Parse("99999999999999999999"));
}

TEST(JodaPattern, SaysWhatIsWrong) {
  EXPECT_EQ(JodaPattern::Compile("yyyy-qq").error().message,
            "'q' at offset 5 of the date pattern 'yyyy-qq' is no pattern letter; put text in "
            "single quotes");
  EXPECT_FALSE(JodaPattern::Compile(std::string(JodaPattern::kPatternSizeMax + 1, 'y')));
}

}  // namespace
}  // namespace penstock
