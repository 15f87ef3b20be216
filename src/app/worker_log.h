// WorkerLog: the log of a Task Runner as files, one an hour (UTC), as the original kept it:
// <folder>/Task Runner.log.YYYY-MM-DD-HH. Each is pushed to S3, compressed, when its hour is over,
// and the last one at the end. Developer Guide, "Task Runner Logging" and "Task Runner
// Configuration Options" (--logUri).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "ports/clock.h"
#include "ports/files.h"

namespace penstock {

/// Thread-safe.
class WorkerLog {
 public:
  /// Stores a file's content, gzip, under this name.
  using Push = std::function<Status(const std::string& name, std::string_view content)>;

  /// Makes the folder. Without `push` the files stay where they are. `files` and `clock` outlive
  /// the log.
  static Result<std::unique_ptr<WorkerLog>> Open(std::string folder, Push push, Files& files,
                                                 Clock& clock);
  ~WorkerLog();

  /// Appends a line to the hour's file. A file that cannot be written does not stop the work.
  void Write(std::string_view line);
  /// Pushes what hours before this one left; a push that fails is tried again with the next.
  Status PushEndedHours();
  /// Pushes all. What is written later stays in the folder.
  Status PushAll();

 private:
  WorkerLog(std::string folder, Push push, Files& files, Clock& clock);
  Status PushFiles(const std::string& but);

  const std::string folder_;
  const Push push_;
  Files& files_;
  Clock& clock_;
  std::mutex mutex_;
  std::string hour_name_;  // of the open file
  std::unique_ptr<WritableFile> file_;
  std::set<std::string> unpushed_;
  std::mutex pushing_;
};

}  // namespace penstock
