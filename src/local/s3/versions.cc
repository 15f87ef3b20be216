#include "local/s3/versions.h"

#include <fmt/core.h>

#include <charconv>

#include "base/digest.h"
#include "base/encoding.h"
#include "local/s3/index_key.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kSequenceDigits = 16;

// Ids are opaque to clients. Half of one is where the version lies, the other half makes it this
// key's.
std::string VersionIdOf(const std::string& bucket, const std::string& key, uint64_t sequence) {
  std::string digest = HexEncode(Sha256(fmt::format("{}\n{}\n{}", bucket, key, sequence)));
  return digest.substr(0, kSequenceDigits) + fmt::format("{:016x}", sequence);
}

std::optional<uint64_t> SequenceIn(std::string_view text) {
  if (text.size() < kSequenceDigits) return std::nullopt;
  text.remove_prefix(text.size() - kSequenceDigits);
  uint64_t sequence = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

}  // namespace

ApiResult<std::optional<ObjectRecord>> Versions::Get(uint64_t sequence) {
  ASSIGN_OR_RETURN(auto bytes, storage_->Get(index_key::Version(bucket_, key_, sequence)));
  if (!bytes) return std::optional<ObjectRecord>();
  auto record = DecodeObject(*bytes);
  if (!record) return s3_error::StorageFailure(record.error());
  return std::optional<ObjectRecord>(*std::move(record));
}

ApiResult<std::optional<ObjectRecord>> Versions::FindNull() {
  ASSIGN_OR_RETURN(auto bytes, storage_->Get(index_key::NullVersion(bucket_, key_)));
  auto sequence = bytes ? SequenceIn(*bytes) : std::nullopt;
  if (!sequence) return std::optional<ObjectRecord>();
  return Get(*sequence);
}

ApiResult<std::optional<ObjectRecord>> Versions::Find(const std::string& version_id) {
  ASSIGN_OR_RETURN(auto current, storage_->FindObject(bucket_, key_));
  if (current && current->ShownVersionId() == version_id) return current;
  ASSIGN_OR_RETURN(auto found, FindNoncurrent(version_id));
  if (found) return found;
  // Readers hold no lock: it may have become the current one since.
  ASSIGN_OR_RETURN(current, storage_->FindObject(bucket_, key_));
  if (current && current->ShownVersionId() != version_id) current.reset();
  return current;
}

ApiResult<std::optional<ObjectRecord>> Versions::FindNoncurrent(const std::string& version_id) {
  if (version_id == "null") return FindNull();
  auto sequence = SequenceIn(version_id);
  if (!sequence) return std::optional<ObjectRecord>();
  ASSIGN_OR_RETURN(auto found, Get(*sequence));
  if (found && found->version_id != version_id) found.reset();
  return found;
}

ApiResult<std::vector<ObjectRecord>> Versions::NewestTwo() {
  const std::string base = index_key::VersionsOfKey(bucket_, key_);
  auto iterator = storage_->index().NewIterator(base, PrefixEnd(base));
  std::vector<ObjectRecord> found;
  for (iterator->Seek(base); iterator->Valid() && found.size() < 2; iterator->Next()) {
    auto record = DecodeObject(iterator->value());
    if (!record) return s3_error::StorageFailure(record.error());
    found.push_back(*std::move(record));
  }
  if (Status status = iterator->status(); !status) return s3_error::StorageFailure(status.error());
  return found;
}

ApiResult<std::optional<ObjectRecord>> Versions::Newest() {
  ASSIGN_OR_RETURN(std::vector<ObjectRecord> newest, NewestTwo());
  if (newest.empty()) return std::optional<ObjectRecord>();
  return std::optional<ObjectRecord>(std::move(newest.front()));
}

ApiResult<void> Versions::Number(bool with_id, ObjectRecord& record) {
  auto sequence = storage_->files().NewId();
  if (!sequence) return s3_error::StorageFailure(sequence.error());
  record.sequence = *sequence;
  record.version_id = with_id ? VersionIdOf(bucket_, key_, *sequence) : "";
  if (record.id == 0) record.id = *sequence;
  return {};
}

void Versions::Keep(const ObjectRecord& record, Change& change) {
  change.batch.Put(index_key::Version(bucket_, key_, record.Sequence()), Encode(record));
  if (record.version_id.empty()) {
    change.batch.Put(index_key::NullVersion(bucket_, key_),
                     fmt::format("{:016x}", record.Sequence()));
  }
}

ApiResult<void> Versions::Drop(const ObjectRecord& record, Change& change) {
  ASSIGN_OR_RETURN(std::vector<FileId> files, storage_->DropObject(record, change.batch));
  change.removed.push_back(std::move(files));
  return {};
}

ApiResult<void> Versions::DropNull(Change& change) {
  ASSIGN_OR_RETURN(auto old_null, FindNull());
  if (!old_null) return {};
  change.batch.Delete(index_key::Version(bucket_, key_, old_null->Sequence()));
  change.batch.Delete(index_key::NullVersion(bucket_, key_));
  return Drop(*old_null, change);
}

ApiResult<void> Versions::Replace(Versioning versioning,
                                  const std::optional<ObjectRecord>& existing, ObjectRecord& record,
                                  Change& change) {
  if (versioning != Versioning::kNever) {
    RETURN_IF_ERROR(Number(versioning == Versioning::kEnabled, record));
  }
  const bool keeps =
      versioning == Versioning::kEnabled ||
      (versioning == Versioning::kSuspended && existing && !existing->version_id.empty());
  if (versioning == Versioning::kSuspended) RETURN_IF_ERROR(DropNull(change));
  if (existing && keeps) Keep(*existing, change);
  if (existing && !keeps) RETURN_IF_ERROR(Drop(*existing, change));
  change.batch.Put(index_key::Object(bucket_, key_), Encode(record));
  return {};
}

ApiResult<std::optional<ObjectRecord>> Versions::Delete(Versioning versioning,
                                                        const std::optional<ObjectRecord>& existing,
                                                        Instant now, Change& change) {
  if (versioning == Versioning::kNever) {
    if (existing) {
      RETURN_IF_ERROR(Drop(*existing, change));
      change.batch.Delete(index_key::Object(bucket_, key_));
    }
    return std::optional<ObjectRecord>();
  }
  ObjectRecord marker;
  marker.is_delete_marker = true;
  marker.last_modified = now;
  RETURN_IF_ERROR(Replace(versioning, existing, marker, change));
  change.batch.Delete(index_key::Object(bucket_, key_));
  Keep(marker, change);
  return std::optional<ObjectRecord>(std::move(marker));
}

void Versions::Promote(const std::optional<ObjectRecord>& next, Change& change) {
  if (!next || next->is_delete_marker) {
    change.batch.Delete(index_key::Object(bucket_, key_));
    return;
  }
  change.batch.Delete(index_key::Version(bucket_, key_, next->Sequence()));
  if (next->version_id.empty()) change.batch.Delete(index_key::NullVersion(bucket_, key_));
  change.batch.Put(index_key::Object(bucket_, key_), Encode(*next));
}

ApiResult<std::optional<ObjectRecord>> Versions::Erase(const std::string& version_id,
                                                       Change& change) {
  ASSIGN_OR_RETURN(auto erased, Find(version_id));
  if (!erased) return erased;
  RETURN_IF_ERROR(Drop(*erased, change));
  ASSIGN_OR_RETURN(auto current, storage_->FindObject(bucket_, key_));
  ASSIGN_OR_RETURN(std::vector<ObjectRecord> newest, NewestTwo());
  if (current && current->Sequence() == erased->Sequence()) {
    Promote(newest.empty() ? std::nullopt : std::optional(std::move(newest[0])), change);
    return erased;
  }
  change.batch.Delete(index_key::Version(bucket_, key_, erased->Sequence()));
  if (erased->version_id.empty()) change.batch.Delete(index_key::NullVersion(bucket_, key_));
  const bool was_latest = !current && !newest.empty() && newest[0].Sequence() == erased->Sequence();
  if (was_latest) {
    Promote(newest.size() < 2 ? std::nullopt : std::optional(std::move(newest[1])), change);
  }
  return erased;
}

}  // namespace penstock
