// The machine's file system.
#pragma once

#include "ports/files.h"

namespace penstock {

/// Files over POSIX calls; descriptors are never inherited by child processes. Modes are subject to
/// the umask.
///
/// Lock is flock(2) on `path`, which stays afterwards: removing it would let two processes lock two
/// files of one name.
class PosixFiles final : public Files {
 public:
  Result<std::string> Read(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                               unsigned mode = 0644) override;
  Result<std::unique_ptr<WritableFile>> Append(const std::string& path,
                                               unsigned mode = 0644) override;
  Status Replace(const std::string& path, std::string_view content, unsigned mode = 0644) override;
  Status WriteNew(const std::string& path, std::string_view content, unsigned mode = 0644) override;
  Status Rename(const std::string& source, const std::string& target) override;
  Status RenameNew(const std::string& source, const std::string& target) override;
  Status SyncDirectory(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  bool Exists(const std::string& path) override;
  Result<std::string> Absolute(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
};

}  // namespace penstock
