// Making instances: one per component and schedule interval, a little ahead of their time, oldest
// first, never more unfinished ones of a component than maxActiveInstances. (Developer Guide:
// "Scheduling Pipelines".)
#pragma once

#include <string>
#include <vector>

#include "engine/draft.h"
#include "engine/links.h"

namespace penstock::engine {

/// Instances of one component that one Wake makes at most; the next Wake goes on.
inline constexpr int kCreationBatch = 8;

/// The interval that a component's next instance is for, and when to make it. nullopt when there is
/// none to make: paused, exhausted, too many unfinished, pipeline not running.
struct NextInstance {
  int64_t index = 0;
  Interval interval;
  Instant due_at{}, create_at{};
  bool skipped = false;  // before the startTimestamp of the activation
};
std::optional<NextInstance> NextInstanceOf(const Draft& draft, ComponentIndex component);

/// Makes the instances of that component that are due to be made. REQUIRES: what they depend on is
/// in memory (Needs).
void CreateDue(Draft& draft, const std::string& component);

/// Works out anew what an instance must see FINISHED and which of it is missing, links it to its
/// data nodes, and sees to it that its resource will take work. `again`: by a rerun, which revives
/// a resource however it ended.
void Wire(Draft& draft, const std::string& instance, bool again);

/// Makes the instance of a precondition that guards `node`. REQUIRES: there is none yet.
void MakePrecondition(Draft& draft, ComponentIndex precondition, const std::string& node);

/// The resource instance that `user` runs on takes work again, though it FINISHED when there was
/// none left. Nothing without one, or while it is unfinished. REQUIRES: it is in memory (Needs).
void ReviveResource(Draft& draft, const std::string& user);

/// Makes every component's instance of one on-demand run.
void CreateRun(Draft& draft, Instant at);

/// Sets the wake_at of every touched component. Making them is left to the Wake.
void PlanCreation(Draft& draft);

/// The plan of the active definition with its time of first activation. REQUIRES: activated.
Calendar CalendarOf(const Draft& draft);

/// The ids of everything that making those instances looks at and that may exist.
std::vector<std::string> LooksAt(const Draft& draft, const std::string& component);

}  // namespace penstock::engine
