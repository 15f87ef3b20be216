// S3 (2006-03-01, REST XML), path style. Keys are given raw (not encoded).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"

namespace penstock {

/// s3://bucket/key. `key` may be empty, or end in '/' for a folder.
struct S3Location {
  std::string bucket;
  std::string key;
  bool operator==(const S3Location&) const = default;
};
/// Also takes s3n:// and s3a://. The error says what is wrong with the text.
Result<S3Location> ParseS3Uri(std::string_view uri);
std::string FormatS3Uri(const S3Location& location);

struct S3ObjectInfo {
  std::string key;
  uint64_t size = 0;
  std::string etag;  // without quotes
  Instant last_modified{};
};

struct S3Listing {
  std::vector<S3ObjectInfo> objects;
  std::vector<std::string> common_prefixes;
  std::optional<std::string> continuation_token;  // present: there is more
};

struct S3Part {
  int number = 0;  // 1..10,000
  std::string etag;
  uint64_t size = 0;
};

/// A multipart upload that was begun and neither completed nor aborted.
struct S3Upload {
  std::string key;
  std::string upload_id;
};

struct S3PutOptions {
  std::string content_type = "binary/octet-stream";
  /// Fails with PreconditionFailed (412) when the key exists.
  bool only_if_absent = false;
  std::string server_side_encryption;  // "AES256", "aws:kms" or empty
  std::string kms_key_id;
};

/// Thread-safe. Every call is tried again as RetryPolicy::kStandard says. Uploads carry a CRC-32
/// checksum.
class S3Client {
 public:
  S3Client(ClientContext context, ServiceEndpoint endpoint);

  CallResult<void> CreateBucket(const std::string& bucket, std::stop_token stop = {}) const;
  CallResult<void> HeadBucket(const std::string& bucket, std::stop_token stop = {}) const;

  /// The new object's ETag.
  CallResult<std::string> PutObject(const S3Location& at, std::string_view body,
                                    const S3PutOptions& options = {},
                                    std::stop_token stop = {}) const;
  CallResult<std::string> GetObject(const S3Location& at, std::stop_token stop = {}) const;
  /// Bytes [offset, offset + size) into `sink` (nothing is written unless the answer is 2xx).
  /// `if_match`: an ETag, or empty.
  CallResult<void> GetRange(const S3Location& at, uint64_t offset, uint64_t size,
                            const std::string& if_match, BodySink& sink,
                            std::stop_token stop = {}) const;
  CallResult<S3ObjectInfo> HeadObject(const S3Location& at, std::stop_token stop = {}) const;
  /// No error if it is not there.
  CallResult<void> DeleteObject(const S3Location& at, std::stop_token stop = {}) const;
  /// One page. `delimiter` may be empty.
  CallResult<S3Listing> List(const std::string& bucket, const std::string& prefix,
                             const std::string& delimiter,
                             const std::optional<std::string>& continuation_token,
                             int keys_max = 1000, std::stop_token stop = {}) const;

  CallResult<std::string> CreateMultipartUpload(const S3Location& at,
                                                const S3PutOptions& options = {},
                                                std::stop_token stop = {}) const;
  CallResult<S3Part> UploadPart(const S3Location& at, const std::string& upload_id, int number,
                                std::string_view body, std::stop_token stop = {}) const;
  /// The object's ETag. The object appears whole, now or never.
  CallResult<std::string> CompleteMultipartUpload(const S3Location& at,
                                                  const std::string& upload_id,
                                                  const std::vector<S3Part>& parts,
                                                  bool only_if_absent = false,
                                                  std::stop_token stop = {}) const;
  CallResult<void> AbortMultipartUpload(const S3Location& at, const std::string& upload_id,
                                        std::stop_token stop = {}) const;
  CallResult<std::vector<S3Part>> ListParts(const S3Location& at, const std::string& upload_id,
                                            std::stop_token stop = {}) const;

  /// All open uploads of keys that begin with `prefix`.
  CallResult<std::vector<S3Upload>> ListMultipartUploads(const std::string& bucket,
                                                         const std::string& prefix,
                                                         std::stop_token stop = {}) const;

  const ServiceEndpoint& endpoint() const { return endpoint_; }

 private:
  CallResult<HttpResponse> Send(const ServiceCall& call, BodySink* sink,
                                std::stop_token stop) const;

  ClientContext context_;
  ServiceEndpoint endpoint_;
};

}  // namespace penstock
