#include "app/worker_log.h"

#include "time/instant.h"
#include "transfer/compression.h"

namespace penstock {
namespace {

std::string NameOfHour(Instant now) {
  std::string text = FormatDateTime(now);  // 2014-05-01T09:30:00
  text[10] = '-';
  return "Task Runner.log." + text.substr(0, 13);
}

std::string Gzip(std::string_view text) {
  Compressor compressor(Compression::kGzip);
  LineBuffer out;
  compressor.Append(text, &out);
  return std::string(out.view());
}

}  // namespace

WorkerLog::WorkerLog(std::string folder, Push push, Files& files, Clock& clock)
    : folder_(std::move(folder)), push_(std::move(push)), files_(files), clock_(clock) {}

WorkerLog::~WorkerLog() = default;

Result<std::unique_ptr<WorkerLog>> WorkerLog::Open(std::string folder, Push push, Files& files,
                                                   Clock& clock) {
  RETURN_IF_ERROR(files.MakeDirectories(folder));
  return std::unique_ptr<WorkerLog>(
      new WorkerLog(std::move(folder), std::move(push), files, clock));
}

void WorkerLog::Write(std::string_view line) {
  std::lock_guard lock(mutex_);
  std::string name = NameOfHour(clock_.Now());
  if (name != hour_name_ || !file_) {
    file_.reset();
    Result<std::unique_ptr<WritableFile>> opened = files_.Append(folder_ + "/" + name);
    if (!opened) return;
    file_ = *std::move(opened);
    hour_name_ = name;
  }
  unpushed_.insert(name);
  (void)file_->Append(line);
}

Status WorkerLog::PushEndedHours() { return PushFiles(NameOfHour(clock_.Now())); }

Status WorkerLog::PushAll() { return PushFiles(""); }

Status WorkerLog::PushFiles(const std::string& but) {
  if (!push_) return {};
  std::lock_guard one_at_a_time(pushing_);
  std::set<std::string> names;
  {
    std::lock_guard lock(mutex_);
    names = unpushed_;
    names.erase(but);
  }
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(std::string text, files_.Read(folder_ + "/" + name));
    RETURN_IF_ERROR(push_(name + ".gz", Gzip(text)));
    std::lock_guard lock(mutex_);
    unpushed_.erase(name);
  }
  return {};
}

}  // namespace penstock
