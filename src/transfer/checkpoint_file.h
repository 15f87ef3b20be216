// CheckpointFile: the state of a running transfer, kept in a small file that is replaced whole: now
// and then while the work goes on, and at its end.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "base/result.h"
#include "ports/clock.h"
#include "transfer/data_folder.h"

namespace penstock {

/// Thread-safe.
class CheckpointFile {
 public:
  /// `content` is asked for what is to be written, from any thread. `folder` and `clock` outlive
  /// it.
  CheckpointFile(DataFolder* folder, std::string name, Clock* clock,
                 std::function<Result<std::string>()> content)
      : folder_(folder),
        name_(std::move(name)),
        clock_(clock),
        content_(std::move(content)),
        written_at_(clock->Monotonic()) {}

  /// Something changed: writes if the folder's interval has passed, else leaves it to a later call.
  /// A checkpoint that cannot be written costs only what a killed run would repeat: it is tried
  /// again next time, and the work goes on.
  void Changed() {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || clock_->Monotonic() - written_at_ < interval_) return;
    static_cast<void>(WriteLocked().has_value());
  }

  /// Writes now.
  Status Write() {
    std::lock_guard lock(mutex_);
    return WriteLocked();
  }

  Status Remove() {
    std::lock_guard lock(mutex_);
    return folder_->Remove(name_);
  }

 private:
  static constexpr int kShare = 20;  // writing takes at most this part of the time
  // One write that S3 throttled for minutes says little of the next.
  static constexpr std::chrono::minutes kIntervalMax{10};

  Status WriteLocked() {
    std::chrono::nanoseconds began = clock_->Monotonic();
    Status written = WriteContent();
    written_at_ = clock_->Monotonic();
    const std::chrono::nanoseconds fair = (written_at_ - began) * kShare;
    interval_ = std::max<std::chrono::nanoseconds>(
        folder_->save_interval(), std::min<std::chrono::nanoseconds>(fair, kIntervalMax));
    return written;
  }

  Status WriteContent() {
    ASSIGN_OR_RETURN(std::string content, content_());
    return folder_->Write(name_, content);
  }

  DataFolder* const folder_;
  const std::string name_;
  Clock* const clock_;
  const std::function<Result<std::string>()> content_;
  std::mutex mutex_;
  std::chrono::nanoseconds written_at_;
  std::chrono::nanoseconds interval_ = folder_->save_interval();
};

}  // namespace penstock
