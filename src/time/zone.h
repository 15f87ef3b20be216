// Time zones, for inTimeZone() only; everything else in Penstock is UTC.
#pragma once

#include <string_view>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

/// `instant` moved so that its UTC fields read as the zone's wall clock: 17:10 UTC in
/// "America/Los_Angeles" in May is an Instant whose hour is 10. Names are the IANA database's (that
/// of the machine), "UTC", "GMT", or an offset "+02:00". InvalidArgument names an unknown zone.
Result<Instant> ToWallClock(Instant instant, std::string_view zone);

}  // namespace penstock
