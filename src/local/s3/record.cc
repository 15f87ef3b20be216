#include "local/s3/record.h"

namespace penstock {
namespace {

// Tags are part of the format: never reuse one.
enum BucketTag : uint8_t {
  kOwner = 1,
  kRegion,
  kCreatedAt,
  kBucketTagPair,
  kVersioning,
  kCors,
};
enum AttributeTag : uint8_t {
  kContentType = 1,
  kHeader,
  kMetadata,
  kTagPair,
  kStorageClass,
  kEncryption,
  kKmsKeyId,
};
enum ObjectTag : uint8_t {
  kObjectId = 1,
  kObjectFile,
  kObjectSize,
  kEtag,
  kObjectModified,
  kPartsCount,
  kUploadId,
  kChecksumAlgorithm,
  kChecksumValue,
  kChecksumComposite,
  kAttributes,
  kSequence,
  kVersionId,
  kDeleteMarker,
};
enum PartTag : uint8_t {
  kNumber = 1,
  kPartFile,
  kPartSize,
  kMd5,
  kPartChecksum,
  kPartAlgorithm,
  kPartModified
};
enum UploadTag : uint8_t {
  kInitiator = 1,
  kInitiatedAt,
  kUploadAlgorithm,
  kUploadComposite,
  kUploadAttributes
};
enum ListTag : uint8_t { kListItem = 1 };
enum PairTag : uint8_t { kFirst = 1, kSecond };

class FieldWriter {
 public:
  void Bytes(uint8_t tag, std::string_view bytes) {
    out_ += static_cast<char>(tag);
    for (uint64_t size = bytes.size();;) {
      uint8_t low = size & 0x7F;
      size >>= 7;
      out_ += static_cast<char>(size == 0 ? low : low | 0x80);
      if (size == 0) break;
    }
    out_ += bytes;
  }
  void Text(uint8_t tag, std::string_view text) {
    if (!text.empty()) Bytes(tag, text);
  }
  void Number(uint8_t tag, uint64_t number) {
    std::string bytes;
    for (; number != 0; number >>= 8) bytes += static_cast<char>(number);
    if (!bytes.empty()) Bytes(tag, bytes);
  }
  void Time(uint8_t tag, Instant instant) {
    Number(tag, static_cast<uint64_t>(instant.time_since_epoch().count()));
  }
  void Pairs(uint8_t tag, const std::vector<NameValue>& pairs) {
    for (const auto& [name, value] : pairs) {
      FieldWriter pair;
      pair.Text(kFirst, name);
      pair.Text(kSecond, value);
      Bytes(tag, pair.out_);
    }
  }
  std::string Finish() && { return std::move(out_); }

 private:
  std::string out_;
};

struct Field {
  uint8_t tag = 0;
  std::string_view bytes;

  uint64_t Number() const {
    uint64_t number = 0;
    for (size_t i = bytes.size(); i-- > 0;)
      number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return number;
  }
  Instant Time() const { return Instant(Duration(static_cast<int64_t>(Number()))); }
  std::string Text() const { return std::string(bytes); }
};

Error Damaged() { return Corrupt("a record of the S3 index does not read back"); }

// Calls `take(field)` for each; its Status ends the walk.
template <class Take>
Status ReadFields(std::string_view bytes, Take take) {
  while (!bytes.empty()) {
    Field field{.tag = static_cast<uint8_t>(bytes[0])};
    bytes.remove_prefix(1);
    uint64_t size = 0;
    for (int shift = 0;; shift += 7) {
      if (bytes.empty() || shift > 28) return Damaged();
      auto byte = static_cast<unsigned char>(bytes[0]);
      bytes.remove_prefix(1);
      size |= uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    if (field.tag == 0 || size > bytes.size()) return Damaged();
    field.bytes = bytes.substr(0, size);
    bytes.remove_prefix(size);
    RETURN_IF_ERROR(take(field));
  }
  return {};
}

Status ReadPair(const Field& field, std::vector<NameValue>& pairs) {
  NameValue& pair = pairs.emplace_back();
  return ReadFields(field.bytes, [&](const Field& member) -> Status {
    if (member.tag == kFirst) pair.first = member.Text();
    if (member.tag == kSecond) pair.second = member.Text();
    return {};
  });
}

Status ReadAlgorithm(const Field& field, std::optional<ChecksumAlgorithm>& algorithm) {
  algorithm = ChecksumFromName(field.bytes);
  if (!algorithm) return Damaged();
  return {};
}

std::string EncodeAttributes(const ObjectAttributes& attributes) {
  FieldWriter out;
  out.Bytes(kContentType, attributes.content_type);
  out.Pairs(kHeader, attributes.headers);
  out.Pairs(kMetadata, attributes.metadata);
  out.Pairs(kTagPair, attributes.tags);
  out.Text(kStorageClass, attributes.storage_class);
  out.Text(kEncryption, attributes.encryption);
  out.Text(kKmsKeyId, attributes.kms_key_id);
  return std::move(out).Finish();
}

Status ReadAttributes(const Field& field, ObjectAttributes& attributes) {
  return ReadFields(field.bytes, [&](const Field& member) -> Status {
    switch (member.tag) {
      case kContentType:
        attributes.content_type = member.Text();
        return {};
      case kHeader:
        return ReadPair(member, attributes.headers);
      case kMetadata:
        return ReadPair(member, attributes.metadata);
      case kTagPair:
        return ReadPair(member, attributes.tags);
      case kStorageClass:
        attributes.storage_class = member.Text();
        return {};
      case kEncryption:
        attributes.encryption = member.Text();
        return {};
      case kKmsKeyId:
        attributes.kms_key_id = member.Text();
        return {};
    }
    return {};
  });
}

}  // namespace

std::string Encode(const BucketRecord& record) {
  FieldWriter out;
  out.Text(kOwner, record.owner);
  out.Text(kRegion, record.region);
  out.Time(kCreatedAt, record.created_at);
  out.Pairs(kBucketTagPair, record.tags);
  out.Number(kVersioning, static_cast<uint64_t>(record.versioning));
  out.Text(kCors, record.cors);
  return std::move(out).Finish();
}

Result<BucketRecord> DecodeBucket(std::string_view bytes) {
  BucketRecord record;
  RETURN_IF_ERROR(ReadFields(bytes, [&](const Field& field) -> Status {
    if (field.tag == kOwner) record.owner = field.Text();
    if (field.tag == kRegion) record.region = field.Text();
    if (field.tag == kCreatedAt) record.created_at = field.Time();
    if (field.tag == kBucketTagPair) return ReadPair(field, record.tags);
    if (field.tag == kVersioning) {
      if (field.Number() > static_cast<uint64_t>(Versioning::kSuspended)) return Damaged();
      record.versioning = static_cast<Versioning>(field.Number());
    }
    if (field.tag == kCors) record.cors = field.Text();
    return {};
  }));
  return record;
}

std::string Encode(const ObjectRecord& record) {
  FieldWriter out;
  out.Number(kObjectId, record.id);
  out.Number(kObjectFile, record.file);
  out.Number(kObjectSize, record.size);
  out.Text(kEtag, record.etag);
  out.Time(kObjectModified, record.last_modified);
  out.Number(kPartsCount, static_cast<uint64_t>(record.parts_count));
  out.Text(kUploadId, record.upload_id);
  if (record.checksum) {
    out.Text(kChecksumAlgorithm, ChecksumName(record.checksum->algorithm));
    out.Text(kChecksumValue, record.checksum->value);
    out.Number(kChecksumComposite, record.checksum->composite ? 1 : 0);
  }
  out.Bytes(kAttributes, EncodeAttributes(record.attributes));
  out.Number(kSequence, record.sequence);
  out.Text(kVersionId, record.version_id);
  out.Number(kDeleteMarker, record.is_delete_marker ? 1 : 0);
  return std::move(out).Finish();
}

Result<ObjectRecord> DecodeObject(std::string_view bytes) {
  ObjectRecord record;
  std::optional<ChecksumAlgorithm> algorithm;
  Checksum checksum;
  RETURN_IF_ERROR(ReadFields(bytes, [&](const Field& field) -> Status {
    switch (field.tag) {
      case kObjectId:
        record.id = field.Number();
        return {};
      case kObjectFile:
        record.file = field.Number();
        return {};
      case kObjectSize:
        record.size = field.Number();
        return {};
      case kEtag:
        record.etag = field.Text();
        return {};
      case kObjectModified:
        record.last_modified = field.Time();
        return {};
      case kPartsCount:
        record.parts_count = static_cast<int>(field.Number());
        return {};
      case kUploadId:
        record.upload_id = field.Text();
        return {};
      case kChecksumAlgorithm:
        return ReadAlgorithm(field, algorithm);
      case kChecksumValue:
        checksum.value = field.Text();
        return {};
      case kChecksumComposite:
        checksum.composite = field.Number() != 0;
        return {};
      case kAttributes:
        return ReadAttributes(field, record.attributes);
      case kSequence:
        record.sequence = field.Number();
        return {};
      case kVersionId:
        record.version_id = field.Text();
        return {};
      case kDeleteMarker:
        record.is_delete_marker = field.Number() != 0;
        return {};
    }
    return {};
  }));
  if (algorithm) {
    checksum.algorithm = *algorithm;
    record.checksum = std::move(checksum);
  }
  return record;
}

std::string Encode(const PartRecord& record) {
  FieldWriter out;
  out.Number(kNumber, static_cast<uint64_t>(record.number));
  out.Number(kPartFile, record.file);
  out.Number(kPartSize, record.size);
  out.Text(kMd5, record.md5);
  out.Text(kPartChecksum, record.checksum);
  if (record.checksum_algorithm) out.Text(kPartAlgorithm, ChecksumName(*record.checksum_algorithm));
  out.Time(kPartModified, record.last_modified);
  return std::move(out).Finish();
}

Result<PartRecord> DecodePart(std::string_view bytes) {
  PartRecord record;
  RETURN_IF_ERROR(ReadFields(bytes, [&](const Field& field) -> Status {
    switch (field.tag) {
      case kNumber:
        record.number = static_cast<int>(field.Number());
        return {};
      case kPartFile:
        record.file = field.Number();
        return {};
      case kPartSize:
        record.size = field.Number();
        return {};
      case kMd5:
        record.md5 = field.Text();
        return {};
      case kPartChecksum:
        record.checksum = field.Text();
        return {};
      case kPartAlgorithm:
        return ReadAlgorithm(field, record.checksum_algorithm);
      case kPartModified:
        record.last_modified = field.Time();
        return {};
    }
    return {};
  }));
  return record;
}

std::string Encode(const UploadRecord& record) {
  FieldWriter out;
  out.Text(kInitiator, record.initiator);
  out.Time(kInitiatedAt, record.initiated_at);
  if (record.checksum_algorithm)
    out.Text(kUploadAlgorithm, ChecksumName(*record.checksum_algorithm));
  out.Bytes(kUploadComposite, record.checksum_composite ? "\1" : "");
  out.Bytes(kUploadAttributes, EncodeAttributes(record.attributes));
  return std::move(out).Finish();
}

Result<UploadRecord> DecodeUpload(std::string_view bytes) {
  UploadRecord record;
  RETURN_IF_ERROR(ReadFields(bytes, [&](const Field& field) -> Status {
    switch (field.tag) {
      case kInitiator:
        record.initiator = field.Text();
        return {};
      case kInitiatedAt:
        record.initiated_at = field.Time();
        return {};
      case kUploadAlgorithm:
        return ReadAlgorithm(field, record.checksum_algorithm);
      case kUploadComposite:
        record.checksum_composite = field.Number() != 0;
        return {};
      case kUploadAttributes:
        return ReadAttributes(field, record.attributes);
    }
    return {};
  }));
  return record;
}

std::string Encode(const std::vector<PartRecord>& parts) {
  FieldWriter out;
  for (const PartRecord& part : parts) out.Bytes(kListItem, Encode(part));
  return std::move(out).Finish();
}

Result<std::vector<PartRecord>> DecodeParts(std::string_view bytes) {
  std::vector<PartRecord> parts;
  RETURN_IF_ERROR(ReadFields(bytes, [&](const Field& field) -> Status {
    if (field.tag != kListItem) return {};
    ASSIGN_OR_RETURN(PartRecord part, DecodePart(field.bytes));
    parts.push_back(std::move(part));
    return {};
  }));
  return parts;
}

}  // namespace penstock
