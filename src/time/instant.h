// Instants and their fixed text forms. Time is UTC, in milliseconds; the standard chrono types are
// the vocabulary. (Debian's GCC 12 has the calendar types but neither std::format for them nor time
// zones.) Pure: nobody asks a clock here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

using Duration = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Duration>;

/// Calendar fields of an instant, proleptic Gregorian, UTC.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
  int hour = 0, minute = 0, second = 0, millisecond = 0;
  bool operator==(const CivilTime&) const = default;
};

CivilTime ToCivil(Instant instant);
/// nullopt when a field is out of range or the day does not exist. Years -9999..9999.
std::optional<Instant> FromCivil(const CivilTime& civil);

/// "2011-05-24T17:10:00": Data Pipeline's form for every time in a field or an id. Milliseconds are
/// cut.
std::string FormatDateTime(Instant instant);
/// Exactly that form; nullopt otherwise.
std::optional<Instant> ParseDateTime(std::string_view text);

/// "2011-05-24T17:10:00.000Z": S3 and query-protocol answers.
std::string FormatIsoMillis(Instant instant);
/// ISO 8601 with 'Z' or an offset, optional fraction, or no zone (UTC); or a bare date (midnight).
std::optional<Instant> ParseIso(std::string_view text);

/// "20110524T171000Z": SigV4's X-Amz-Date.
std::string FormatAmzDate(Instant instant);
std::optional<Instant> ParseAmzDate(std::string_view text);

/// "Tue, 24 May 2011 17:10:00 GMT": HTTP's Date, Last-Modified (RFC 9110 IMF-fixdate).
std::string FormatHttpDate(Instant instant);
std::optional<Instant> ParseHttpDate(std::string_view text);

/// Seconds since 1970 with a fraction, as JSON protocols send timestamps.
double ToEpochSeconds(Instant instant);
std::optional<Instant> FromEpochSeconds(double seconds);

}  // namespace penstock
