// Child processes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

/// A process, and not another that later got the same number.
struct ProcessId {
  int64_t pid = 0;
  uint64_t start_time = 0;  // clock ticks after boot, field 22 of /proc/<pid>/stat
  bool operator==(const ProcessId&) const = default;
};

struct ProcessSpec {
  std::vector<std::string>
      arguments;  // the program first; looked up in PATH of `environment` if it has no slash
  std::vector<std::pair<std::string, std::string>> environment;  // the whole of it
  std::string directory;                                         // empty: ours
  std::string stdout_path, stderr_path;                          // appended to; empty: /dev/null
  /// Leads a session and process group of its own: not ended with us, and Signal reaches its
  /// children too.
  bool detached = true;
};

struct ExitStatus {
  std::optional<int> code;  // it called exit
  std::optional<int>
      signal;  // or a signal ended it; neither: unknown, for a process that is not our child
  bool operator==(const ExitStatus&) const = default;
};

/// Thread-safe.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<ProcessId> Start(const ProcessSpec& spec) = 0;
  /// Also for processes that are not our children (adopted after a restart).
  virtual bool IsAlive(const ProcessId& process) = 0;
  /// Sends `signal` to the process group (to the process alone if it leads none). No error if it is
  /// gone.
  virtual Status Signal(const ProcessId& process, int signal) = 0;
  /// Waits until it ends, at most `timeout`; nullopt: still running. Reaps children.
  virtual std::optional<ExitStatus> Wait(const ProcessId& process, Duration timeout) = 0;
  /// The start_time of a process that starts at this moment.
  virtual uint64_t StartTimeNow() = 0;
  /// Every living process that was started with exactly this variable in its environment, whoever
  /// started it: how what is left of a dead worker is found. Processes of other users are not seen.
  virtual std::vector<ProcessId> FindByEnvironment(const std::string& name,
                                                   const std::string& value) = 0;
};

}  // namespace penstock
