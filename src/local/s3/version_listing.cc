#include "local/s3/version_listing.h"

#include <algorithm>
#include <mutex>

#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"
#include "local/s3/versions.h"

namespace penstock {
namespace {

// Walks the current versions and the others side by side.
class VersionWalk {
 public:
  VersionWalk(Storage& storage, const std::string& bucket, const VersionQuery& query)
      : bucket_(bucket),
        query_(query),
        objects_base_(index_key::Objects(bucket)),
        versions_base_(index_key::Versions(bucket)) {
    const std::string objects = objects_base_ + query.prefix;
    const std::string versions = index_key::VersionsWithPrefix(bucket, query.prefix);
    // Both must show one moment, or what becomes noncurrent meanwhile is listed twice or not at
    // all. Who changes the bucket holds its lock until that is committed.
    std::unique_lock lock(storage.buckets.Of(bucket));
    objects_ = storage.index().NewIterator(objects, PrefixEnd(objects));
    versions_ = storage.index().NewIterator(versions, PrefixEnd(versions));
  }

  // To the first entry.
  void SeekToStart() {
    objects_->Seek(objects_base_ + query_.prefix);
    versions_->Seek(index_key::VersionsWithPrefix(bucket_, query_.prefix));
  }
  // Past all keys that begin with `prefix`.
  void SeekPast(const std::string& prefix) {
    objects_->Seek(std::max(objects_base_ + query_.prefix, PrefixEnd(objects_base_ + prefix)));
    versions_->Seek(std::max(index_key::VersionsWithPrefix(bucket_, query_.prefix),
                             PrefixEnd(index_key::VersionsWithPrefix(bucket_, prefix))));
  }
  // Past the current version of `key`; past its others too, but for those older than `sequence`.
  void SeekWithin(const std::string& key, std::optional<uint64_t> sequence) {
    objects_->Seek(std::max(objects_base_ + query_.prefix, objects_base_ + key + '\0'));
    const std::string after = sequence ? index_key::Version(bucket_, key, *sequence) + '\0'
                                       : PrefixEnd(index_key::VersionsOfKey(bucket_, key));
    versions_->Seek(std::max(index_key::VersionsWithPrefix(bucket_, query_.prefix), after));
  }
  // Past the current version of `key` only.
  void SeekPastCurrent(const std::string& key) {
    objects_->Seek(std::max(objects_base_ + query_.prefix, objects_base_ + key + '\0'));
    versions_->Seek(std::max(index_key::VersionsWithPrefix(bucket_, query_.prefix),
                             index_key::VersionsOfKey(bucket_, key)));
  }

  // The entry it stands on; nullopt at the end.
  ApiResult<std::optional<ListedVersion>> Entry() {
    for (const auto* iterator : {objects_.get(), versions_.get()}) {
      if (Status status = iterator->status(); !status)
        return s3_error::StorageFailure(status.error());
    }
    auto object_key = ObjectKey(), version_key = VersionKey();
    if (!object_key && !version_key) return std::optional<ListedVersion>();
    at_object_ = object_key && (!version_key || *object_key <= *version_key);
    ListedVersion entry;
    entry.key = at_object_ ? *std::move(object_key) : *std::move(version_key);
    auto record = DecodeObject(at_object_ ? objects_->value() : versions_->value());
    if (!record) return s3_error::StorageFailure(record.error());
    entry.record = *std::move(record);
    // The first entry of a key is the latest, unless the page begins in the midst of the key.
    entry.is_latest = entry.key != last_key_;
    return std::optional<ListedVersion>(std::move(entry));
  }
  // REQUIRES: Entry() gave one.
  void Next(const std::string& key) {
    last_key_ = key;
    (at_object_ ? objects_ : versions_)->Next();
  }
  void BeginWithin(const std::string& key) { last_key_ = key; }

 private:
  std::optional<std::string> ObjectKey() const {
    if (!objects_->Valid()) return std::nullopt;
    return std::string(objects_->key().substr(objects_base_.size()));
  }
  std::optional<std::string> VersionKey() const {
    if (!versions_->Valid()) return std::nullopt;
    return index_key::ParseVersionKey(versions_->key().substr(versions_base_.size()));
  }

  const std::string bucket_;
  const VersionQuery& query_;
  const std::string objects_base_, versions_base_;
  std::unique_ptr<KeyValueIterator> objects_, versions_;
  bool at_object_ = false;
  std::optional<std::string> last_key_;
};

// The length of the common prefix that `key` folds into; npos if it stands for itself.
size_t FoldedSize(const VersionQuery& query, std::string_view key) {
  if (query.delimiter.empty() || !key.starts_with(query.prefix)) return std::string_view::npos;
  size_t at = key.find(query.delimiter, query.prefix.size());
  return at == std::string_view::npos ? at : at + query.delimiter.size();
}

ApiResult<void> SeekToMarker(Storage& storage, const std::string& bucket, const VersionQuery& query,
                             VersionWalk& walk) {
  const std::string& key = query.key_marker;
  size_t folded = FoldedSize(query, key);
  if (folded != std::string::npos) {
    walk.SeekPast(key.substr(0, folded));
    return {};
  }
  if (query.version_id_marker.empty()) {
    walk.SeekWithin(key, std::nullopt);
    return {};
  }
  walk.BeginWithin(key);
  ASSIGN_OR_RETURN(auto marker, Versions(&storage, bucket, key).Find(query.version_id_marker));
  ASSIGN_OR_RETURN(auto current, storage.FindObject(bucket, key));
  if (!marker) {
    // It is gone since. What is older than it cannot be told from what is newer: give all.
    walk.SeekPastCurrent(key);
  } else if (current && current->Sequence() == marker->Sequence()) {
    walk.SeekPastCurrent(key);
  } else {
    walk.SeekWithin(key, marker->Sequence());
  }
  return {};
}

}  // namespace

ApiResult<VersionPage> ListVersions(Storage& storage, const std::string& bucket,
                                    const VersionQuery& query) {
  VersionPage page;
  if (query.count_max == 0) return page;
  VersionWalk walk(storage, bucket, query);
  if (query.key_marker.empty()) {
    walk.SeekToStart();
  } else {
    RETURN_IF_ERROR(SeekToMarker(storage, bucket, query, walk));
  }
  while (true) {
    ASSIGN_OR_RETURN(auto entry, walk.Entry());
    if (!entry) return page;
    if (page.versions.size() + page.common_prefixes.size() == query.count_max) {
      page.truncated = true;
      return page;
    }
    if (size_t folded = FoldedSize(query, entry->key); folded != std::string::npos) {
      std::string common = entry->key.substr(0, folded);
      walk.SeekPast(common);
      page.next_key_marker = common;
      page.next_version_id_marker.clear();
      page.common_prefixes.push_back(std::move(common));
      continue;
    }
    walk.Next(entry->key);
    page.next_key_marker = entry->key;
    page.next_version_id_marker = entry->record.ShownVersionId();
    page.versions.push_back(*std::move(entry));
  }
}

}  // namespace penstock
