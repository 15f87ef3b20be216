#include "time/zone.h"

#include <date/tz.h>
#include <fmt/core.h>

#include <exception>
#include <optional>
#include <string>

namespace penstock {
namespace {

// "+02:00", "-0730", "+2".
std::optional<Duration> FixedOffset(std::string_view zone) {
  if (zone.size() < 2 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  int sign = zone[0] == '-' ? -1 : 1;
  int digits[4] = {0, 0, 0, 0};
  size_t count = 0;
  for (char c : zone.substr(1)) {
    if (c == ':' && count == 2) continue;
    if (c < '0' || c > '9' || count == 4) return std::nullopt;
    digits[count++] = c - '0';
  }
  if (count == 3) return std::nullopt;
  int hours = count == 1 ? digits[0] : digits[0] * 10 + digits[1];
  int minutes = digits[2] * 10 + digits[3];
  if (hours > 23 || minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
}

}  // namespace

Result<Instant> ToWallClock(Instant instant, std::string_view zone) {
  if (zone == "UTC" || zone == "GMT" || zone == "Z") return instant;
  if (std::optional<Duration> offset = FixedOffset(zone)) return instant + *offset;
  try {
    const date::time_zone* found = date::locate_zone(std::string(zone));
    return instant + found->get_info(std::chrono::floor<std::chrono::seconds>(instant)).offset;
  } catch (const std::exception&) {
    return InvalidArgument(fmt::format(
        "unknown time zone '{}'; write a name like 'America/New_York' or an offset like '+02:00'",
        zone));
  }
}

}  // namespace penstock
