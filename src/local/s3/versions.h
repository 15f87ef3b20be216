// The versions of one key: the current one, noncurrent ones and delete markers. Where they lie is
// told in local/s3/index_key.h.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "local/s3/storage.h"

namespace penstock {

/// A cheap value. REQUIRES for all that add to a change: the key's lock is held until the change is
/// committed, and the change has nothing of this key yet. `storage` outlives it.
class Versions {
 public:
  Versions(Storage* storage, std::string bucket, std::string key)
      : storage_(storage), bucket_(std::move(bucket)), key_(std::move(key)) {}

  /// The version with that id ("null" is one), current or not, delete markers too.
  ApiResult<std::optional<ObjectRecord>> Find(const std::string& version_id);
  /// The newest under those that are not current: a delete marker if the key has no current
  /// version.
  ApiResult<std::optional<ObjectRecord>> Newest();

  /// Makes `record` the current version in place of `existing` (the current one), and fills in its
  /// version.
  ApiResult<void> Replace(Versioning versioning, const std::optional<ObjectRecord>& existing,
                          ObjectRecord& record, Change& change);
  /// Deletes the current version; the delete marker that takes its place, if any.
  ApiResult<std::optional<ObjectRecord>> Delete(Versioning versioning,
                                                const std::optional<ObjectRecord>& existing,
                                                Instant now, Change& change);
  /// Removes one version for good; the next one becomes current if need be. nullopt: there is none.
  ApiResult<std::optional<ObjectRecord>> Erase(const std::string& version_id, Change& change);

 private:
  ApiResult<std::optional<ObjectRecord>> Get(uint64_t sequence);
  ApiResult<std::optional<ObjectRecord>> FindNoncurrent(const std::string& version_id);
  ApiResult<std::optional<ObjectRecord>> FindNull();
  ApiResult<std::vector<ObjectRecord>> NewestTwo();
  ApiResult<void> Number(bool with_id, ObjectRecord& record);
  void Keep(const ObjectRecord& record, Change& change);
  ApiResult<void> Drop(const ObjectRecord& record, Change& change);
  ApiResult<void> DropNull(Change& change);
  void Promote(const std::optional<ObjectRecord>& next, Change& change);

  Storage* const storage_;
  const std::string bucket_, key_;
};

}  // namespace penstock
