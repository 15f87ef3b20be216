// What the stores of buckets, objects and uploads share: index, files and locks.
//
// Locks are taken in the order of the members below, each at most once a request (of `keys`,
// several in ascending order): the bucket's shared to change anything in it and exclusive to make
// or remove it, or to take two views of one moment; the upload's shared to add a part and exclusive
// to end it. They are striped: two names may share a lock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "base/fair_shared_mutex.h"
#include "local/s3/object_files.h"
#include "local/s3/record.h"
#include "ports/key_value.h"

namespace penstock {

/// What one commit changes: entries of the index, and files (in groups that were one object each)
/// that are then no longer named.
struct Change {
  WriteBatch batch;
  std::vector<std::vector<FileId>> removed;
};

class StripedLocks {
 public:
  static constexpr size_t kCount = 256;

  FairSharedMutex& Of(std::string_view name) { return locks_[IndexOf(name)]; }
  static size_t IndexOf(std::string_view name) {
    return std::hash<std::string_view>()(name) % kCount;
  }
  FairSharedMutex& At(size_t index) { return locks_[index]; }

 private:
  std::array<FairSharedMutex, kCount> locks_;
};

/// Thread-safe.
class Storage {
 public:
  Storage(KeyValue* index, ObjectFiles* files) : index_(index), files_(files) {}
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  StripedLocks buckets, uploads, parts, keys;

  KeyValue& index() { return *index_; }
  ObjectFiles& files() { return *files_; }

  ApiResult<std::optional<std::string>> Get(const std::string& index_key);
  /// Writes the change so that it survives power loss; `file` (may be null) is then kept, the files
  /// `removed` are forgotten and removed.
  ApiResult<void> Commit(Change change, NewObjectFile* file = nullptr) {
    return Commit(std::move(change.batch), file, std::move(change.removed));
  }
  ApiResult<void> Commit(WriteBatch batch, NewObjectFile* file = nullptr,
                         std::vector<std::vector<FileId>> removed = {});

  /// NoSuchBucket if it is not there.
  ApiResult<BucketRecord> FindBucket(const std::string& bucket);
  /// nullopt if it is not there.
  ApiResult<std::optional<ObjectRecord>> FindObject(const std::string& bucket,
                                                    const std::string& key);
  /// The parts of a multipart object, empty for others. nullopt if the object was removed
  /// meanwhile.
  ApiResult<std::optional<std::vector<PartRecord>>> ObjectParts(const ObjectRecord& record);
  /// Adds to `batch` what an object leaves behind when its entry is removed or replaced; the files
  /// to be removed.
  ApiResult<std::vector<FileId>> DropObject(const ObjectRecord& record, WriteBatch& batch);

 private:
  KeyValue* const index_;
  ObjectFiles* const files_;
};

}  // namespace penstock
