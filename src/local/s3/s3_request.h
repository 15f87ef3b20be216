// An HTTP request as S3 reads it: which bucket, which key, which parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api_error.h"
#include "local/s3/record.h"
#include "ports/http.h"

namespace penstock {

inline constexpr size_t kKeyBytesMax = 1024;

struct S3Request {
  const HttpRequest* http = nullptr;  // borrowed
  std::string bucket;                 // empty: the service itself
  std::string key;                    // decoded; empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query;
  BucketRecord bucket_record;  // of an existing bucket of the caller, for all but ListBuckets and
                               // CreateBucket

  std::optional<std::string_view> Parameter(std::string_view name) const;
  /// The header's value without surrounding blanks.
  std::optional<std::string_view> Header(std::string_view name) const;
  const Caller& caller() const { return *http->caller; }
  /// The versionId parameter; InvalidArgument if it cannot be one.
  ApiResult<std::optional<std::string>> VersionId() const;

  /// A parameter that is a number in [least, most]; InvalidArgument otherwise.
  ApiResult<std::optional<int>> Number(std::string_view name, int least, int most) const;
};

/// Path style: the gateway has put a virtual host's bucket into the path. Errors: InvalidURI,
/// KeyTooLongError, AccessDenied for a request without a caller. `http` outlives the result.
ApiResult<S3Request> ParseS3Request(const HttpRequest& http);

/// The rules for the names of buckets.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool IsBucketName(std::string_view name);

/// "<bucket>/<key>" of x-amz-copy-source, decoded, and what is wrong with it (InvalidArgument).
struct CopySource {
  std::string bucket, key;
  std::optional<std::string> version_id;
};
ApiResult<CopySource> ParseCopySource(std::string_view header);

/// Whether it is "null" or looks like one of our version ids.
bool IsVersionId(std::string_view text);

/// The canonical user id that stands for an account: 64 hex digits.
std::string CanonicalUserId(std::string_view account);

}  // namespace penstock
