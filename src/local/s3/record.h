// What the index of the S3 service stores about buckets, objects, uploads and parts, and how it is
// put into bytes.
//
// A record is a sequence of fields, each: tag (one byte, not 0), length (LEB128), bytes. Numbers
// are little-endian without trailing zero bytes. A field may repeat (lists); unknown tags are
// skipped, so that an older program reads what a newer one wrote; absent fields have their default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "local/s3/checksum.h"
#include "time/instant.h"

namespace penstock {

using FileId = uint64_t;  // of local/s3/object_files.h; 0: no file, for no bytes
using NameValue = std::pair<std::string, std::string>;

/// What a bucket does with what is replaced or deleted. Never asked for: it is gone. Enabled: it is
/// kept as a noncurrent version. Suspended: versions with an id are kept, "null" ones are gone.
enum class Versioning : uint8_t { kNever, kEnabled, kSuspended };

struct BucketRecord {
  std::string owner;  // account
  std::string region;
  Instant created_at{};
  std::vector<NameValue> tags;
  Versioning versioning = Versioning::kNever;
  std::string cors;  // the CORSConfiguration document; empty: none
  bool operator==(const BucketRecord&) const = default;
};

/// What a client tells about an object besides its bytes.
struct ObjectAttributes {
  std::string content_type = "binary/octet-stream";
  std::vector<NameValue> headers;   // Cache-Control…, as given, under canonical names
  std::vector<NameValue> metadata;  // without "x-amz-meta-", lower case
  std::vector<NameValue> tags;
  std::string storage_class = "STANDARD";
  std::string encryption;  // "AES256", "aws:kms", "aws:kms:dsse"; empty: not asked for
  std::string kms_key_id;
  bool operator==(const ObjectAttributes&) const = default;
};

struct ObjectRecord {
  uint64_t id = 0;  // of this version of the object; names its part list
  FileId file = 0;  // of an object that was put whole
  uint64_t size = 0;
  std::string etag;  // without quotes
  /// Listings show the milliseconds, headers cannot: conditions go by whole seconds. (With whole
  /// seconds in listings `aws s3 sync` would take a file written in the second of its upload for
  /// newer than its object.)
  Instant last_modified{};
  int parts_count = 0;    // 0: put whole
  std::string upload_id;  // of the multipart upload that made it
  std::optional<Checksum> checksum;
  ObjectAttributes attributes;
  uint64_t sequence = 0;   // orders the versions of a key; 0: `id` does
  std::string version_id;  // empty: the "null" version
  bool is_delete_marker = false;

  uint64_t Sequence() const { return sequence != 0 ? sequence : id; }
  std::string_view ShownVersionId() const {
    return version_id.empty() ? std::string_view("null") : version_id;
  }
  bool operator==(const ObjectRecord&) const = default;
};

struct PartRecord {
  int number = 0;
  FileId file = 0;
  uint64_t size = 0;
  std::string md5;       // raw
  std::string checksum;  // raw, of the upload's algorithm; empty: none
  std::optional<ChecksumAlgorithm> checksum_algorithm;
  Instant last_modified{};
  bool operator==(const PartRecord&) const = default;
};

struct UploadRecord {
  std::string initiator;  // user ARN
  Instant initiated_at{};
  std::optional<ChecksumAlgorithm> checksum_algorithm;
  bool checksum_composite = true;
  ObjectAttributes attributes;
  bool operator==(const UploadRecord&) const = default;
};

std::string Encode(const BucketRecord& record);
std::string Encode(const ObjectRecord& record);
std::string Encode(const PartRecord& record);
std::string Encode(const UploadRecord& record);
std::string Encode(const std::vector<PartRecord>& parts);

/// kCorrupt for bytes that are no record.
Result<BucketRecord> DecodeBucket(std::string_view bytes);
Result<ObjectRecord> DecodeObject(std::string_view bytes);
Result<PartRecord> DecodePart(std::string_view bytes);
Result<UploadRecord> DecodeUpload(std::string_view bytes);
Result<std::vector<PartRecord>> DecodeParts(std::string_view bytes);

}  // namespace penstock
