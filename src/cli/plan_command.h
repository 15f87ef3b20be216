// `penstock plan FILE --from T --until T`: what a definition would run, and when. Nothing is
// executed: the scheduling engine is driven through simulated time.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/forecast.h"

namespace penstock {

struct PlanCommand {
  std::string file;  // "-" is standard input
  engine::ForecastOptions options;
  bool as_json = false;  // --json
  /// Reads a whole file (or standard input for "-").
  std::function<Result<std::string>(const std::string&)> read;
};

/// "COMPONENT=PERIOD", as in Copy=20 minutes; InvalidArgument shows the form.
Result<std::pair<std::string, Period>> ParseDurationArgument(std::string_view argument);
/// "2014-05-01T00:00:00", UTC, or a bare date; InvalidArgument names the flag.
Result<Instant> ParseMomentArgument(std::string_view flag, std::string_view argument);

/// Prints one line a run, and its warnings on `errors`; or with `as_json` one document
///   {"runs":[{"component","type","scheduledStartTime","scheduledEndTime","startsAt"}…],
///    "warnings":["…"…]}
/// sorted by startsAt, then component. Exit code: 0 printed, 2 the file cannot be read, is no
/// definition or could not be activated.
int RunPlan(const PlanCommand& command, std::ostream& out, std::ostream& errors);

}  // namespace penstock
