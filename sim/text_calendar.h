// What a definition's text promises of its schedules, worked out without the engine's calendar, so
// that the checkers do not believe the engine's own arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "definition/definition.h"
#include "time/instant.h"

namespace penstock::sim {

/// Intervals of one length, one after the other.
struct Beat {
  Instant start{};
  Duration period{};
  int64_t occurrences = 0;
  bool at_end = false;  // timeseries: an interval is worked on when it is over

  Instant StartOf(int64_t k) const { return start + k * period; }
  Instant DueAt(int64_t k) const { return StartOf(at_end ? k + 1 : k); }
  /// Which interval starts then; nullopt: none does.
  std::optional<int64_t> IndexOf(Instant interval_start) const;
};

/// The schedule of an activity or data node; nullopt when it runs on demand. REQUIRES: a definition
/// of sim/scenario.h: periods in minutes or hours, startDateTime and occurrences given.
std::optional<Beat> BeatOf(const Definition& definition, std::string_view object);

/// What its dependsOn and input say must be FINISHED before the object's interval that starts at
/// `start`: object and start of an interval, for every interval that overlaps it.
std::vector<std::pair<std::string, Instant>> NeedsOf(const Definition& definition,
                                                     std::string_view object, Instant start);

}  // namespace penstock::sim
