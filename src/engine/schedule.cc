#include "engine/schedule.h"

#include <algorithm>

namespace penstock::engine {

Timetable::Timetable(const Schedule& schedule, Instant first_activation, bool at_end)
    : recurrence_(schedule.recurrence),
      start_(schedule.start ? *schedule.start
                            : std::chrono::floor<std::chrono::seconds>(first_activation)),
      end_(schedule.end),
      occurrences_(schedule.occurrences),
      at_end_(at_end) {}

Interval Timetable::At(int64_t k) const {
  if (!last_ || last_->first != k) {
    const Instant start = recurrence_.Boundary(start_, k);
    last_.emplace(k, Interval{start, recurrence_.Next(start_, k, start)});
  }
  return last_->second;
}

bool Timetable::Has(int64_t k) const {
  if (k < 0 || (occurrences_ && k >= *occurrences_)) return false;
  const Interval interval = At(k);
  // Years beyond the calendar saturate: an interval of no length is past the end of time.
  if (interval.end <= interval.start) return false;
  if (!end_) return true;
  return at_end_ ? interval.end <= *end_ : interval.start < *end_;
}

int64_t Timetable::IndexAt(Instant at) const { return recurrence_.IndexOf(start_, at); }

std::pair<int64_t, int64_t> Timetable::Overlapping(const Interval& interval) const {
  int64_t first = std::max<int64_t>(0, IndexAt(interval.start));
  int64_t last = interval.end > interval.start ? IndexAt(interval.end - Duration(1)) + 1
                                               : IndexAt(interval.start) + 1;
  last = std::min(last, DueCountLimit(last));
  return {first, std::max(first, last)};
}

int64_t Timetable::DueCountLimit(int64_t at_most) const {
  // Intervals exist from 0 up to some k: find the largest that does, without counting them one by
  // one.
  int64_t low = 0, high = std::max<int64_t>(0, at_most);
  if (high == 0 || Has(high - 1)) return high;
  while (low < high) {
    const int64_t middle = low + (high - low + 1) / 2;
    if (Has(middle - 1)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

int64_t Timetable::DueCount(Instant at) const {
  const int64_t index = IndexAt(at);
  return DueCountLimit(at_end_ ? index : index + 1);
}

}  // namespace penstock::engine
