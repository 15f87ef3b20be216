// What an operator can choose about scheduling ([engine] and [limits] of the configuration). Part
// of the engine's state, so that a replay decides alike. Defaults are those of the `open` profile.
#pragma once

#include <cstdint>
#include <optional>

#include "definition/limits.h"
#include "time/instant.h"

namespace penstock::engine {

struct EngineOptions {
  int default_maximum_retries = 2;                          // A2: attempts = 1 + retries
  Duration default_retry_delay = std::chrono::minutes(10);  // A2
  Duration ack_timeout =
      std::chrono::minutes(2);  // a hand-out not acknowledged by then is offered again
  Duration default_progress_timeout = std::chrono::minutes(15);
  Duration precondition_poll =
      std::chrono::minutes(1);  // between checks, when retryDelay is not set
  Duration create_ahead_max =
      std::chrono::minutes(5);             // instances exist this long before their time, at most
  int default_max_active_instances = 5;    // unfinished instances of one component
  int default_max_active_on_demand = 1;    // runs of an on-demand pipeline
  bool on_demand_cancels_running = false;  // ondemand_reactivate = "cancel" (A46)
  bool late_until_finished = false;        // late_means = "completion" (A4)
  int resource_launch_retries = 2;         // maximumRetries of a resource that does not say
  int64_t backfill_max = 100;  // past instances that an activation may make unasked; 0: any number
  int wake_batch_max = 512;    // timers served by one Wake; the rest by the next
  Limits limits = OpenLimits();  // [limits] profile
  bool operator==(const EngineOptions&) const = default;
};

}  // namespace penstock::engine
