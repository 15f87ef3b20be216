// Which instances an instance has to do with: a matter of intervals alone, so that it can be told
// before any of them is looked up. Same schedule: interval k with interval k. Different ones: every
// overlapping interval (A28). On demand: the same run. A resource: the interval that contains the
// start of its user.
#pragma once

#include <string>
#include <vector>

#include "engine/plan.h"
#include "engine/record.h"

namespace penstock::engine {

/// One instance of `component`, whether it was made yet or not.
struct Link {
  ComponentIndex component = 0;
  std::string id;
  Interval interval;
  int64_t index = 0;  // of the interval; 0 on demand
};

/// Plans with the one time that they do not hold.
class Calendar {
 public:
  Calendar(const Plan& plan, Instant first_activation)
      : plan_(plan), first_activation_(first_activation) {}

  const Plan& plan() const { return plan_; }
  /// REQUIRES: the component has a schedule.
  Timetable Of(const Component& component) const;

  /// Instances of `to` that belong to `from`'s in `interval`. At least one unless `to` has no
  /// interval there.
  std::vector<Link> To(ComponentIndex from, const Interval& interval, ComponentIndex to) const;
  /// The resource's instance.
  Link Resource(ComponentIndex from, const Interval& interval, ComponentIndex resource) const;
  /// Everything that `from`'s instance must see FINISHED: inputs, dependsOn, producers,
  /// preconditions.
  std::vector<Link> Dependencies(ComponentIndex from, const Interval& interval) const;
  /// Everything that must see `from`'s instance FINISHED.
  std::vector<Link> Dependents(ComponentIndex from, const Interval& interval) const;
  /// The interval of an instance id, as far as it can be told from it.
  Interval IntervalOf(ComponentIndex component, Instant scheduled_start) const;

 private:
  Link Same(ComponentIndex to, const Interval& interval, int64_t index) const;

  const Plan& plan_;
  Instant first_activation_;
};

/// The scheduled start at the end of an instance id, or nullopt.
std::optional<Instant> StartOf(std::string_view instance_id);

}  // namespace penstock::engine
