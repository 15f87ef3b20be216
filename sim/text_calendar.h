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

/// The intervals of a schedule, one after the other.
struct Beat {
  std::vector<Instant> bounds;  // where they begin, and where the last one ends
  bool at_end = false;          // timeseries: an interval is worked on when it is over

  int64_t occurrences() const { return static_cast<int64_t>(bounds.size()) - 1; }
  Instant StartOf(int64_t k) const { return bounds[static_cast<size_t>(k)]; }
  Instant EndOf(int64_t k) const { return StartOf(k + 1); }
  Instant DueAt(int64_t k) const { return at_end ? EndOf(k) : StartOf(k); }
  /// Which interval starts then; nullopt: none does.
  std::optional<int64_t> IndexOf(Instant interval_start) const;
};

/// The schedule of an activity or data node; nullopt when it runs on demand. REQUIRES: a definition
/// of sim/scenario.h: a period in minutes or hours, or a cron expression of two numbers, lists or
/// steps and three stars with an offset or a zone without summer time; startDateTime and
/// occurrences given.
std::optional<Beat> BeatOf(const Definition& definition, std::string_view object);

/// What its dependsOn and input say must be FINISHED before the object's interval that starts at
/// `start`: object and start of an interval, for every interval that overlaps it.
std::vector<std::pair<std::string, Instant>> NeedsOf(const Definition& definition,
                                                     std::string_view object, Instant start);

}  // namespace penstock::sim
