// The file system, as far as this program touches it. Paths are what the operating system takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

/// Appends to one new file. One thread at a time. Destroying it without Close() leaves what was
/// written so far.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  /// After it returns, what was appended survives power loss (the file's name only after
  /// SyncDirectory).
  virtual Status Sync() = 0;
  virtual Status Close() = 0;
};

/// Reads at offsets. Several threads may call at once.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Up to `size` bytes at `offset` into `buffer`; the count, 0 at or past the end.
  virtual Result<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) const = 0;
  virtual Result<uint64_t> Size() const = 0;
};

/// Held as long as it lives; the operating system lets go when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

/// Thread-safe. Errors carry the path. Missing things are kNotFound, a full disk
/// kResourceExhausted.
class Files {
 public:
  virtual ~Files() = default;

  virtual Result<std::string> Read(const std::string& path) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;
  /// Creates or empties. `mode` as in chmod.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                                       unsigned mode = 0644) = 0;
  /// Opens for appending at the end, creating if needed.
  virtual Result<std::unique_ptr<WritableFile>> Append(const std::string& path,
                                                       unsigned mode = 0644) = 0;
  /// The whole content by temporary file, fsync, rename and fsync of the directory: the old or the
  /// new, never a part. Whoever dies in it leaves ".<name>.<digits>-<digits>.tmp" beside the path.
  virtual Status Replace(const std::string& path, std::string_view content,
                         unsigned mode = 0644) = 0;
  /// The same, of a path that is not there yet; kAlreadyExists: it is. Of several who try at once
  /// one succeeds.
  virtual Status WriteNew(const std::string& path, std::string_view content,
                          unsigned mode = 0644) = 0;
  /// Atomic within a file system; replaces the target.
  virtual Status Rename(const std::string& source, const std::string& target) = 0;
  /// The same; kAlreadyExists if the target is there.
  virtual Status RenameNew(const std::string& source, const std::string& target) = 0;
  virtual Status SyncDirectory(const std::string& path) = 0;
  /// Removing what is not there is no error.
  virtual Status Remove(const std::string& path) = 0;
  virtual Status RemoveTree(const std::string& path) = 0;
  /// With parents; existing is no error.
  virtual Status MakeDirectories(const std::string& path) = 0;
  /// Sorted by name, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> List(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  /// The same place from the root, without "." and "..", whether or not it exists.
  virtual Result<std::string> Absolute(const std::string& path) = 0;
  /// kFailedPrecondition if another process holds it; the message has what that one wrote into the
  /// file (its pid).
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

}  // namespace penstock
