#include "system/process_worker_host.h"

#include <fmt/core.h>

#include <csignal>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr char kIdVariable[] = "PENSTOCK_WORKER";
constexpr char kHomeVariable[] = "PENSTOCK_WORKER_HOME";
constexpr char kFolderVariable[] = "PENSTOCK_WORKER_FOLDER";
// A process that a dying server had just forked has no environment of its own until it runs, so
// what started before us is looked for again for a while. What started since is this server's own.
constexpr std::chrono::seconds kStrangersInterval(1);
constexpr int kStrangersLooks = 10;

}  // namespace

ProcessWorkerHost::ProcessWorkerHost(WorkerHostOptions options, Files& files, Processes& processes,
                                     Clock& clock, Random& random)
    : options_(std::move(options)),
      files_(files),
      processes_(processes),
      clock_(clock),
      random_(random) {}

Result<std::unique_ptr<ProcessWorkerHost>> ProcessWorkerHost::Open(WorkerHostOptions options,
                                                                   Files& files,
                                                                   Processes& processes,
                                                                   Clock& clock, Random& random) {
  std::unique_ptr<ProcessWorkerHost> host(
      new ProcessWorkerHost(std::move(options), files, processes, clock, random));
  RETURN_IF_ERROR(files.MakeDirectories(host->options_.folder));
  RETURN_IF_ERROR(host->Load());
  // What is there by now is older than the next tick, what we start will not be.
  host->opened_at_ = processes.StartTimeNow() + 1;
  while (processes.StartTimeNow() < host->opened_at_)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  host->EndStrangers(host->opened_at_);
  host->supervisor_ = std::jthread([raw = host.get()](std::stop_token stop) { raw->Run(stop); });
  return host;
}

ProcessWorkerHost::~ProcessWorkerHost() = default;

std::string ProcessWorkerHost::RecordPath(const Worker& worker) const {
  return options_.folder + "/" + worker.id + ".json";
}

Status ProcessWorkerHost::Load() {
  ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, files_.List(options_.folder));
  for (const DirectoryEntry& entry : entries) {
    if (entry.is_directory || !entry.name.ends_with(".json")) continue;
    std::string path = options_.folder + "/" + entry.name;
    ASSIGN_OR_RETURN(std::string text, files_.Read(path));
    Worker worker;
    auto read = [&]() -> Status {
      ASSIGN_OR_RETURN(json::Object record, json::ParseObject(text));
      ASSIGN_OR_RETURN(worker.spec.worker_group, json::GetString(record, "workerGroup"));
      ASSIGN_OR_RETURN(worker.spec.account, json::GetString(record, "account"));
      ASSIGN_OR_RETURN(worker.spec.region, json::GetString(record, "region"));
      ASSIGN_OR_RETURN(worker.id, json::GetString(record, "id"));
      ASSIGN_OR_RETURN(worker.process.pid, json::GetInt(record, "pid"));
      ASSIGN_OR_RETURN(int64_t start_time, json::GetInt(record, "startTime"));
      worker.process.start_time = static_cast<uint64_t>(start_time);
      ASSIGN_OR_RETURN(worker.stopping, json::GetBool(record, "stopping"));
      ASSIGN_OR_RETURN(const json::Array* starts, json::GetArray(record, "starts"));
      ASSIGN_OR_RETURN(std::optional<std::string> address, json::OptionalString(record, "address"));
      ASSIGN_OR_RETURN(std::optional<std::string> failure, json::OptionalString(record, "failure"));
      worker.address = address.value_or("");
      worker.failure = failure.value_or("");
      for (const json::Value& start : *starts)
        worker.starts.push_back(start.is_int64() ? start.get_int64() : 0);
      return {};
    };
    if (Status status = read(); !status) return Corrupt(path + ": " + status.error().message);
    workers_.emplace(worker.spec.worker_group, std::move(worker));
  }
  return {};
}

Status ProcessWorkerHost::Save(const Worker& worker) {
  json::Object record;
  record["workerGroup"] = worker.spec.worker_group;
  record["account"] = worker.spec.account;
  record["region"] = worker.spec.region;
  record["id"] = worker.id;
  record["pid"] = worker.process.pid;
  record["startTime"] = static_cast<int64_t>(worker.process.start_time);
  record["stopping"] = worker.stopping;
  record["starts"] = json::Array(worker.starts.begin(), worker.starts.end());
  record["address"] = worker.address;
  record["failure"] = worker.failure;
  return files_.Replace(RecordPath(worker), json::WritePretty(record));
}

void ProcessWorkerHost::EndStrangers(uint64_t started_before) {
  std::set<ProcessId,
           decltype([](const ProcessId& a, const ProcessId& b) { return a.pid < b.pid; })>
      known;
  for (const auto& [group, worker] : workers_) {
    if (worker.process.pid == 0 || !processes_.IsAlive(worker.process)) continue;
    if (worker.address != options_.address && !worker.stopping)
      continue;  // it asks where nobody answers any more
    for (const ProcessId& process : processes_.FindByEnvironment(kIdVariable, worker.id))
      known.insert(process);
  }
  for (const ProcessId& process : processes_.FindByEnvironment(kHomeVariable, options_.folder)) {
    if (known.contains(process) || process.start_time >= started_before) continue;
    Log(LogLevel::kWarning,
        "ending process {}: a worker of this folder that no record names, or with an old address",
        process.pid);
    (void)processes_.Signal(process, SIGKILL);
  }
}

void ProcessWorkerHost::EndLeftovers(const Worker& worker) {
  for (const ProcessId& process : processes_.FindByEnvironment(kIdVariable, worker.id)) {
    (void)processes_.Signal(process, SIGKILL);
  }
  // Killed, it could not tidy up.
  (void)files_.RemoveTree(options_.folder + "/" + worker.id);
}

Status ProcessWorkerHost::Launch(Worker& worker) {
  int64_t now = clock_.Now().time_since_epoch().count();
  worker.process = {};
  worker.address = options_.address;
  worker.starts.push_back(now);
  std::erase_if(worker.starts,
                [&](int64_t start) { return start < now - options_.restart_window.count(); });
  RETURN_IF_ERROR(Save(worker));
  ProcessSpec spec{.arguments = options_.arguments(worker.spec),
                   .environment = options_.environment(worker.spec),
                   .directory = "",
                   .stdout_path = options_.folder + "/" + worker.id + ".log",
                   .stderr_path = options_.folder + "/" + worker.id + ".log"};
  spec.environment.emplace_back(kIdVariable, worker.id);
  spec.environment.emplace_back(kHomeVariable, options_.folder);
  spec.environment.emplace_back(kFolderVariable, options_.folder + "/" + worker.id);
  ASSIGN_OR_RETURN(worker.process, processes_.Start(spec));
  Status saved = Save(worker);
  if (!saved)
    (void)processes_.Signal(worker.process,
                            SIGKILL);  // or a crash would leave a process that nobody knows
  return saved;
}

Status ProcessWorkerHost::Forget(const Worker& worker) {
  if (worker.failure.empty()) (void)files_.Remove(options_.folder + "/" + worker.id + ".log");
  return files_.Remove(RecordPath(worker));
}

Status ProcessWorkerHost::Start(const WorkerSpec& spec) {
  std::lock_guard lock(mutex_);
  auto [at, fresh] = workers_.try_emplace(spec.worker_group);
  Worker& worker = at->second;
  if (!fresh && !worker.stopping && worker.failure.empty()) return {};
  if (!fresh && worker.stopping) {
    return Unavailable(
        fmt::format("the former worker of group {} is still ending", spec.worker_group));
  }
  if (!fresh) RETURN_IF_ERROR(Forget(worker));  // given up; this is another
  std::string id(16, '\0');
  random_.Fill(id);
  worker = Worker{.spec = spec, .id = HexEncode(id), .process = {}, .starts = {}, .failure = {}};
  Status started = Launch(worker);
  if (!started) {
    (void)Forget(worker);
    workers_.erase(at);
  }
  return started;
}

WorkerStatus ProcessWorkerHost::Look(const std::string& worker_group) {
  std::lock_guard lock(mutex_);
  auto at = workers_.find(worker_group);
  if (at == workers_.end()) return {WorkerCondition::kAbsent, ""};
  if (!at->second.failure.empty()) return {WorkerCondition::kFailed, at->second.failure};
  return {at->second.stopping ? WorkerCondition::kEnding : WorkerCondition::kRunning, ""};
}

Status ProcessWorkerHost::Stop(const std::string& worker_group) {
  std::lock_guard lock(mutex_);
  auto at = workers_.find(worker_group);
  if (at == workers_.end() || at->second.stopping) return {};
  Worker& worker = at->second;
  worker.stopping = true;
  if (Status saved = Save(worker); !saved) {
    worker.stopping = false;
    return saved;
  }
  wake_.notify_all();
  return {};
}

bool ProcessWorkerHost::Supervise(Worker& worker) {
  // Wait reaps a child that ended; an adopted one is nobody's child here.
  std::optional<ExitStatus> ended;
  if (worker.process.pid != 0) ended = processes_.Wait(worker.process, Duration(0));
  bool alive = worker.process.pid != 0 && !ended && processes_.IsAlive(worker.process);
  if (worker.stopping) {
    if (alive) {
      if (worker.stop_began.count() == 0) {
        worker.stop_began = clock_.Monotonic();
        (void)processes_.Signal(worker.process, SIGTERM);
      }
      if (clock_.Monotonic() - worker.stop_began < options_.stop_grace) return false;
      (void)processes_.Signal(worker.process, SIGKILL);
    }
    EndLeftovers(worker);
    if (alive) return false;
    if (Status forgotten = Forget(worker); !forgotten) {
      Log(LogLevel::kWarning, "the record of a worker that ended stays: {}",
          forgotten.error().message);
    }
    return true;
  }
  if (alive || !worker.failure.empty()) return false;
  EndLeftovers(worker);
  std::string how = !ended          ? "ended"
                    : ended->signal ? fmt::format("was ended by signal {}", *ended->signal)
                    : ended->code   ? fmt::format("ended with exit status {}", *ended->code)
                                    : "ended";
  int64_t since = clock_.Now().time_since_epoch().count() - options_.restart_window.count();
  auto recent = std::count_if(worker.starts.begin(), worker.starts.end(),
                              [&](int64_t start) { return start >= since; });
  if (recent > options_.restarts_max) {
    worker.failure = fmt::format(
        "the worker process of {} {} and was started again {} times within {} minutes; it is given "
        "up. Its log is {}/{}.log",
        worker.spec.worker_group, how, recent - 1, options_.restart_window.count() / 60'000,
        options_.folder, worker.id);
    Log(LogLevel::kError, "{}", worker.failure);
    // Unsaved, a restarted server tries it anew: no harm.
    (void)Save(worker);
    return false;
  }
  Log(LogLevel::kWarning, "the worker process of {} {}; starting another", worker.spec.worker_group,
      how);
  if (Status launched = Launch(worker); !launched) {
    Log(LogLevel::kError, "the worker process of {} could not be started again: {}",
        worker.spec.worker_group, launched.error().message);
  }
  return false;
}

void ProcessWorkerHost::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  int looks = 0;
  std::chrono::nanoseconds looked_at = clock_.Monotonic();
  while (!stop.stop_requested()) {
    if (looks < kStrangersLooks && clock_.Monotonic() - looked_at >= kStrangersInterval) {
      EndStrangers(opened_at_);
      ++looks;
      looked_at = clock_.Monotonic();
    }
    for (auto at = workers_.begin(); at != workers_.end();) {
      at = Supervise(at->second) ? workers_.erase(at) : std::next(at);
    }
    wake_.wait_for(lock, stop, options_.look_interval, [] { return false; });
  }
}

}  // namespace penstock
