#include "engine/links.h"

#include <algorithm>

namespace penstock::engine {

Timetable Calendar::Of(const Component& component) const {
  return Timetable(plan_.schedules[*component.schedule], first_activation_,
                   component.schedule_type == ScheduleType::kTimeseries);
}

Link Calendar::Same(ComponentIndex to, const Interval& interval, int64_t index) const {
  return {to, InstanceId(plan_.components[to].stem, interval.start), interval, index};
}

std::vector<Link> Calendar::To(ComponentIndex from, const Interval& interval,
                               ComponentIndex to) const {
  const Component& target = plan_.components[to];
  const Component& source = plan_.components[from];
  // A precondition goes with its node; what has no schedule goes with whoever asks.
  if (plan_.on_demand || !target.schedule || target.node == from || source.node == to) {
    return {Same(to, interval, 0)};
  }
  const Timetable table = Of(target);
  if (target.schedule == source.schedule) {
    const int64_t k = table.IndexAt(interval.start);
    if (!table.Has(k)) return {};
    return {Same(to, table.At(k), k)};
  }
  std::vector<Link> links;
  const auto [first, last] = table.Overlapping(interval);
  for (int64_t k = first; k < last; ++k) links.push_back(Same(to, table.At(k), k));
  return links;
}

Link Calendar::Resource(ComponentIndex from, const Interval& interval,
                        ComponentIndex resource) const {
  const Component& target = plan_.components[resource];
  if (plan_.on_demand || !target.schedule || target.schedule == plan_.components[from].schedule) {
    return Same(resource, interval, 0);
  }
  const Timetable table = Of(target);
  const int64_t k = table.IndexAt(interval.start);
  // Outside its own schedule a resource serves whoever needs it, for as long as that one's
  // interval.
  if (k < 0) return Same(resource, interval, 0);
  return Same(resource, table.At(k), k);
}

std::vector<Link> Calendar::Dependencies(ComponentIndex from, const Interval& interval) const {
  const Component& component = plan_.components[from];
  std::vector<Link> links;
  const auto add = [&](const std::vector<ComponentIndex>& targets) {
    for (ComponentIndex target : targets) {
      for (Link& link : To(from, interval, target)) {
        const bool known =
            std::any_of(links.begin(), links.end(), [&](const Link& l) { return l.id == link.id; });
        if (!known) links.push_back(std::move(link));
      }
    }
  };
  if (component.node) {
    // A precondition is checked once everything else that its node needs is there.
    const Component& node = plan_.components[*component.node];
    for (const auto* targets : {&node.inputs, &node.depends_on, &node.producers}) {
      for (ComponentIndex target : *targets) {
        for (Link& link : To(*component.node, interval, target)) {
          const bool known = std::any_of(links.begin(), links.end(),
                                         [&](const Link& l) { return l.id == link.id; });
          if (!known) links.push_back(std::move(link));
        }
      }
    }
    return links;
  }
  add(component.inputs);
  add(component.depends_on);
  add(component.producers);
  add(component.preconditions);
  return links;
}

std::vector<Link> Calendar::Dependents(ComponentIndex from, const Interval& interval) const {
  std::vector<Link> links;
  for (ComponentIndex consumer : plan_.components[from].consumers) {
    for (Link& link : To(from, interval, consumer)) {
      // What waits for a consumer's other needs, its preconditions do too.
      for (ComponentIndex precondition : plan_.components[consumer].preconditions) {
        if (precondition != from) links.push_back(Same(precondition, link.interval, link.index));
      }
      links.push_back(std::move(link));
    }
  }
  return links;
}

Interval Calendar::IntervalOf(ComponentIndex component, Instant scheduled_start) const {
  const Component& target = plan_.components[component];
  if (plan_.on_demand || !target.schedule) return {scheduled_start, scheduled_start};
  const Timetable table = Of(target);
  return table.At(table.IndexAt(scheduled_start));
}

std::optional<Instant> StartOf(std::string_view instance_id) {
  constexpr size_t kTimeSize = 19;  // "2014-05-01T00:00:00"
  if (instance_id.size() <= kTimeSize) return std::nullopt;
  return ParseDateTime(instance_id.substr(instance_id.size() - kTimeSize));
}

}  // namespace penstock::engine
