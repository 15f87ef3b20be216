// MemoryFiles: a file system in memory, for tests and fuzzing. It knows what would survive power
// loss (bytes before the last Sync, names before the last SyncDirectory) and can be made to fail
// from a given operation on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ports/files.h"

namespace penstock {

/// Counts down what a machine does until it stops; shared by all that stop together. Not
/// thread-safe.
struct CrashPlan {
  int64_t operations_left = INT64_MAX;
  uint64_t seed = 1;  // of what happens to be on the disk

  bool Crashed() const { return operations_left <= 0; }
  /// True once the machine has stopped. The operation at which it stops may or may not take effect
  /// (`*half`).
  bool Step(bool* half);
  bool Coin();
};

/// Thread-safe unless a plan is given. Locks are not implemented.
class MemoryFiles final : public Files {
 public:
  explicit MemoryFiles(CrashPlan* plan = nullptr) : plan_(plan) {}

  /// What another run finds after power loss: synced bytes and names; of the others some, as
  /// `plan->Coin()` says.
  std::unique_ptr<MemoryFiles> AfterPowerLoss(CrashPlan* plan);
  /// What another run finds after the process was killed: everything.
  std::unique_ptr<MemoryFiles> AfterKill(CrashPlan* plan);
  /// All paths of files, for looking at.
  std::vector<std::string> Paths() const;

  Result<std::string> Read(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode) override;
  Result<std::unique_ptr<WritableFile>> Append(const std::string& path, unsigned mode) override;
  Status Replace(const std::string& path, std::string_view content, unsigned mode) override;
  Status WriteNew(const std::string& path, std::string_view content, unsigned mode) override {
    return Exists(path) ? Status(AlreadyExists(path)) : Replace(path, content, mode);
  }
  Status RenameNew(const std::string& source, const std::string& target) override {
    return Exists(target) ? Status(AlreadyExists(target)) : Rename(source, target);
  }
  Status Rename(const std::string& source, const std::string& target) override;
  Status SyncDirectory(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  bool Exists(const std::string& path) override;
  Result<std::string> Absolute(const std::string& path) override { return path; }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  struct Node {
    std::mutex mutex;
    std::string bytes;
    size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

 private:
  friend class MemoryWritableFile;
  Status Stop(bool* half);

  CrashPlan* const plan_;
  mutable std::mutex mutex_;
  Names live_, durable_;
  std::map<std::string, bool> directories_;
};

}  // namespace penstock
