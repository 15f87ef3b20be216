#include "time/cron_clock.h"

#include <algorithm>

#include "time/calendar.h"

namespace penstock {
namespace {

/// The first full minute of the wall clock at or after `at`.
LocalMinute Ceil(Instant at, Duration offset) {
  return LocalMinute(std::chrono::ceil<std::chrono::minutes>((at + offset).time_since_epoch()));
}

Instant ToInstant(LocalMinute minute, Duration offset) {
  return Instant(minute.time_since_epoch()) - offset;
}

}  // namespace

/// The firings between two clock changes. Their minutes are numbered without gaps; only the first
/// may be one that the expression does not name.
struct CronClock::Stretch {
  const CronExpression* expression;
  Zone::Part part;
  int64_t first_rank = 0;   // of the expression's first minute in it
  bool catches_up = false;  // fires at its beginning for what the clock skipped

  /// Those before `at`. REQUIRES: part.begin <= at <= part.end.
  int64_t Before(Instant at) const {
    return std::max<int64_t>(0, expression->Rank(Ceil(at, part.offset)) - first_rank) +
           (catches_up && at > part.begin ? 1 : 0);
  }
  int64_t Size() const { return Before(part.end); }
  Instant Get(int64_t index) const {
    if (catches_up && index == 0) return part.begin;
    return ToInstant(expression->Select(first_rank + index - (catches_up ? 1 : 0)), part.offset);
  }
};

Result<CronClock> CronClock::Parse(std::string_view expression, std::string_view zone) {
  ASSIGN_OR_RETURN(const CronExpression parsed, CronExpression::Parse(expression));
  Zone found;
  if (!zone.empty()) {
    ASSIGN_OR_RETURN(found, Zone::Find(zone));
  }
  return CronClock(parsed, found);
}

CronClock::Stretch CronClock::StretchAt(Instant at) const {
  Stretch stretch{&expression_, zone_.At(at)};
  const Zone::Part& part = stretch.part;
  const LocalMinute shown = Ceil(part.begin, part.offset);
  const LocalMinute expected = Ceil(part.begin, part.offset_before);
  stretch.first_rank = expression_.Rank(shown);
  if (expression_.hours_open() || shown == expected) return stretch;
  const int64_t expected_rank = expression_.Rank(expected);
  if (shown < expected) {
    stretch.first_rank = expected_rank;
  } else if (stretch.first_rank > expected_rank) {
    stretch.catches_up =
        ToInstant(expression_.Select(stretch.first_rank), part.offset) != part.begin;
  }
  return stretch;
}

Instant CronClock::Advance(Instant at, int64_t k) const {
  at = std::clamp(at, InstantMin(), InstantMax());
  Stretch stretch = StretchAt(at);
  int64_t index = stretch.Before(at) + k;
  while (index < 0) {
    if (stretch.part.begin <= InstantMin()) return InstantMin();
    stretch = StretchAt(stretch.part.begin - Duration(1));
    index += stretch.Size();
  }
  for (int64_t size = stretch.Size(); index >= size; size = stretch.Size()) {
    if (stretch.part.end > InstantMax()) return InstantMax();
    index -= size;
    stretch = StretchAt(stretch.part.end);
  }
  return std::clamp(stretch.Get(index), InstantMin(), InstantMax());
}

int64_t CronClock::Count(Instant from, Instant to) const {
  if (to < from) return -Count(to, from);
  from = std::clamp(from, InstantMin(), InstantMax());
  to = std::clamp(to, InstantMin(), InstantMax());
  Stretch stretch = StretchAt(from);
  int64_t count = -stretch.Before(from);
  while (stretch.part.end < to) {
    count += stretch.Size();
    stretch = StretchAt(stretch.part.end);
  }
  return count + stretch.Before(to);
}

}  // namespace penstock
