#include "runner/task_run.h"

#include <fmt/core.h>

#include <thread>

#include "activities/activities.h"
#include "activities/s3_files.h"
#include "base/log.h"

namespace penstock {
namespace {

constexpr size_t kStackTraceMax = 1024;  // of errorStackTrace, API model
constexpr size_t kErrorIdMax = 1024;

// Cuts at a character's start.
std::string Cut(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

std::string InstanceOf(const std::string& attempt_id) { return attempt_id.substr(0, attempt_id.rfind("_Attempt=")); }

std::string ComponentOf(const PolledTask& task) {
  return FieldOf(task.attempt(), "@componentParent").value_or(task.attempt().name);
}

}  // namespace

TaskRun::TaskRun(const PolledTask& task, TaskRunOptions options, const DataPipelineClient& service,
                 const ClientContext& clients, ServiceDirectory& services, Files& files, Processes& processes)
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
  if (log_) (void)log_->Append(fmt::format("{} {}\n", FormatIsoMillis(clients_.clock->Now()), line));
}

void TaskRun::Run(std::stop_token stop) {
  // The first report acknowledges the hand-out; until it is accepted nothing may begin.
  if (!ReportProgress(stop)) return;
  std::stop_callback forward(stop, [this] { work_.request_stop(); });
  {
    std::jthread reporter([this](std::stop_token ended) { ReportWhileRunning(ended); });
    ActivityResult result = RunActivity(work_.get_token());
    if (!result && stop.stop_requested()) {
      result = ActivityFailure{"WorkerStopped", "The worker was stopped while it ran " + task_.attempt_id + ".", ""};
    }
    UploadLogs();
    bool lost;
    {
      std::lock_guard lock(mutex_);
      lost = lost_;
    }
    if (!lost) ReportResult(result);
  }
  (void)files_.RemoveTree(options_.folder);
}

bool TaskRun::ReportProgress(std::stop_token stop) {
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
      json::Object field;
      field["key"] = key;
      field["stringValue"] = value;
      fields.push_back(std::move(field));
    }
    body["fields"] = std::move(fields);
  }
  CallResult<std::string> answer = service_.Call("ReportTaskProgress", json::Write(body), RetryPolicy::kStandard, stop);
  if (answer) {
    Result<json::Object> output = json::ParseObject(*answer);
    bool canceled = output && json::GetBool(*output, "canceled").value_or(false);
    if (canceled) Log(LogLevel::kInfo, "{} was canceled", task_.attempt_id);
    return !canceled;
  }
  if (answer.error().IsRetryable() || stop.stop_requested()) {
    // Out of reach is not lost: the work goes on, the fields go with the next report.
    std::lock_guard lock(mutex_);
    fields_.merge(sent);
    return true;
  }
  Log(LogLevel::kWarning, "{} is not ours any more: {}", task_.attempt_id, answer.error().message);
  return false;
}

void TaskRun::ReportWhileRunning(std::stop_token ended) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, ended, options_.report_interval, [] { return false; }) && !ended.stop_requested()) {
    lock.unlock();
    bool ours = ReportProgress(ended);
    lock.lock();
    if (!ours) {
      lost_ = true;
      work_.request_stop();
      return;
    }
  }
}

ActivityResult TaskRun::RunActivity(std::stop_token stop) {
  std::string log_folder = options_.folder + "/logs", work_folder = options_.folder + "/work";
  for (const std::string& folder : {log_folder, work_folder}) {
    if (Status made = files_.MakeDirectories(folder); !made) return ActivityFailure{"WorkerFolder", made.error().message, ""};
  }
  if (auto log = files_.Create(log_folder + "/Activity.log")) log_ = *std::move(log);
  Activity* activity = FindActivity(task_.type());
  if (activity == nullptr) {
    return ActivityFailure{"UnsupportedActivity",
                           fmt::format("This worker cannot run objects of type {} ({}). See docs/compatibility.md for what it can.",
                                       task_.type(), task_.attempt_id),
                           ""};
  }
  LogLine(fmt::format("{} {} of pipeline {} begins", task_.type(), task_.attempt_id, task_.pipeline_id));
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
  LogLine(result ? "done" : fmt::format("failed: {}: {}", result.error().id, result.error().message));
  return result;
}

void TaskRun::UploadLogs() {
  {
    std::lock_guard lock(mutex_);
    if (log_) (void)log_->Close();
    log_.reset();
  }
  std::optional<std::string> prefix = FieldOf(task_.attempt(), "pipelineLogUri");
  if (!prefix || prefix->empty()) return;
  auto upload = [&]() -> Status {
    ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(*prefix));
    if (!location.key.empty() && !location.key.ends_with('/')) location.key += '/';
    location.key += fmt::format("{}/{}/{}/{}/", task_.pipeline_id, ComponentOf(task_), InstanceOf(task_.attempt_id),
                                task_.attempt_id);
    ASSIGN_OR_RETURN(ServiceEndpoint endpoint, services_.Find("s3", ""));
    RETURN_IF_ERROR(UploadFolder(S3Client(clients_, endpoint), files_, options_.folder + "/logs", location, {}));
    std::lock_guard lock(mutex_);
    fields_["@logLocation"] = FormatS3Uri(location);
    return {};
  };
  // Logs that cannot be kept do not undo the work.
  if (Status uploaded = upload(); !uploaded) {
    Log(LogLevel::kWarning, "the logs of {} were not uploaded: {}", task_.attempt_id, uploaded.error().message);
  }
}

void TaskRun::ReportResult(const ActivityResult& result) {
  if (!ReportProgress({})) return;
  json::Object body;
  body["taskId"] = task_.task_id;
  if (result) {
    body["taskStatus"] = *result == ActivityOutcome::kDone ? "FINISHED" : "FALSE";
  } else {
    body["taskStatus"] = "FAILED";
    body["errorId"] = Cut(result.error().id, kErrorIdMax);
    body["errorMessage"] = result.error().message;
    if (!result.error().stack_trace.empty()) body["errorStackTrace"] = Cut(result.error().stack_trace, kStackTraceMax);
  }
  // The result is worth waiting for: a server that restarts hears it afterwards. The progress reports go on meanwhile.
  for (int tries = 1;; ++tries) {
    CallResult<std::string> answer = service_.Call("SetTaskStatus", json::Write(body), RetryPolicy::kStandard, {});
    if (answer) return;
    if (!answer.error().IsRetryable()) {
      Log(LogLevel::kWarning, "the result of {} was refused: {}", task_.attempt_id, answer.error().message);
      return;
    }
    {
      std::lock_guard lock(mutex_);
      if (lost_) return;
    }
    if (!BackOff(clients_, std::min(tries, 7), {})) return;
  }
}

}  // namespace penstock
