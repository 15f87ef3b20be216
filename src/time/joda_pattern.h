// Joda-Time's DateTimeFormat patterns (the language of format() in expressions), English names, UTC
// only.
//
// Letters: G era, C century of era, Y year of era, x weekyear, w week of weekyear, e day of week
// (number), E day of week (name from four letters in full), y year, D day of year, M month of year
// (three letters: short name, four: full name), d day of month, a halfday, K hour of halfday 0-11,
// h clockhour of halfday 1-12, H hour 0-23, k clockhour 1-24, m, s, S fraction of second (cut, not
// rounded), z zone ("UTC", from four letters its full name), Z offset ("+0000"; ZZ "+00:00"; ZZZ
// "UTC"). 'Quoted' text and '' stand for themselves, as does every character but A-Z and a-z. YY,
// yy and xx are two-digit years; when parsing, those of 1950-2049 (Joda-Time takes the century
// around today; there is no today here).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

/// A checked pattern. Value type; formatting and parsing never fail for lack of a good pattern.
class JodaPattern {
 public:
  static constexpr size_t kPatternSizeMax = 1024;

  /// InvalidArgument, with the offset, for a letter without meaning; for an empty or oversized
  /// pattern. A last quote may stay open.
  static Result<JodaPattern> Compile(std::string_view pattern);

  std::string Format(Instant instant) const;

  /// The instant that the whole `text` describes. Fields that the pattern lacks are those of
  /// 2000-01-01T00:00, or of 1970-01-01 when it has no date field at all. InvalidArgument says
  /// where the text stops matching.
  Result<Instant> Parse(std::string_view text) const;

 private:
  struct Token {
    char letter = 0;      // 0: literal
    int count = 0;        // how often the letter stands
    std::string literal;  // text of a literal
  };
  std::vector<Token> tokens_;
};

}  // namespace penstock
