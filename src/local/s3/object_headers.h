// The headers that describe an object: read from a request that makes one, written into the answer
// that shows one.
#pragma once

#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "local/s3/record.h"
#include "local/s3/s3_request.h"
#include "ports/http.h"

namespace penstock {

/// Content-Type, Cache-Control…, x-amz-meta-*, x-amz-tagging, x-amz-storage-class,
/// x-amz-server-side-encryption*. What asks for something that this server does not do (ACLs,
/// object lock, customer keys) is an error, never ignored.
ApiResult<ObjectAttributes> ReadAttributes(const S3Request& request);

/// All but length, range and checksum.
void WriteObjectHeaders(const ObjectRecord& record, Headers& headers);
void WriteEncryption(const ObjectAttributes& attributes, Headers& headers);
void WriteChecksum(const Checksum& checksum, Headers& headers);

/// "a=b&c=d" (percent-encoded) as tags.
ApiResult<std::vector<NameValue>> ParseTagging(std::string_view text);
/// Unique names of 1..128, values of up to 256 characters, at most `count_max` (`what`: "Object").
ApiResult<void> CheckTags(const std::vector<NameValue>& tags, std::string_view what,
                          size_t count_max);
inline constexpr size_t kObjectTagsMax = 10, kBucketTagsMax = 50;

std::string QuoteEtag(std::string_view etag);

}  // namespace penstock
