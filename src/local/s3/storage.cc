#include "local/s3/storage.h"

#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"

namespace penstock {

ApiResult<std::optional<std::string>> Storage::Get(const std::string& key) {
  auto value = index_->Get(key);
  if (!value) return s3_error::StorageFailure(value.error());
  return *std::move(value);
}

ApiResult<void> Storage::Commit(WriteBatch batch, NewObjectFile* file,
                                std::vector<std::vector<FileId>> removed) {
  for (const std::vector<FileId>& group : removed) ObjectFiles::ForgetIn(batch, group);
  if (file != nullptr) file->KeepIn(batch);
  Status written = index_->Write(batch, Durability::kDisk);
  if (file != nullptr) file->BatchWritten(written.has_value());
  if (!written) return s3_error::StorageFailure(written.error());
  for (std::vector<FileId>& group : removed) files_->Remove(std::move(group));
  return {};
}

ApiResult<BucketRecord> Storage::FindBucket(const std::string& bucket) {
  ASSIGN_OR_RETURN(auto bytes, Get(index_key::Bucket(bucket)));
  if (!bytes) return s3_error::NoSuchBucket(bucket);
  auto record = DecodeBucket(*bytes);
  if (!record) return s3_error::StorageFailure(record.error());
  return *std::move(record);
}

ApiResult<std::optional<ObjectRecord>> Storage::FindObject(const std::string& bucket,
                                                           const std::string& key) {
  ASSIGN_OR_RETURN(auto bytes, Get(index_key::Object(bucket, key)));
  if (!bytes) return std::optional<ObjectRecord>();
  auto record = DecodeObject(*bytes);
  if (!record) return s3_error::StorageFailure(record.error());
  return std::optional<ObjectRecord>(*std::move(record));
}

ApiResult<std::optional<std::vector<PartRecord>>> Storage::ObjectParts(const ObjectRecord& record) {
  if (record.parts_count == 0) return std::optional<std::vector<PartRecord>>(std::in_place);
  ASSIGN_OR_RETURN(auto bytes, Get(index_key::ObjectParts(record.id)));
  if (!bytes) return std::optional<std::vector<PartRecord>>();
  auto decoded = DecodeParts(*bytes);
  if (!decoded) return s3_error::StorageFailure(decoded.error());
  return std::optional<std::vector<PartRecord>>(*std::move(decoded));
}

ApiResult<std::vector<FileId>> Storage::DropObject(const ObjectRecord& record, WriteBatch& batch) {
  if (record.parts_count == 0) return std::vector<FileId>{record.file};
  ASSIGN_OR_RETURN(auto object_parts, ObjectParts(record));
  std::vector<FileId> files;
  if (object_parts) {
    for (const PartRecord& part : *object_parts) files.push_back(part.file);
  }
  batch.Delete(index_key::ObjectParts(record.id));
  return files;
}

}  // namespace penstock
