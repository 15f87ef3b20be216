#include "local/s3/bucket_store.h"

#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"

namespace penstock {

ApiResult<void> BucketStore::Create(const std::string& bucket, const BucketRecord& record) {
  std::unique_lock lock(storage_->buckets.Of(bucket));
  ASSIGN_OR_RETURN(auto bytes, storage_->Get(index_key::Bucket(bucket)));
  if (bytes) {
    ASSIGN_OR_RETURN(BucketRecord existing, storage_->FindBucket(bucket));
    return existing.owner == record.owner ? s3_error::BucketAlreadyOwnedByYou(bucket)
                                          : s3_error::BucketAlreadyExists(bucket);
  }
  WriteBatch batch;
  batch.Put(index_key::Bucket(bucket), Encode(record));
  batch.Put(index_key::AccountBucket(record.owner, bucket), "");
  return storage_->Commit(std::move(batch));
}

ApiResult<void> BucketStore::Delete(const std::string& bucket) {
  std::unique_lock lock(storage_->buckets.Of(bucket));
  ASSIGN_OR_RETURN(BucketRecord record, storage_->FindBucket(bucket));
  KeyValue& index = storage_->index();
  const std::string objects = index_key::Objects(bucket), uploads = index_key::Uploads(bucket);
  for (const std::string& content : {objects, index_key::Versions(bucket)}) {
    auto object = index.NewIterator(content, PrefixEnd(content));
    object->Seek(content);
    if (object->Valid()) return s3_error::BucketNotEmpty(bucket);
    if (Status status = object->status(); !status) return s3_error::StorageFailure(status.error());
  }

  WriteBatch batch;
  std::vector<std::vector<FileId>> removed;
  auto upload = index.NewIterator(uploads, PrefixEnd(uploads));
  for (upload->Seek(uploads); upload->Valid(); upload->Next()) {
    auto name = index_key::ParseUpload(upload->key().substr(uploads.size()));
    if (!name) continue;
    const std::string parts = index_key::UploadParts(name->upload_id);
    auto part = index.NewIterator(parts, PrefixEnd(parts));
    for (part->Seek(parts); part->Valid(); part->Next()) {
      auto part_record = DecodePart(part->value());
      if (!part_record) return s3_error::StorageFailure(part_record.error());
      removed.push_back({part_record->file});
    }
    if (Status status = part->status(); !status) return s3_error::StorageFailure(status.error());
    batch.DeleteRange(parts, PrefixEnd(parts));
  }
  if (Status status = upload->status(); !status) return s3_error::StorageFailure(status.error());
  batch.DeleteRange(uploads, PrefixEnd(uploads));
  batch.Delete(index_key::Bucket(bucket));
  batch.Delete(index_key::AccountBucket(record.owner, bucket));
  return storage_->Commit(std::move(batch), nullptr, std::move(removed));
}

ApiResult<void> BucketStore::SetTags(const std::string& bucket, std::vector<NameValue> tags) {
  return ChangeRecord(bucket, [&](BucketRecord& record) { record.tags = std::move(tags); });
}

ApiResult<void> BucketStore::SetVersioning(const std::string& bucket, Versioning versioning) {
  return ChangeRecord(bucket, [&](BucketRecord& record) { record.versioning = versioning; });
}

ApiResult<void> BucketStore::SetCors(const std::string& bucket, std::string cors) {
  return ChangeRecord(bucket, [&](BucketRecord& record) { record.cors = std::move(cors); });
}

template <class Set>
ApiResult<void> BucketStore::ChangeRecord(const std::string& bucket, Set set) {
  std::unique_lock lock(storage_->buckets.Of(bucket));
  ASSIGN_OR_RETURN(BucketRecord record, storage_->FindBucket(bucket));
  set(record);
  WriteBatch batch;
  batch.Put(index_key::Bucket(bucket), Encode(record));
  return storage_->Commit(std::move(batch));
}

ApiResult<std::vector<NamedBucket>> BucketStore::List(const std::string& account,
                                                      const std::string& prefix,
                                                      const std::string& after, size_t count_max) {
  std::vector<NamedBucket> buckets;
  const std::string base = index_key::AccountBuckets(account);
  auto iterator = storage_->index().NewIterator(base + prefix, PrefixEnd(base + prefix));
  std::string start = base + prefix;
  if (!after.empty()) start = std::max(start, base + after + '\0');
  for (iterator->Seek(start); iterator->Valid() && buckets.size() < count_max; iterator->Next()) {
    std::string name(iterator->key().substr(base.size()));
    auto record = storage_->FindBucket(name);
    if (!record) {
      if (record.error().type == "NoSuchBucket") continue;  // removed since the walk began
      return std::move(record).error();
    }
    buckets.push_back({std::move(name), *std::move(record)});
  }
  if (Status status = iterator->status(); !status) return s3_error::StorageFailure(status.error());
  return buckets;
}

}  // namespace penstock
