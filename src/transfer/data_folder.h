// DataFolder: where an export's files live, in S3 or on a local disk. Files appear whole or not at
// all; one that is being written can be saved, so that another process goes on with it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/http.h"

namespace penstock {

struct FolderEntry {
  std::string name;  // within the folder; "a/b" for what is deeper
  uint64_t size = 0;
  bool operator==(const FolderEntry&) const = default;
};

/// How far a file had come when it was saved. Value type, kept in checkpoints.
struct FileMark {
  uint64_t bytes = 0;  // of it, all of them safe
  std::string state;   // the folder's own: where they are
  bool operator==(const FileMark&) const = default;
};

/// A file being written. One thread at a time. Nobody sees it before Commit; destroyed without, it
/// never was, unless it was saved.
class NewFile {
 public:
  virtual ~NewFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  /// Makes what was appended so far survive this process and its machine, still unseen. From here
  /// DataFolder::Reopen goes on, also when more was appended since. Works after a stop.
  virtual Result<FileMark> Save() = 0;
  /// After it returns, the file is there and stays. kAlreadyExists if somebody else made it
  /// meanwhile.
  virtual Status Commit() = 0;
};

/// Thread-safe. Errors name the file by its full address.
class DataFolder {
 public:
  virtual ~DataFolder() = default;

  /// "s3://bucket/folder", "/backups/folder": no final slash.
  virtual const std::string& address() const = 0;
  /// The same for those who are elsewhere: "s3://…", "file:///…".
  virtual Result<std::string> Url() const { return address(); }
  /// The full address of a file.
  virtual std::string AddressOf(std::string_view name) const {
    return address() + "/" + std::string(name);
  }

  /// All files, sorted by name, also deeper ones. A folder that is not there has none. At most
  /// `entries_max`.
  virtual Result<std::vector<FolderEntry>> List(size_t entries_max = SIZE_MAX) = 0;
  /// A small file. kNotFound if it is not there; kResourceExhausted above `size_max`.
  virtual Result<std::string> Read(std::string_view name, uint64_t size_max) = 0;
  /// A file of any size, as a stream. It fails if the file changes while it is read. Lives no
  /// longer than the folder.
  virtual Result<std::unique_ptr<BodySource>> Open(std::string_view name, std::stop_token stop) = 0;
  virtual Result<std::unique_ptr<NewFile>> Create(std::string_view name, std::stop_token stop) = 0;
  /// The file as it was at `mark`, to be gone on with. kNotFound: it is not there in that state (it
  /// may have been committed since).
  virtual Result<std::unique_ptr<NewFile>> Reopen(std::string_view name, const FileMark& mark,
                                                  std::stop_token stop) = 0;
  /// Takes away the unfinished files whose names are `ours`, but those in `keep`: a bucket may have
  /// uploads of other programs. REQUIRES: nobody writes here.
  virtual Status RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                                  const std::function<bool(std::string_view name)>& ours) = 0;
  /// How often a file that is being written is worth saving.
  virtual std::chrono::nanoseconds save_interval() const = 0;
  /// A small file at once, replacing what is there.
  virtual Status Write(std::string_view name, std::string_view content) = 0;
  /// The same, of a name that is free. kAlreadyExists: it is not; of several who try at once one
  /// succeeds.
  virtual Status WriteNew(std::string_view name, std::string_view content) = 0;
  /// Removing what is not there is no error.
  virtual Status Remove(std::string_view name) = 0;
};

}  // namespace penstock
