// ObjectFiles: the files that hold objects' bytes, and the promise that none is lost and none is
// left over, whenever the machine stops.
//
// A file is written as `tmp/<id>`, synced, renamed to `objects/<last 2 hex digits of id>/<id>`, its
// directory synced; only then may the index name it. Ids are numbers that are never used twice. The
// journal in the index:
//
//   s3/f/next           the first id that was never handed out
//   s3/f/block/<id>     ids [id, id + 256) are handed out: a crash may have left files among them
//   that nothing names s3/f/live/<id>      the file of this id is named by the index; written with
//   what names it, kept while its block is s3/f/gone/<id>      the index no longer names this file:
//   it is to be removed
//
// So opening looks at a few hundred names, never at the whole tree, and writing costs one extra
// sync of the index for every 256 files. Files that are being read are kept until the last reader
// is done.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "local/s3/record.h"
#include "ports/files.h"
#include "ports/key_value.h"

namespace penstock {

class ObjectFiles;

/// A file being written. Dropped, it takes the file away with it. One thread at a time; the
/// ObjectFiles outlives it.
class NewObjectFile {
 public:
  ~NewObjectFile();
  NewObjectFile(const NewObjectFile&) = delete;
  NewObjectFile& operator=(const NewObjectFile&) = delete;

  FileId id() const { return id_; }
  Status Append(std::string_view bytes);
  /// Makes it durable under its final name.
  Status Finish();
  /// Adds to `batch`, which is to name the file, what keeps the file. REQUIRES: Finish() worked.
  void KeepIn(WriteBatch& batch);
  /// What became of that batch. When its writing failed nobody knows whether the index names the
  /// file after a restart, so that it stays until then.
  void BatchWritten(bool written);

 private:
  friend class ObjectFiles;
  enum class Stage { kWriting, kNamed, kKept, kUnknown };
  NewObjectFile(ObjectFiles& owner, FileId id, std::unique_ptr<WritableFile> file);

  ObjectFiles& owner_;
  const FileId id_;
  std::unique_ptr<WritableFile> file_;
  Stage stage_ = Stage::kWriting;
};

/// Thread-safe. `files` and `index` outlive it.
class ObjectFiles {
 public:
  /// Makes the folders and removes what a crash left over.
  static Result<std::unique_ptr<ObjectFiles>> Open(std::string folder, Files* files,
                                                   KeyValue* index);

  Result<std::unique_ptr<NewObjectFile>> Create();
  /// A number never given before, of the ids' own series.
  Result<uint64_t> NewId();

  /// kNotFound when it was removed since its id was read.
  Result<std::unique_ptr<ReadableFile>> OpenFile(FileId id) const;

  /// While one lives, the files that are removed under the same first id stay. Movable.
  class Pin {
   public:
    Pin() = default;
    Pin(ObjectFiles* owner, FileId first) : owner_(owner), first_(first) {}
    Pin(Pin&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), first_(other.first_) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(first_, other.first_);
      return *this;
    }
    ~Pin() {
      if (owner_ != nullptr) owner_->Unpin(first_);
    }

   private:
    ObjectFiles* owner_ = nullptr;
    FileId first_ = 0;
  };
  /// Take it before opening file `first`: if that open then works, all files removed together with
  /// it stay until the pin goes.
  Pin PinFiles(FileId first);

  /// Adds to `batch` the note that these files are no longer named. Once it is written, call
  /// Remove.
  static void ForgetIn(WriteBatch& batch, const std::vector<FileId>& ids);
  /// Removes files that belong together (of one object, in its order), now or when their readers
  /// are done. Failures are logged and left to the next Open.
  void Remove(std::vector<FileId> ids);

 private:
  friend class NewObjectFile;
  struct Block {
    int in_use = 0;  // files handed out and not yet kept or dropped
    bool exhausted = false;
  };

  ObjectFiles(std::string folder, Files* files, KeyValue* index);
  Status MakeFolders();
  Status Sweep();
  std::string TemporaryPath(FileId id) const;
  std::string Folder(FileId id) const;
  std::string Path(FileId id) const;
  Result<uint64_t> TakeId(bool for_file);
  void Settle(FileId id);
  void Unpin(FileId first);
  void RemoveNow(const std::vector<FileId>& ids);
  void NoteRemoved(const std::vector<FileId>& ids);

  const std::string folder_;
  Files* const files_;
  KeyValue* const index_;

  std::mutex ids_mutex_;
  uint64_t next_id_ = 1, block_end_ = 1;
  std::map<uint64_t, Block> blocks_;  // by first id

  std::mutex pins_mutex_;
  struct Pinned {
    int count = 0;
    std::vector<FileId> remove_later;
  };
  std::map<FileId, Pinned> pins_;

  std::mutex removed_mutex_;
  std::vector<FileId> removed_;  // whose "gone" notes still stand
};

}  // namespace penstock
