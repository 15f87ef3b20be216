#include "runner/runner.h"

#include <fmt/core.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "runner/task_run.h"

namespace penstock {
namespace {

// Waits for `duration` or until `stop`; false if stopped.
bool Pause(Duration duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

// Trying again cannot help: there is no key or a wrong one, or what answers is not Data Pipeline.
bool IsHopeless(const CallError& error) { return !error.IsRetryable(); }

constexpr int kIdleBackOff =
    4;  // between polls that are answered at once with nothing: up to 1.6 s
constexpr std::chrono::seconds kLongPollMin{1};

}  // namespace

Runner::Runner(RunnerOptions options, DataPipelineClient service, ClientContext clients,
               ServiceDirectory& services, Files& files, Processes& processes)
    : options_(std::move(options)),
      service_(std::move(service)),
      clients_(clients),
      services_(services),
      files_(files),
      processes_(processes) {}

Status Runner::Run(std::stop_token stop) {
  RETURN_IF_ERROR(files_.MakeDirectories(options_.folder));
  std::stop_callback forward(stop, [this] { stop_.request_stop(); });
  std::stop_callback no_more_polls(stop_.get_token(), [this] { polling_.request_stop(); });
  // The first heartbeat tells the service that whoever held this group's tasks under another id is
  // gone; it must be heard before the first poll.
  std::stop_token polling = polling_.get_token();
  for (int tries = 1; !polling.stop_requested(); ++tries) {
    CallResult<bool> answer = Heartbeat(polling);
    if (answer || polling.stop_requested()) break;
    if (IsHopeless(answer.error()))
      return answer.error().ToError("joining worker group " + options_.worker_group);
    Log(LogLevel::kWarning, "cannot reach {}: {}", service_.endpoint().url, answer.error().message);
    if (!BackOff(clients_, std::min(tries, kLongestBackOff), polling)) break;
  }
  std::vector<std::jthread> threads;
  for (int slot = 0; slot < options_.tasks; ++slot) {
    threads.emplace_back([this, slot] { Slot(slot, stop_.get_token()); });
  }
  std::jthread heartbeats([this](std::stop_token ended) { Heartbeats(ended); });
  threads.clear();  // joins
  return {};
}

CallResult<bool> Runner::Heartbeat(std::stop_token stop) {
  json::Object body;
  body["taskrunnerId"] = options_.id;
  body["workerGroup"] = options_.worker_group;
  body["hostname"] = options_.hostname;
  CallResult<std::string> answer =
      service_.Call("ReportTaskRunnerHeartbeat", json::Write(body), RetryPolicy::kStandard, stop);
  if (!answer) return std::move(answer).error();
  Result<json::Object> output = json::ParseObject(*answer);
  return output && json::GetBool(*output, "terminate").value_or(false);
}

void Runner::Heartbeats(std::stop_token stop) {
  while (Pause(options_.heartbeat_interval, stop)) {
    if (!Heartbeat(stop).value_or(false)) continue;
    Log(LogLevel::kInfo, "the service asked this worker to end");
    stop_.request_stop();
    return;
  }
}

void Runner::Slot(int number, std::stop_token stop) {
  json::Object poll;
  poll["workerGroup"] = options_.worker_group;
  poll["hostname"] = options_.hostname;
  // By this a Penstock server knows which tasks a dead worker held. AWS would take it for EC2's
  // document.
  bool is_aws = service_.endpoint().url.find(".amazonaws.com") != std::string::npos;
  if (!is_aws) poll["instanceIdentity"] = json::Object{{"document", options_.id}};
  const std::string body = json::Write(poll);
  // An id may have any characters; a folder's name may not.
  const std::string name = HexEncode(Sha256(options_.id)).substr(0, 16);
  int failures = 0;
  std::stop_token polling = polling_.get_token();
  while (!polling.stop_requested()) {
    const auto asked_at = clients_.clock->Monotonic();
    CallResult<std::string> answer =
        service_.Call("PollForTask", body, RetryPolicy::kNone, polling);
    if (!answer && polling.stop_requested()) return;
    if (!answer) {
      ++failures;
      if (failures == 1 || failures % 10 == 0) {
        Log(LogLevel::kWarning, "slot {}: polling {} failed: {}", number, service_.endpoint().url,
            answer.error().message);
      }
      if (!BackOff(clients_, std::min(failures, kLongestBackOff), polling)) return;
      continue;
    }
    failures = 0;
    Result<json::Object> output = json::ParseObject(answer->empty() ? "{}" : *answer);
    const json::Value* object = output ? json::Find(*output, "taskObject") : nullptr;
    if (object == nullptr || !object->is_object()) {
      // A service that does not hold polls must not be asked without pause.
      if (clients_.clock->Monotonic() - asked_at < kLongPollMin)
        (void)BackOff(clients_, kIdleBackOff, polling);
      continue;
    }
    Result<PolledTask> task = ParseTask(object->get_object());
    if (!task) {
      Log(LogLevel::kError, "slot {}: a task that cannot be read: {}", number,
          task.error().message);
      continue;  // not acknowledged: it is handed out again
    }
    TaskRunOptions options{.folder = fmt::format("{}/{}-{}", options_.folder, name, next_folder_++),
                           .report_interval = options_.report_interval,
                           .log_uri = options_.log_uri,
                           .environment = options_.environment,
                           .leaves_interrupted = options_.leaves_interrupted};
    TaskRun(*task, options, service_, clients_, services_, files_, processes_).Run(stop);
  }
}

}  // namespace penstock
