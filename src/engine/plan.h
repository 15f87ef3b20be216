// A definition compiled for scheduling: what runs, when, after what, where, and how often again.
// Compact; no text that only workers need. Objects that have no instances (formats, databases,
// actions) are not in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/parameters.h"
#include "definition/resolved.h"
#include "engine/schedule.h"
#include "time/period.h"

namespace penstock::engine {

enum class ComponentKind : uint8_t { kActivity, kDataNode, kResource, kPrecondition };
enum class ScheduleType : uint8_t { kCron, kTimeseries, kOnDemand };
enum class ResourceFailureAction : uint8_t { kRetryNone, kRetryAll };
enum class TaskFailureAction : uint8_t { kContinue, kTerminate };

using ComponentIndex = uint32_t;  // into Plan::components

/// One runnable object. A precondition is here once for each object that refers to it, because each
/// gets instances of its own, with `node` set to it.
struct Component {
  std::string id;    // of the object
  std::string stem;  // of its instances' ids: the id, or "<id>_<referrer>" for a precondition with
                     // several referrers
  std::string_view type;  // of the type catalogue
  ComponentKind kind = ComponentKind::kActivity;
  ScheduleType schedule_type = ScheduleType::kTimeseries;
  std::optional<uint32_t>
      schedule;  // into Plan::schedules; absent: on demand, or that of whoever uses it

  std::vector<ComponentIndex> inputs, outputs;  // data nodes
  std::vector<ComponentIndex> depends_on;       // activities, data nodes
  std::vector<ComponentIndex> producers;  // of a data node: the activities that have it as output
  std::vector<ComponentIndex>
      consumers;  // all that name this one in input, dependsOn, or as their precondition
  std::vector<ComponentIndex> preconditions;
  std::optional<ComponentIndex> node;     // of a precondition: who refers to it
  std::optional<ComponentIndex> runs_on;  // resource
  std::vector<ComponentIndex> users;      // of a resource: all that run on it
  std::string worker_group;               // used when there is no runs_on
  bool managed_by_service = false;        // of a precondition: the service checks it, not a worker

  std::optional<int> maximum_retries;
  std::optional<Period> retry_delay, attempt_timeout, report_progress_timeout, late_after_timeout;
  std::optional<Period> precondition_timeout, init_timeout, terminate_after;
  bool cascade = false;  // failureAndRerunMode
  TaskFailureAction on_task_failure = TaskFailureAction::kContinue;
  ResourceFailureAction on_resource_failure = ResourceFailureAction::kRetryNone;
  std::optional<int> max_active_instances;
  std::vector<std::string> on_success, on_fail, on_late_action;  // ids of actions
};

struct Plan {
  std::vector<Schedule> schedules;
  std::vector<Component>
      components;          // in the order of the definition, preconditions after their referrers
  bool on_demand = false;  // one run per activation
  std::optional<int> max_active_on_demand;
  std::vector<ComponentIndex> by_id, by_stem;  // in the order of those

  /// The component whose instance this is, by the stem of the instance's id; nullopt if none.
  std::optional<ComponentIndex> OfInstance(std::string_view instance_id) const;
  /// The first component of that object; nullopt if it has none.
  std::optional<ComponentIndex> OfObject(std::string_view object_id) const;
};

/// Never fails: what validation would have refused (a malformed period, a reference to nothing) is
/// left out.
Plan CompilePlan(const ResolvedDefinition& definition, const Parameters& parameters);

}  // namespace penstock::engine
