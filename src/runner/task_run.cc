#include "runner/task_run.h"

#include <fmt/core.h>

#include <thread>

#include "activities/activities.h"
#include "activities/s3_files.h"
#include "base/log.h"
#include "runner/wire_text.h"

namespace penstock {
namespace {

constexpr size_t kErrorIdMax = 1024;  // the API's limits
constexpr size_t kStackTraceMax = 1024;
constexpr size_t kFieldValueMax = 10'240;
constexpr size_t kErrorMessageMax = kFieldValueMax;  // the attempt's field errorMessage
constexpr Duration kReportSilenceMax{30'000};

// The service knows this task, as ours, no more.
bool IsLost(const CallError& error) {
  return error.type == "TaskNotFoundException" || error.type == "PipelineNotFoundException" ||
         error.type == "PipelineDeletedException" || error.type == "InvalidRequestException";
}

std::string InstanceOf(const std::string& attempt_id) {
  return attempt_id.substr(0, attempt_id.rfind("_Attempt="));
}

std::string ComponentOf(const PolledTask& task) {
  return FieldOf(task.attempt(), "@componentParent").value_or(task.attempt().name);
}

}  // namespace

TaskRun::TaskRun(const PolledTask& task, TaskRunOptions options, const DataPipelineClient& service,
                 const ClientContext& clients, ServiceDirectory& services, Files& files,
                 Processes& processes)
    : task_(task),
      options_(std::move(options)),
      service_(service),
      clients_(clients),
      services_(services),
      files_(files),
      processes_(processes) {}

void TaskRun::LogLine(const std::string& line) {
  std::lock_guard lock(mutex_);
  // A full disk must not end the attempt: the log is told apart from the work.
  if (log_)
    (void)log_->Append(fmt::format("{} {}\n", FormatIsoMillis(clients_.clock->Now()), line));
}

TaskRun::Standing TaskRun::standing() {
  std::lock_guard lock(mutex_);
  return standing_;
}

void TaskRun::Run(std::stop_token stop) {
  if (!Acknowledge(stop)) return;
  std::stop_callback forward(stop, [this] { work_.request_stop(); });
  ActivityResult result;
  bool interrupted = false;
  {
    std::jthread reporter([this](std::stop_token ended) { ReportWhileRunning(ended); });
    result = RunActivity(work_.get_token());
    interrupted = stop.stop_requested() && !(result && *result == ActivityOutcome::kDone);
    // A lost attempt's logs are for its new owner to write.
    bool kept = interrupted && options_.leaves_interrupted;
    if (!kept && standing() != Standing::kLost) UploadLogs();
  }
  if (interrupted) {
    result = ActivityFailure{"WorkerStopped",
                             "The worker was stopped while it ran " + task_.attempt_id + ".", ""};
  }
  bool ours = standing() == Standing::kOurs;
  if (ours && !(interrupted && options_.leaves_interrupted)) ReportResult(result, stop);
  if (Status removed = files_.RemoveTree(options_.folder); !removed) {
    Log(LogLevel::kWarning, "the folder of {} was not removed: {}", task_.attempt_id,
        removed.error().message);
  }
}

bool TaskRun::Acknowledge(std::stop_token stop) {
  // Until the service has heard the first report the task may be given to somebody else.
  for (int tries = 1;; ++tries) {
    Standing answer = ReportProgress(stop);
    if (answer != Standing::kUnknown) return answer == Standing::kOurs;
    if (!BackOff(clients_, std::min(tries, kLongestBackOff), stop)) return false;
  }
}

TaskRun::Standing TaskRun::ReportProgress(std::stop_token stop) {
  json::Object body;
  body["taskId"] = task_.task_id;
  std::map<std::string, std::string> sent;
  {
    std::lock_guard lock(mutex_);
    sent.swap(fields_);
  }
  if (!sent.empty()) {
    json::Array fields;
    for (const auto& [key, value] : sent) {
      fields.push_back(
          json::Object{{"key", key}, {"stringValue", WireText(value, kFieldValueMax)}});
    }
    body["fields"] = std::move(fields);
  }
  CallResult<std::string> answer = service_.Call("ReportTaskProgress", json::Write(body),
                                                 RetryPolicy::kStandard, stop, kReportSilenceMax);
  if (answer) {
    Result<json::Object> output = json::ParseObject(*answer);
    bool canceled = output && json::GetBool(*output, "canceled").value_or(false);
    if (!canceled) return Standing::kOurs;
    Log(LogLevel::kInfo, "{} was canceled", task_.attempt_id);
    return Standing::kCanceled;
  }
  const CallError& error = answer.error();
  if (IsLost(error)) {
    Log(LogLevel::kWarning, "{} is not ours any more: {}", task_.attempt_id, error.message);
    return Standing::kLost;
  }
  if (!stop.stop_requested()) {
    Log(LogLevel::kWarning, "the progress of {} could not be reported: {}", task_.attempt_id,
        error.message);
  }
  std::lock_guard lock(mutex_);
  fields_.merge(sent);  // they go with the next report, newer values first
  return Standing::kUnknown;
}

void TaskRun::ReportWhileRunning(std::stop_token ended) {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, ended, options_.report_interval, [] { return false; });
    if (ended.stop_requested()) return;
    lock.unlock();
    Standing answer = ReportProgress(ended);
    lock.lock();
    if (answer == Standing::kCanceled || answer == Standing::kLost) {
      standing_ = answer;
      work_.request_stop();
      return;
    }
  }
}

ActivityResult TaskRun::RunActivity(std::stop_token stop) {
  std::string log_folder = options_.folder + "/logs", work_folder = options_.folder + "/work";
  // A worker of the same id and folder may have died here.
  if (Status emptied = files_.RemoveTree(options_.folder); !emptied) {
    return ActivityFailure{"WorkerFolder", emptied.error().message, ""};
  }
  for (const std::string& folder : {log_folder, work_folder}) {
    if (Status made = files_.MakeDirectories(folder); !made)
      return ActivityFailure{"WorkerFolder", made.error().message, ""};
  }
  if (auto log = files_.Create(log_folder + "/Activity.log")) {
    std::lock_guard lock(mutex_);
    log_ = *std::move(log);
  }
  Activity* activity = FindActivity(task_.type());
  if (activity == nullptr) {
    return ActivityFailure{"UnsupportedActivity",
                           fmt::format("This worker cannot run objects of type {} ({}). See "
                                       "docs/compatibility.md for what it can.",
                                       task_.type(), task_.attempt_id),
                           ""};
  }
  LogLine(fmt::format("{} {} of pipeline {} begins", task_.type(), task_.attempt_id,
                      task_.pipeline_id));
  ActivityContext context{.clients = clients_,
                          .services = &services_,
                          .files = &files_,
                          .processes = &processes_,
                          .folder = work_folder,
                          .log_folder = log_folder,
                          .environment = options_.environment,
                          .log = [this](const std::string& line) { LogLine(line); },
                          .report =
                              [this](const std::string& key, const std::string& value) {
                                std::lock_guard lock(mutex_);
                                fields_[key] = value;
                              }};
  ActivityResult result = activity->Run(task_, context, stop);
  LogLine(result ? "done"
                 : fmt::format("failed: {}: {}", result.error().id, result.error().message));
  return result;
}

void TaskRun::UploadLogs() {
  {
    std::lock_guard lock(mutex_);
    if (log_) (void)log_->Close();
    log_.reset();
  }
  std::string prefix = FieldOf(task_.attempt(), "pipelineLogUri").value_or("");
  if (prefix.empty()) prefix = options_.log_uri;
  if (prefix.empty()) return;
  auto upload = [&]() -> Status {
    ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(prefix));
    if (!location.key.empty() && !location.key.ends_with('/')) location.key += '/';
    location.key += fmt::format("{}/{}/{}/{}/", task_.pipeline_id, ComponentOf(task_),
                                InstanceOf(task_.attempt_id), task_.attempt_id);
    ASSIGN_OR_RETURN(ServiceEndpoint endpoint, services_.Find("s3", ""));
    RETURN_IF_ERROR(UploadFolder(S3Client(clients_, endpoint), files_, options_.folder + "/logs",
                                 location, {}));
    std::lock_guard lock(mutex_);
    fields_["@logLocation"] = FormatS3Uri(location);
    return {};
  };
  // Logs that cannot be kept do not undo the work.
  if (Status uploaded = upload(); !uploaded) {
    Log(LogLevel::kWarning, "the logs of {} were not uploaded: {}", task_.attempt_id,
        uploaded.error().message);
  }
}

void TaskRun::ReportResult(const ActivityResult& result, std::stop_token stop) {
  json::Object body;
  body["taskId"] = task_.task_id;
  if (result) {
    body["taskStatus"] = *result == ActivityOutcome::kDone ? "FINISHED" : "FALSE";
  } else {
    const ActivityFailure& failure = result.error();
    body["taskStatus"] = "FAILED";
    body["errorId"] = WireText(failure.id, kErrorIdMax);
    body["errorMessage"] = WireText(failure.message, kErrorMessageMax);
    if (!failure.stack_trace.empty())
      body["errorStackTrace"] = WireText(failure.stack_trace, kStackTraceMax);
  }
  const std::string text = json::Write(body);
  // The result is worth waiting for: a server that restarts hears it afterwards. Each try begins
  // with a report, which keeps the attempt ours and brings the last fields: once it has a status
  // the service takes no more of them.
  for (int tries = 1;; ++tries) {
    bool last = stop.stop_requested();
    Standing answer = ReportProgress({});
    if (answer == Standing::kCanceled || answer == Standing::kLost) return;
    if (answer == Standing::kOurs) {
      CallResult<std::string> taken =
          service_.Call("SetTaskStatus", text, RetryPolicy::kStandard, {}, kReportSilenceMax);
      if (taken) return;
      if (!taken.error().IsRetryable()) {
        Log(LogLevel::kWarning, "the result of {} was refused: {}", task_.attempt_id,
            taken.error().message);
        return;
      }
    }
    if (last) {
      Log(LogLevel::kWarning, "the worker ends; the result of {} was not heard", task_.attempt_id);
      return;
    }
    (void)BackOff(clients_, std::min(tries, kLongestBackOff), stop);
  }
}

}  // namespace penstock
