// Joda-Time's DateTimeFormat patterns (the language of format() in expressions), English names, UTC
// only.
//
// Letters: G era, C century of era, Y year of era, x weekyear, w week of weekyear, e day of week
// (number), E day of week (name from four letters in full), y year, D day of year, M month of year
// (three letters: short name, four: full name), d day of month, a halfday, K hour of halfday 0-11,
// h clockhour of halfday 1-12, H hour 0-23, k clockhour 1-24, m, s, S fraction of second (cut, not
// rounded), z zone ("UTC"), Z offset
// ("+0000"; ZZ "+00:00"; ZZZ "UTC"). 'quoted' text and '' stand for themselves, as does every
// character but A-Z and a-z. YY, yy, xx are two-digit years; when parsing, within 1970-2069 +
// (within 1950-2049).
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

  /// InvalidArgument for a reserved letter, an unclosed quote or an oversized pattern, with the
  /// offset.
  static Result<JodaPattern> Compile(std::string_view pattern);

  std::string Format(Instant instant) const;

  /// The instant that the whole `text` describes; fields that the pattern lacks are those of
  /// 2000-01-01T00:00 (Joda's default year for parsing; 1970 is not used). InvalidArgument says
  /// where the text stops matching or which field is out of range.
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
