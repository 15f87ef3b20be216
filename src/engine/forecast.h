// What a definition would run, and when: the engine itself, driven through simulated time by a
// world in which nothing goes wrong. Workers are there at once, machines start at once,
// preconditions are met, work succeeds after the length given for it. Nothing is executed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "definition/definition.h"
#include "engine/options.h"
#include "time/instant.h"
#include "time/period.h"

namespace penstock::engine {

struct ForecastOptions {
  Instant from{}, until{};             // the pipeline is activated for the first time at `from`
  std::vector<ParameterValue> values;  // given with the activation
  std::map<std::string, Period>
      durations;              // by activity or precondition id; else nothing takes time
  bool all = false;           // data nodes, resources and preconditions too
  size_t runs_max = 100'000;  // looked at; a warning says so when there are more
  EngineOptions engine;
};

struct ForecastRun {
  std::string component, type;
  Instant scheduled_start{}, scheduled_end{};
  Instant starts_at{};  // of its first attempt; of a data node: when it is there
  bool operator==(const ForecastRun&) const = default;
};

struct Forecast {
  std::vector<ForecastRun> runs;  // from <= starts_at < until, by starts_at, then component
  std::vector<std::string> warnings;
};

/// InvalidArgument for a definition that could not be activated (all problems in one message), for
/// an empty span, and for a duration of what the definition does not have.
Result<Forecast> ForecastRuns(const Definition& definition, const ForecastOptions& options);

}  // namespace penstock::engine
