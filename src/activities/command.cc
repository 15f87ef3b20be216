#include "activities/command.h"

#include <csignal>

namespace penstock {
namespace {

constexpr Duration kLookInterval{100};   // how soon a stop is seen
constexpr Duration kGracePeriod{5'000};  // between SIGTERM and SIGKILL

}  // namespace

Result<ExitStatus> RunCommand(const ActivityContext& context,
                              const std::vector<std::string>& arguments,
                              const std::vector<std::pair<std::string, std::string>>& variables,
                              std::stop_token stop) {
  ProcessSpec spec{.arguments = arguments,
                   .environment = context.environment,
                   .directory = context.folder,
                   .stdout_path = context.log_folder + "/" + kStdOutput,
                   .stderr_path = context.log_folder + "/" + kStdError};
  spec.environment.insert(spec.environment.end(), variables.begin(), variables.end());
  if (stop.stop_requested()) return Canceled(arguments.front() + " was not started");
  ASSIGN_OR_RETURN(ProcessId process, context.processes->Start(spec));
  while (!stop.stop_requested()) {
    if (std::optional<ExitStatus> status = context.processes->Wait(process, kLookInterval)) {
      // Left running it would write into files that are uploaded, and outlive its attempt.
      (void)context.processes->Signal(process, SIGKILL);
      return *status;
    }
  }
  // A signal that cannot be sent (it became another user's process) leaves nothing but to wait.
  (void)context.processes->Signal(process, SIGTERM);
  std::optional<ExitStatus> status = context.processes->Wait(process, kGracePeriod);
  // Also when the leader is gone: its children may have ignored the first signal.
  (void)context.processes->Signal(process, SIGKILL);
  while (!status) status = context.processes->Wait(process, kLookInterval);
  return Canceled(arguments.front() + " was ended before it was done");
}

std::string OutputTail(const ActivityContext& context, const char* name, size_t bytes_max) {
  auto file = context.files->Open(context.log_folder + "/" + name);
  if (!file) return "";
  auto size = (*file)->Size();
  if (!size) return "";
  uint64_t offset = *size > bytes_max ? *size - bytes_max : 0;
  std::string tail(static_cast<size_t>(*size - offset), '\0');
  auto count = (*file)->ReadAt(offset, tail.data(), tail.size());
  tail.resize(count.value_or(0));
  if (offset > 0) {
    size_t line = tail.find('\n');
    if (line != std::string::npos && line + 1 < tail.size()) tail.erase(0, line + 1);
  }
  return tail;
}

}  // namespace penstock
