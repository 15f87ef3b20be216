#include "system/posix_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "base/text.h"
#include "system/os_error.h"

namespace penstock {
namespace {

constexpr size_t kReapedKept = 1024;

struct ProcessStat {
  char state = '?';
  int64_t group = 0;
  uint64_t start_time = 0;
};

std::optional<ProcessStat> ReadStat(int64_t pid) {
  FileDescriptor descriptor(open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) return std::nullopt;
  char buffer[1024];
  ssize_t count = read(descriptor.get(), buffer, sizeof buffer);
  if (count <= 0) return std::nullopt;
  std::string_view line(buffer, static_cast<size_t>(count));
  // The program's name, field 2, may have spaces and parentheses: count from the last ')' on.
  size_t parenthesis = line.rfind(')');
  if (parenthesis == std::string_view::npos || parenthesis + 2 >= line.size()) return std::nullopt;
  std::vector<std::string_view> fields = Split(Trim(line.substr(parenthesis + 2)), ' ');
  if (fields.size() < 20 || fields[0].empty()) return std::nullopt;
  auto group = ParseInt64(fields[2]);
  auto start_time = ParseUint64(fields[19]);
  if (!group || !start_time) return std::nullopt;
  return ProcessStat{fields[0][0], *group, *start_time};
}

bool HasEnded(char state) { return state == 'Z' || state == 'X' || state == 'x'; }

/// The process itself, even as a zombie; nullopt once its number is free or another's.
std::optional<ProcessStat> Find(const ProcessId& process) {
  if (process.pid <= 0) return std::nullopt;
  auto stat = ReadStat(process.pid);
  if (!stat || stat->start_time != process.start_time) return std::nullopt;
  return stat;
}

/// Every process that has not ended.
std::vector<std::pair<int64_t, ProcessStat>> LivingProcesses() {
  std::vector<std::pair<int64_t, ProcessStat>> living;
  std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (!folder) return living;
  while (const dirent* entry = readdir(folder.get())) {
    auto pid = ParseInt64(entry->d_name);
    if (!pid) continue;
    auto stat = ReadStat(*pid);
    if (stat && !HasEnded(stat->state)) living.emplace_back(*pid, *stat);
  }
  return living;
}

/// Whether any living process is in the group.
bool GroupHasMembers(int64_t group) {
  auto living = LivingProcesses();
  return std::any_of(living.begin(), living.end(),
                     [&](const auto& process) { return process.second.group == group; });
}

/// Whether /proc/<pid>/environ, NUL-separated, holds the assignment.
bool HasVariable(int64_t pid, const std::string& assignment) {
  FileDescriptor descriptor(
      open(fmt::format("/proc/{}/environ", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) return false;
  std::string environment;
  char buffer[4096];
  ssize_t count;
  while ((count = read(descriptor.get(), buffer, sizeof buffer)) > 0) {
    environment.append(buffer, static_cast<size_t>(count));
  }
  for (std::string_view entry : Split(environment, '\0')) {
    if (entry == assignment) return true;
  }
  return false;
}

std::string_view PathOf(const ProcessSpec& spec) {
  for (const auto& [name, value] : spec.environment) {
    if (name == "PATH") return value;
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

bool IsExecutableFile(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

/// Relative paths are meant from the folder the child starts in.
std::string InFolder(const std::string& folder, std::string path) {
  return folder.empty() || path.starts_with('/') ? path : folder + "/" + path;
}

Result<std::string> FindProgram(const ProcessSpec& spec) {
  const std::string& name = spec.arguments.front();
  if (name.find('/') != std::string::npos) {
    std::string path = InFolder(spec.directory, name);
    if (IsExecutableFile(path)) return name;
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return OsError("starting", name, errno);
    return PermissionDenied(fmt::format("starting {}: it is not an executable file", name));
  }
  for (std::string_view folder : Split(PathOf(spec), ':')) {
    std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (IsExecutableFile(InFolder(spec.directory, path))) return path;
  }
  return NotFound(
      fmt::format("starting {}: there is no such program in PATH ({})", name, PathOf(spec)));
}

Result<FileDescriptor> OpenOutput(const std::string& path) {
  const std::string name = path.empty() ? "/dev/null" : path;
  int number = open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (number < 0) return OsError("opening the output file", name, errno);
  // Below 3 it could be overwritten by the redirections of the child before its own turn.
  if (number > 2) return FileDescriptor(number);
  FileDescriptor low(number);
  FileDescriptor high(fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!high.valid()) return OsError("opening the output file", name, errno);
  return high;
}

/// What posix_spawn takes besides the program.
class SpawnOptions {
 public:
  SpawnOptions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// 0 or an errno (no memory).
  int Set(const ProcessSpec& spec, int stdout_descriptor, int stderr_descriptor) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (spec.detached) flags |= POSIX_SPAWN_SETSID;
    int error = posix_spawnattr_setflags(&attributes_, flags);
    if (!error) error = posix_spawnattr_setsigmask(&attributes_, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes_, &all);
    if (!error) error = posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions_, stdout_descriptor, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions_, stderr_descriptor, 2);
    // Libraries open files too, and not all of them with O_CLOEXEC.
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    if (!error && !spec.directory.empty()) {
      error = posix_spawn_file_actions_addchdir_np(&actions_, spec.directory.c_str());
    }
    return error;
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

FileDescriptor OpenPidfd(int64_t pid) {
  return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
}

}  // namespace

Result<ProcessId> PosixProcesses::Start(const ProcessSpec& spec) {
  if (spec.arguments.empty() || spec.arguments.front().empty()) {
    return InvalidArgument("starting a process: no program is named");
  }
  for (const std::string& argument : spec.arguments) {
    if (argument.find('\0') == std::string::npos) continue;
    return InvalidArgument(
        fmt::format("starting {}: an argument has a NUL byte", spec.arguments.front()));
  }
  std::vector<std::string> environment;
  for (const auto& [name, value] : spec.environment) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return InvalidArgument(
          fmt::format("starting {}: the environment variable '{}' is not possible",
                      spec.arguments.front(), name.c_str()));
    }
    environment.push_back(name + "=" + value);
  }
  struct stat info;
  if (!spec.directory.empty()) {
    if (stat(spec.directory.c_str(), &info) != 0) {
      return OsError("starting a process in the folder", spec.directory, errno);
    }
    if (!S_ISDIR(info.st_mode)) {
      return NotFound(fmt::format("starting a process: {} is not a folder", spec.directory));
    }
  }
  ASSIGN_OR_RETURN(std::string program, FindProgram(spec));
  ASSIGN_OR_RETURN(FileDescriptor stdout_file, OpenOutput(spec.stdout_path));
  ASSIGN_OR_RETURN(FileDescriptor stderr_file, OpenOutput(spec.stderr_path));

  SpawnOptions options;
  if (int error = options.Set(spec, stdout_file.get(), stderr_file.get())) {
    return OsError("starting", program, error);
  }
  std::vector<char*> arguments, variables;
  for (const std::string& argument : spec.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  for (std::string& variable : environment) variables.push_back(variable.data());
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  pid_t pid = 0;
  if (int error = posix_spawn(&pid, program.c_str(), options.actions(), options.attributes(),
                              arguments.data(), variables.data())) {
    return OsError("starting", program, error);
  }
  // It cannot have vanished: only Wait takes it out of the process table, and nobody has its id
  // yet.
  auto stat = ReadStat(pid);
  if (!stat) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return IoError(
        fmt::format("starting {}: /proc/{}/stat cannot be read; is /proc mounted?", program, pid));
  }
  return ProcessId{pid, stat->start_time};
}

bool PosixProcesses::IsAlive(const ProcessId& process) {
  auto stat = Find(process);
  return stat && !HasEnded(stat->state);
}

Status PosixProcesses::Signal(const ProcessId& process, int signal) {
  if (process.pid <= 1) {
    return InvalidArgument(
        fmt::format("signalling process {}: that is not one of ours", process.pid));
  }
  auto stat = ReadStat(process.pid);
  if (stat && stat->start_time != process.start_time) return {};  // the number is another's now
  pid_t target = static_cast<pid_t>(process.pid);
  if (!stat) {
    // The leader has ended, but while its group has members the kernel gives its number to nobody.
    if (!GroupHasMembers(process.pid)) return {};
    target = -target;
  } else if (stat->group == process.pid) {
    target = -target;
  }
  if (kill(target, signal) != 0 && errno != ESRCH) {
    return OsError("signalling process", std::to_string(process.pid), errno);
  }
  return {};
}

ExitStatus PosixProcesses::Reap(const ProcessId& process) {
  std::lock_guard lock(mutex_);
  for (const auto& [known, status] : reaped_) {
    if (known == process) return status;
  }
  siginfo_t info{};
  int result;
  do {
    result = waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  if (result != 0 || info.si_pid == 0) return {};  // not our child
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
  }
  reaped_.emplace_back(process, status);
  if (reaped_.size() > kReapedKept) reaped_.pop_front();
  return status;
}

std::optional<ExitStatus> PosixProcesses::Wait(const ProcessId& process, Duration timeout) {
  using SteadyClock = std::chrono::steady_clock;
  const auto deadline =
      SteadyClock::now() + std::min(timeout, Duration(std::chrono::hours(24 * 365)));
  // The order matters: a descriptor taken before the look at start_time cannot belong to a later
  // process.
  FileDescriptor pidfd = OpenPidfd(process.pid);
  while (true) {
    auto stat = Find(process);
    if (!stat || HasEnded(stat->state)) return Reap(process);
    auto left = std::chrono::ceil<Duration>(deadline - SteadyClock::now());
    if (left <= Duration::zero()) return std::nullopt;
    // Without a pidfd (an older kernel, no descriptors left) looking now and then does as well.
    // With one, the cap only bounds poll's int.
    const Duration longest = pidfd.valid() ? Duration(std::chrono::hours(1)) : Duration(20);
    pollfd entry{pidfd.get(), POLLIN, 0};
    poll(&entry, 1, static_cast<int>(std::min(left, longest).count()));
  }
}

uint64_t PosixProcesses::StartTimeNow() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  auto ticks = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return static_cast<uint64_t>(now.tv_sec) * ticks +
         static_cast<uint64_t>(now.tv_nsec) * ticks / 1'000'000'000;
}

std::vector<ProcessId> PosixProcesses::FindByEnvironment(const std::string& name,
                                                         const std::string& value) {
  std::vector<ProcessId> found;
  for (const auto& [pid, stat] : LivingProcesses()) {
    if (HasVariable(pid, name + "=" + value)) found.push_back({pid, stat.start_time});
  }
  return found;
}

}  // namespace penstock
