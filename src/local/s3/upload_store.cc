#include "local/s3/upload_store.h"

#include <fmt/core.h>

#include <map>

#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"
#include "local/s3/versions.h"

namespace penstock {
namespace {

std::string_view Unquoted(std::string_view etag) {
  etag = Trim(etag);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return etag;
}

// The chosen parts, in the order of the request, or what is wrong with the choice.
ApiResult<std::vector<PartRecord>> ChooseParts(const std::string& upload_id,
                                               const CompleteRequest& request,
                                               const std::vector<PartRecord>& uploaded) {
  std::map<int, const PartRecord*> by_number;
  for (const PartRecord& part : uploaded) by_number[part.number] = &part;
  std::vector<PartRecord> chosen;
  for (const RequestedPart& wanted : request.parts) {
    if (!chosen.empty() && wanted.number <= chosen.back().number)
      return s3_error::InvalidPartOrder(upload_id);
    auto found = by_number.find(wanted.number);
    if (found == by_number.end() ||
        !EqualsIgnoreCase(Unquoted(wanted.etag), HexEncode(found->second->md5))) {
      return s3_error::InvalidPart(upload_id, wanted.number, Unquoted(wanted.etag));
    }
    const PartRecord& part = *found->second;
    if (wanted.checksum && part.checksum_algorithm == wanted.checksum->algorithm &&
        Base64Encode(part.checksum) != wanted.checksum->value) {
      return s3_error::InvalidPart(upload_id, wanted.number, Unquoted(wanted.etag));
    }
    chosen.push_back(part);
  }
  for (size_t i = 0; i + 1 < chosen.size(); ++i) {
    if (chosen[i].size < kPartBytesMin) {
      return s3_error::EntityTooSmall(chosen[i].size, chosen[i].number, HexEncode(chosen[i].md5));
    }
  }
  return chosen;
}

ApiResult<std::optional<Checksum>> ChecksumOfParts(const UploadRecord& upload,
                                                   const std::vector<PartRecord>& parts,
                                                   const CompleteRequest& request) {
  std::optional<Checksum> checksum;
  if (upload.checksum_algorithm) {
    std::vector<PartChecksum> pieces;
    for (const PartRecord& part : parts) pieces.push_back({part.checksum, part.size});
    checksum = CombineChecksums(*upload.checksum_algorithm, upload.checksum_composite, pieces);
  }
  if (request.checksum && checksum && request.checksum->algorithm == checksum->algorithm) {
    // A composite value may come with or without its "-N".
    std::string_view ours = checksum->value, theirs = request.checksum->value;
    if (ours != theirs && ours.substr(0, ours.rfind('-')) != theirs) {
      return s3_error::ChecksumMismatch(ChecksumName(checksum->algorithm));
    }
  }
  return checksum;
}

}  // namespace

ApiResult<std::string> UploadStore::Create(const std::string& bucket, const std::string& key,
                                           const UploadRecord& record) {
  const auto milliseconds = static_cast<uint64_t>(record.initiated_at.time_since_epoch().count());
  std::string upload_id =
      fmt::format("{:012x}{:016x}{:016x}", milliseconds, random_->Next(), random_->Next());
  std::shared_lock lock(storage_->buckets.Of(bucket));
  RETURN_IF_ERROR(storage_->FindBucket(bucket));
  WriteBatch batch;
  batch.Put(index_key::Upload(bucket, key, upload_id), Encode(record));
  RETURN_IF_ERROR(storage_->Commit(std::move(batch)));
  return upload_id;
}

ApiResult<UploadRecord> UploadStore::Find(const std::string& bucket, const std::string& key,
                                          const std::string& upload_id) {
  ASSIGN_OR_RETURN(auto bytes, storage_->Get(index_key::Upload(bucket, key, upload_id)));
  if (!bytes) return s3_error::NoSuchUpload(upload_id);
  auto record = DecodeUpload(*bytes);
  if (!record) return s3_error::StorageFailure(record.error());
  return *std::move(record);
}

ApiResult<void> UploadStore::PutPart(const std::string& bucket, const std::string& key,
                                     const std::string& upload_id, PartRecord part,
                                     Content content) {
  part.file = content.file_id();
  part.size = content.size;
  const std::string index_key = index_key::UploadPart(upload_id, part.number);
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::shared_lock upload_lock(storage_->uploads.Of(upload_id));
  std::unique_lock part_lock(storage_->parts.Of(index_key));
  RETURN_IF_ERROR(Find(bucket, key, upload_id));
  std::vector<std::vector<FileId>> removed;
  ASSIGN_OR_RETURN(auto replaced, storage_->Get(index_key));
  if (replaced) {
    auto record = DecodePart(*replaced);
    if (!record) return s3_error::StorageFailure(record.error());
    removed.push_back({record->file});
  }
  WriteBatch batch;
  batch.Put(index_key, Encode(part));
  return storage_->Commit(std::move(batch), content.file.get(), std::move(removed));
}

ApiResult<ObjectRecord> UploadStore::Complete(const std::string& bucket, const std::string& key,
                                              const std::string& upload_id,
                                              const CompleteRequest& request) {
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::unique_lock upload_lock(storage_->uploads.Of(upload_id));
  std::unique_lock key_lock(storage_->keys.Of(bucket + '\0' + key));
  ASSIGN_OR_RETURN(BucketRecord bucket_record, storage_->FindBucket(bucket));
  ASSIGN_OR_RETURN(auto existing, storage_->FindObject(bucket, key));
  auto upload = Find(bucket, key, upload_id);
  if (!upload) {
    if (existing && existing->upload_id == upload_id) return *std::move(existing);
    return std::move(upload).error();
  }
  ASSIGN_OR_RETURN(std::vector<PartRecord> uploaded, AllParts(upload_id));
  ASSIGN_OR_RETURN(std::vector<PartRecord> chosen, ChooseParts(upload_id, request, uploaded));
  RETURN_IF_ERROR(CheckWriteCondition(request.condition, key, existing));

  ObjectRecord record;
  std::string digests;
  for (const PartRecord& part : chosen) {
    record.size += part.size;
    digests += part.md5;
  }
  if (record.size > kObjectBytesMax) return s3_error::EntityTooLarge(record.size, kObjectBytesMax);
  if (request.size && *request.size != record.size) {
    return s3_error::InvalidRequest(fmt::format(
        "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}",
        *request.size, record.size));
  }
  ASSIGN_OR_RETURN(record.checksum, ChecksumOfParts(*upload, chosen, request));
  auto id = storage_->files().NewId();
  if (!id) return s3_error::StorageFailure(id.error());
  record.id = *id;
  record.etag = fmt::format("{}-{}", HexEncode(Md5(digests)), chosen.size());
  record.last_modified = request.now;
  record.parts_count = static_cast<int>(chosen.size());
  record.upload_id = upload_id;
  record.attributes = std::move(upload->attributes);

  Change change;
  RETURN_IF_ERROR(
      Versions(storage_, bucket, key).Replace(bucket_record.versioning, existing, record, change));
  size_t next_chosen = 0;
  for (const PartRecord& part : uploaded) {
    if (next_chosen < chosen.size() && chosen[next_chosen].number == part.number) {
      ++next_chosen;
    } else {
      change.removed.push_back({part.file});
    }
  }
  const std::string parts = index_key::UploadParts(upload_id);
  change.batch.DeleteRange(parts, PrefixEnd(parts));
  change.batch.Delete(index_key::Upload(bucket, key, upload_id));
  change.batch.Put(index_key::ObjectParts(record.id), Encode(chosen));
  RETURN_IF_ERROR(storage_->Commit(std::move(change)));
  return record;
}

ApiResult<void> UploadStore::Abort(const std::string& bucket, const std::string& key,
                                   const std::string& upload_id) {
  std::shared_lock bucket_lock(storage_->buckets.Of(bucket));
  std::unique_lock upload_lock(storage_->uploads.Of(upload_id));
  RETURN_IF_ERROR(Find(bucket, key, upload_id));
  ASSIGN_OR_RETURN(std::vector<PartRecord> uploaded, AllParts(upload_id));
  std::vector<std::vector<FileId>> removed;
  for (const PartRecord& part : uploaded) removed.push_back({part.file});
  WriteBatch batch;
  const std::string parts = index_key::UploadParts(upload_id);
  batch.DeleteRange(parts, PrefixEnd(parts));
  batch.Delete(index_key::Upload(bucket, key, upload_id));
  return storage_->Commit(std::move(batch), nullptr, std::move(removed));
}

ApiResult<std::vector<PartRecord>> UploadStore::AllParts(const std::string& upload_id) {
  ASSIGN_OR_RETURN(PartPage page, ListParts(upload_id, 0, kPartNumberMax));
  return std::move(page.parts);
}

ApiResult<PartPage> UploadStore::ListParts(const std::string& upload_id, int after,
                                           size_t count_max) {
  PartPage page;
  if (count_max == 0) return page;
  const std::string base = index_key::UploadParts(upload_id);
  auto iterator = storage_->index().NewIterator(base, PrefixEnd(base));
  for (iterator->Seek(index_key::UploadPart(upload_id, after + 1)); iterator->Valid();
       iterator->Next()) {
    if (page.parts.size() == count_max) {
      page.truncated = true;
      break;
    }
    auto part = DecodePart(iterator->value());
    if (!part) return s3_error::StorageFailure(part.error());
    page.parts.push_back(*std::move(part));
  }
  if (Status status = iterator->status(); !status) return s3_error::StorageFailure(status.error());
  return page;
}

ApiResult<UploadPage> UploadStore::List(const std::string& bucket, const UploadQuery& query) {
  UploadPage page;
  if (query.count_max == 0) return page;
  const std::string base = index_key::Uploads(bucket);
  const std::string lower = index_key::UploadsWithPrefix(bucket, query.prefix);
  auto folded_size = [&](std::string_view key) {
    if (query.delimiter.empty() || !key.starts_with(query.prefix)) return std::string_view::npos;
    size_t at = key.find(query.delimiter, query.prefix.size());
    return at == std::string_view::npos ? at : at + query.delimiter.size();
  };
  std::string start = lower;
  if (!query.key_marker.empty()) {
    size_t folded = folded_size(query.key_marker);
    std::string after;
    if (folded != std::string::npos) {
      after = PrefixEnd(index_key::UploadsWithPrefix(bucket, query.key_marker.substr(0, folded)));
    } else if (query.upload_id_marker.empty()) {
      after = PrefixEnd(index_key::UploadsOfKey(bucket, query.key_marker));
    } else {
      after = index_key::Upload(bucket, query.key_marker, query.upload_id_marker) + '\0';
    }
    start = std::max(start, after);
  }
  auto iterator = storage_->index().NewIterator(lower, PrefixEnd(lower));
  iterator->Seek(start);
  while (iterator->Valid()) {
    if (page.uploads.size() + page.common_prefixes.size() == query.count_max) {
      page.truncated = true;
      break;
    }
    auto name = index_key::ParseUpload(iterator->key().substr(base.size()));
    if (!name) {
      iterator->Next();
      continue;
    }
    if (size_t folded = folded_size(name->key); folded != std::string::npos) {
      std::string common = name->key.substr(0, folded);
      page.next_key_marker = common;
      page.next_upload_id_marker.clear();
      iterator->Seek(PrefixEnd(index_key::UploadsWithPrefix(bucket, common)));
      page.common_prefixes.push_back(std::move(common));
      continue;
    }
    auto record = DecodeUpload(iterator->value());
    if (!record) return s3_error::StorageFailure(record.error());
    page.next_key_marker = name->key;
    page.next_upload_id_marker = name->upload_id;
    page.uploads.push_back({std::move(name->key), std::move(name->upload_id), *std::move(record)});
    iterator->Next();
  }
  if (Status status = iterator->status(); !status) return s3_error::StorageFailure(status.error());
  return page;
}

}  // namespace penstock
