// Time zones: for inTimeZone() and cron expressions; everything else in Penstock is UTC.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "time/instant.h"

namespace date {
class time_zone;
}

namespace penstock {

/// The rules of a zone: what its clocks showed and will show. A small value.
///
/// They come from the machine's zone database, which lists every change until 2037; what holds at
/// its end is taken to hold for ever.
class Zone {
 public:
  /// UTC.
  Zone() = default;
  /// Names are the IANA database's, "UTC", "GMT", "Z", or an offset "+02:00". InvalidArgument names
  /// an unknown zone.
  static Result<Zone> Find(std::string_view name);

  /// A stretch of time [begin, end) in which clocks show `offset` more than UTC. Before it they
  /// showed `offset_before` more (the same, if it has no beginning); neighbours may have the same
  /// offset.
  struct Part {
    Instant begin{}, end{};
    Duration offset{0}, offset_before{0};
  };
  /// The part that contains `at`. Its ends lie within a day of InstantMin() and InstantMax() at the
  /// farthest.
  Part At(Instant at) const;

  bool operator==(const Zone&) const = default;

 private:
  const date::time_zone* rules_ = nullptr;  // lives for ever; null: a fixed offset
  Duration offset_{0};
};

/// `instant` moved so that its UTC fields read as the zone's wall clock: 17:10 UTC in
/// "America/Los_Angeles" in May is an Instant whose hour is 10. Zones and errors as in Zone::Find.
Result<Instant> ToWallClock(Instant instant, std::string_view zone);

/// The names of the database, sorted; they live for ever.
std::vector<std::string_view> ZoneNames();

}  // namespace penstock
