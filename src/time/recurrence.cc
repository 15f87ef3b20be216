#include "time/recurrence.h"

namespace penstock {

Instant Recurrence::Boundary(Instant start, int64_t k) const {
  if (const auto* period = std::get_if<Period>(&rule_)) return Plus(start, *period, k);
  return std::get<CronClock>(rule_).Advance(start, k);
}

Instant Recurrence::Next(Instant start, int64_t k, Instant boundary) const {
  if (const auto* period = std::get_if<Period>(&rule_)) return Plus(start, *period, k + 1);
  return std::get<CronClock>(rule_).Next(boundary);
}

int64_t Recurrence::IndexOf(Instant start, Instant at) const {
  if (const auto* period = std::get_if<Period>(&rule_))
    return penstock::IndexOf(start, *period, at);
  return std::get<CronClock>(rule_).Count(start, at + Duration(1)) - 1;
}

}  // namespace penstock
