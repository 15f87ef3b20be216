// A user's command: started in the attempt's folder, its output kept, ended when the attempt is.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "activities/activity.h"

namespace penstock {

/// Names of the captured output below ActivityContext::log_folder, as Data Pipeline's log folders
/// have them.
inline constexpr char kStdOutput[] = "StdOutput";
inline constexpr char kStdError[] = "StdError";

/// Runs `arguments` with the context's environment and `variables` on top. On `stop` the command's
/// process group gets SIGTERM, 5 seconds later SIGKILL, and the Error is kCanceled, however it
/// ended. A failure to start is an Error; any end of its own is a value, and what the command left
/// running in its process group is ended too. (A daemon in a session of its own lives on.)
Result<ExitStatus> RunCommand(const ActivityContext& context,
                              const std::vector<std::string>& arguments,
                              const std::vector<std::pair<std::string, std::string>>& variables,
                              std::stop_token stop);

/// The last `bytes_max` bytes of a captured output, cut at a line's start; "" if there is none.
std::string OutputTail(const ActivityContext& context, const char* name, size_t bytes_max);

}  // namespace penstock
