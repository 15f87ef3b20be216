// The objects: put, read, remove and list them. A change is durable before it is answered, seen
// whole or not at all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "local/s3/content.h"
#include "local/s3/storage.h"

namespace penstock {

/// When a write may happen (If-Match, If-None-Match: *). Decided in the moment of the write.
struct WriteCondition {
  bool only_if_absent = false;
  std::optional<std::string> if_match;  // an ETag list or "*"
  bool IsEmpty() const { return !only_if_absent && !if_match; }
};
/// PreconditionFailed; NoSuchKey for an If-Match on nothing.
ApiResult<void> CheckWriteCondition(const WriteCondition& condition, const std::string& key,
                                    const std::optional<ObjectRecord>& existing);

/// Whether `etag` is in a header's list of quoted ETags, or that is "*".
bool EtagListed(std::string_view list, std::string_view etag);

struct OpenedObject {
  ObjectRecord record;
  std::vector<PartRecord> parts;  // of a multipart object
  std::unique_ptr<ContentReader> content;
};

struct ListQuery {
  std::string prefix;
  std::string delimiter;  // empty: none
  std::string after;      // entries (keys and common prefixes) come after it
  size_t count_max = 1000;
};
struct ListedObject {
  std::string key;
  ObjectRecord record;
};
struct ListPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string last;  // the last entry: `after` of the next page
};

/// Thread-safe. `storage` outlives it.
class ObjectStore {
 public:
  explicit ObjectStore(Storage* storage) : storage_(storage) {}

  /// The current version, or the one with `version_id` ("null", or an id). NoSuchKey,
  /// NoSuchVersion; MethodNotAllowed if that version is a delete marker.
  ApiResult<ObjectRecord> Find(const std::string& bucket, const std::string& key,
                               const std::optional<std::string>& version_id = std::nullopt);
  /// Likewise. What was opened stays readable whatever happens to the object.
  ApiResult<OpenedObject> Open(const std::string& bucket, const std::string& key,
                               const std::optional<std::string>& version_id = std::nullopt);
  /// Fills in id, file, size and version from `content` and the bucket. NoSuchBucket when it went
  /// meanwhile, and the condition's errors.
  ApiResult<ObjectRecord> Put(const std::string& bucket, const std::string& key,
                              ObjectRecord record, Content content,
                              const WriteCondition& condition);
  /// Deletes them all in one commit, as the bucket's versioning says; what is not there is no
  /// error, unless the condition (for a single key) says so. The delete markers made, by key.
  ApiResult<std::map<std::string, ObjectRecord>> Delete(const std::string& bucket,
                                                        std::vector<std::string> object_keys,
                                                        Instant now,
                                                        const WriteCondition& condition = {});
  /// Removes one version for good; nullopt if there is none with that id. The condition is about
  /// that version.
  ApiResult<std::optional<ObjectRecord>> DeleteVersion(const std::string& bucket,
                                                       const std::string& key,
                                                       const std::string& version_id,
                                                       const WriteCondition& condition = {});
  /// The errors of Find.
  ApiResult<ObjectRecord> SetTags(const std::string& bucket, const std::string& key,
                                  const std::optional<std::string>& version_id,
                                  std::vector<NameValue> tags);
  /// One page, in byte order. With a delimiter it skips over what a common prefix stands for.
  ApiResult<ListPage> List(const std::string& bucket, const ListQuery& query);

 private:
  Storage* const storage_;
};

}  // namespace penstock
