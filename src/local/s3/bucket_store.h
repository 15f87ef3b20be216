// The buckets: names that are global to the server, each with one owner.
#pragma once

#include <string>
#include <vector>

#include "local/s3/storage.h"

namespace penstock {

struct NamedBucket {
  std::string name;
  BucketRecord record;
};

/// Thread-safe. `storage` outlives it.
class BucketStore {
 public:
  explicit BucketStore(Storage* storage) : storage_(storage) {}

  /// NoSuchBucket.
  ApiResult<BucketRecord> Find(const std::string& bucket) { return storage_->FindBucket(bucket); }
  /// BucketAlreadyOwnedByYou, BucketAlreadyExists.
  ApiResult<void> Create(const std::string& bucket, const BucketRecord& record);
  /// BucketNotEmpty while it has objects, versions or delete markers. Unfinished uploads are
  /// aborted.
  ApiResult<void> Delete(const std::string& bucket);
  ApiResult<void> SetTags(const std::string& bucket, std::vector<NameValue> tags);
  ApiResult<void> SetVersioning(const std::string& bucket, Versioning versioning);
  /// `cors`: a CORSConfiguration document, or empty for none.
  ApiResult<void> SetCors(const std::string& bucket, std::string cors);
  /// Of one account, by name, those after `after` that begin with `prefix`; at most `count_max`.
  ApiResult<std::vector<NamedBucket>> List(const std::string& account, const std::string& prefix,
                                           const std::string& after, size_t count_max);

 private:
  template <class Set>
  ApiResult<void> ChangeRecord(const std::string& bucket, Set set);

  Storage* const storage_;
};

}  // namespace penstock
