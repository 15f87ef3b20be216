// Child processes of this machine.
#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "ports/process.h"

namespace penstock {

/// Processes over posix_spawn, pidfd and /proc (Linux 5.3 or later).
///
/// A child gets exactly the descriptors 0 (/dev/null), 1 and 2, no blocked or ignored signals, and
/// the environment of its spec. Start fails with an error that names the program, the folder or the
/// output file at fault. A child that ended stays in the process table until Wait reaps it. Signal
/// also reaches what is left of a group whose leader has ended. Nobody else in this process may
/// wait for children.
class PosixProcesses final : public Processes {
 public:
  Result<ProcessId> Start(const ProcessSpec& spec) override;
  bool IsAlive(const ProcessId& process) override;
  Status Signal(const ProcessId& process, int signal) override;
  std::optional<ExitStatus> Wait(const ProcessId& process, Duration timeout) override;
  uint64_t StartTimeNow() override;
  std::vector<ProcessId> FindByEnvironment(const std::string& name,
                                           const std::string& value) override;

 private:
  ExitStatus Reap(const ProcessId& process);

  std::mutex mutex_;
  std::deque<std::pair<ProcessId, ExitStatus>> reaped_;  // the latest, for those who waited too
};

}  // namespace penstock
