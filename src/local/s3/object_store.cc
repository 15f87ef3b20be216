#include "local/s3/object_store.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"
#include "local/s3/versions.h"

namespace penstock {
namespace {

// A reader that loses this many races against writers of one key gives up.
constexpr int kOpenTriesMax = 100;

std::string LockName(const std::string& bucket, const std::string& key) {
  return bucket + '\0' + key;
}

}  // namespace

bool EtagListed(std::string_view list, std::string_view etag) {
  for (std::string_view item : Split(list, ',')) {
    item = Trim(item);
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"')
      item = item.substr(1, item.size() - 2);
    if (item == etag) return true;
  }
  return false;
}

ApiResult<void> CheckWriteCondition(const WriteCondition& condition, const std::string& key,
                                    const std::optional<ObjectRecord>& existing) {
  if (condition.only_if_absent && existing) return s3_error::PreconditionFailed("If-None-Match");
  if (condition.if_match) {
    if (!existing) return s3_error::NoSuchKey(key);
    if (!EtagListed(*condition.if_match, existing->etag))
      return s3_error::PreconditionFailed("If-Match");
  }
  return {};
}

ApiResult<ObjectRecord> ObjectStore::Find(const std::string& bucket, const std::string& key,
                                          const std::optional<std::string>& version_id) {
  if (!version_id) {
    ASSIGN_OR_RETURN(auto current, storage_->FindObject(bucket, key));
    if (!current) return s3_error::NoSuchKey(key);
    return *std::move(current);
  }
  ASSIGN_OR_RETURN(auto version, Versions(storage_, bucket, key).Find(*version_id));
  if (!version) return s3_error::NoSuchVersion(key, *version_id);
  if (version->is_delete_marker) return s3_error::MethodNotAllowed("GET", "DeleteMarker");
  return *std::move(version);
}

ApiResult<OpenedObject> ObjectStore::Open(const std::string& bucket, const std::string& key,
                                          const std::optional<std::string>& version_id) {
  for (int attempt = 0; attempt < kOpenTriesMax; ++attempt) {
    OpenedObject opened;
    ASSIGN_OR_RETURN(opened.record, Find(bucket, key, version_id));
    ASSIGN_OR_RETURN(auto object_parts, storage_->ObjectParts(opened.record));
    if (!object_parts) continue;
    opened.parts = *std::move(object_parts);
    std::vector<Segment> segments;
    if (opened.parts.empty()) segments.push_back({opened.record.file, opened.record.size});
    for (const PartRecord& part : opened.parts) segments.push_back({part.file, part.size});
    auto content = ContentReader::Open(storage_->files(), std::move(segments));
    if (content) {
      opened.content = *std::move(content);
      return opened;
    }
    if (content.error().code != ErrorCode::kNotFound)
      return s3_error::StorageFailure(content.error());
    // Replaced since its record was read: or the same entry still stands, and its file is lost.
    auto again = Find(bucket, key, version_id);
    if (again && again->id == opened.record.id) return s3_error::StorageFailure(content.error());
  }
  return s3_error::InternalError("the object is being replaced too quickly to be read");
}

ApiResult<ObjectRecord> ObjectStore::Put(const std::string& bucket, const std::string& key,
                                         ObjectRecord record, Content content,
                                         const WriteCondition& condition) {
  record.size = content.size;
  record.file = content.file_id();
  record.id = record.file;
  if (record.id == 0) {
    auto id = storage_->files().NewId();
    if (!id) return s3_error::StorageFailure(id.error());
    record.id = *id;
  }
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::unique_lock key_lock(storage_->keys.Of(LockName(bucket, key)));
  ASSIGN_OR_RETURN(BucketRecord bucket_record, storage_->FindBucket(bucket));
  ASSIGN_OR_RETURN(auto existing, storage_->FindObject(bucket, key));
  RETURN_IF_ERROR(CheckWriteCondition(condition, key, existing));
  Change change;
  RETURN_IF_ERROR(
      Versions(storage_, bucket, key).Replace(bucket_record.versioning, existing, record, change));
  RETURN_IF_ERROR(storage_->Commit(std::move(change), content.file.get()));
  return record;
}

ApiResult<std::map<std::string, ObjectRecord>> ObjectStore::Delete(
    const std::string& bucket, std::vector<std::string> object_keys, Instant now,
    const WriteCondition& condition) {
  std::sort(object_keys.begin(), object_keys.end());
  object_keys.erase(std::unique(object_keys.begin(), object_keys.end()), object_keys.end());
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::set<size_t> stripes;
  for (const std::string& key : object_keys)
    stripes.insert(StripedLocks::IndexOf(LockName(bucket, key)));
  std::vector<std::unique_lock<FairSharedMutex>> key_locks;
  for (size_t stripe : stripes) key_locks.emplace_back(storage_->keys.At(stripe));

  ASSIGN_OR_RETURN(BucketRecord bucket_record, storage_->FindBucket(bucket));
  Change change;
  std::map<std::string, ObjectRecord> markers;
  for (const std::string& key : object_keys) {
    ASSIGN_OR_RETURN(auto existing, storage_->FindObject(bucket, key));
    RETURN_IF_ERROR(CheckWriteCondition(condition, key, existing));
    ASSIGN_OR_RETURN(
        auto marker,
        Versions(storage_, bucket, key).Delete(bucket_record.versioning, existing, now, change));
    if (marker) markers.emplace(key, *std::move(marker));
  }
  if (change.batch.operations.empty()) return markers;
  RETURN_IF_ERROR(storage_->Commit(std::move(change)));
  return markers;
}

ApiResult<std::optional<ObjectRecord>> ObjectStore::DeleteVersion(const std::string& bucket,
                                                                  const std::string& key,
                                                                  const std::string& version_id,
                                                                  const WriteCondition& condition) {
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::unique_lock key_lock(storage_->keys.Of(LockName(bucket, key)));
  Change change;
  ASSIGN_OR_RETURN(auto deleted, Versions(storage_, bucket, key).Erase(version_id, change));
  RETURN_IF_ERROR(CheckWriteCondition(condition, key, deleted));
  if (deleted) RETURN_IF_ERROR(storage_->Commit(std::move(change)));
  return deleted;
}

ApiResult<ObjectRecord> ObjectStore::SetTags(const std::string& bucket, const std::string& key,
                                             const std::optional<std::string>& version_id,
                                             std::vector<NameValue> tags) {
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::unique_lock key_lock(storage_->keys.Of(LockName(bucket, key)));
  ASSIGN_OR_RETURN(ObjectRecord record, Find(bucket, key, version_id));
  record.attributes.tags = std::move(tags);
  ASSIGN_OR_RETURN(auto current, storage_->FindObject(bucket, key));
  const bool is_current = current && current->Sequence() == record.Sequence();
  WriteBatch batch;
  batch.Put(is_current ? index_key::Object(bucket, key)
                       : index_key::Version(bucket, key, record.Sequence()),
            Encode(record));
  RETURN_IF_ERROR(storage_->Commit(std::move(batch)));
  return record;
}

ApiResult<ListPage> ObjectStore::List(const std::string& bucket, const ListQuery& query) {
  ListPage page;
  if (query.count_max == 0) return page;
  const std::string base = index_key::Objects(bucket);
  const std::string lower = base + query.prefix;
  // The end of the common prefix that `key` folds into, as a length; npos if it stands for itself.
  auto folded_size = [&](std::string_view key) {
    if (query.delimiter.empty() || !key.starts_with(query.prefix)) return std::string_view::npos;
    size_t at = key.find(query.delimiter, query.prefix.size());
    return at == std::string_view::npos ? at : at + query.delimiter.size();
  };
  std::string start = lower;
  if (!query.after.empty()) {
    size_t folded = folded_size(query.after);
    start = std::max(start, folded == std::string::npos
                                ? base + query.after + '\0'
                                : PrefixEnd(base + query.after.substr(0, folded)));
  }
  auto iterator = storage_->index().NewIterator(lower, PrefixEnd(lower));
  iterator->Seek(start);
  while (iterator->Valid()) {
    if (page.objects.size() + page.common_prefixes.size() == query.count_max) {
      page.truncated = true;
      break;
    }
    std::string key(iterator->key().substr(base.size()));
    if (size_t folded = folded_size(key); folded != std::string::npos) {
      key.resize(folded);
      page.last = key;
      iterator->Seek(PrefixEnd(base + key));
      page.common_prefixes.push_back(std::move(key));
      continue;
    }
    auto record = DecodeObject(iterator->value());
    if (!record) return s3_error::StorageFailure(record.error());
    page.last = key;
    page.objects.push_back({std::move(key), *std::move(record)});
    iterator->Next();
  }
  if (Status status = iterator->status(); !status) return s3_error::StorageFailure(status.error());
  return page;
}

}  // namespace penstock
