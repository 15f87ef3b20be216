#include "time/zone.h"

#include <date/tz.h>
#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>

#include "time/calendar.h"

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

Result<Zone> Zone::Find(std::string_view name) {
  Zone zone;
  if (name == "UTC" || name == "GMT" || name == "Z") return zone;
  if (std::optional<Duration> offset = FixedOffset(name)) {
    zone.offset_ = *offset;
    return zone;
  }
  // The database calls the machine's own zone so; it would be another one elsewhere.
  if (name != "localtime") {
    try {
      zone.rules_ = date::locate_zone(std::string(name));
      return zone;
    } catch (const std::exception&) {
    }
  }
  return InvalidArgument(fmt::format(
      "unknown time zone '{}'; write a name like 'America/New_York' or an offset like '+02:00'",
      name));
}

Zone::Part Zone::At(Instant at) const {
  if (rules_ == nullptr) return {InstantMin(), InstantMax() + Duration(1), offset_, offset_};
  using std::chrono::seconds;
  // Before its first and after its last change the database has bounds of its own, some of them
  // beyond what milliseconds can count.
  constexpr Duration kDay = std::chrono::hours(24);
  const Instant first = InstantMin() - kDay, last = InstantMax() + kDay;
  at = std::clamp(at, first, last - Duration(1));
  const date::sys_info info = rules_->get_info(std::chrono::floor<seconds>(at));
  Part part{first, last, info.offset, info.offset};
  const auto within = [&](date::sys_seconds change) {
    return change > std::chrono::floor<seconds>(first) &&
           change < std::chrono::floor<seconds>(last);
  };
  if (within(info.begin)) {
    part.begin = info.begin;
    part.offset_before = rules_->get_info(info.begin - seconds(1)).offset;
  }
  if (within(info.end)) part.end = info.end;
  return part;
}

Result<Instant> ToWallClock(Instant instant, std::string_view zone) {
  ASSIGN_OR_RETURN(const Zone found, Zone::Find(zone));
  return instant + found.At(instant).offset;
}

std::vector<std::string_view> ZoneNames() {
  std::vector<std::string_view> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  return names;
}

}  // namespace penstock
