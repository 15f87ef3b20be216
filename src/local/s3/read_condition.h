// When a read happens: If-Match and its kin, and byte ranges. RFC 9110 sections 13 and 14, as S3
// applies them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "aws/api_error.h"
#include "local/s3/record.h"
#include "local/s3/s3_request.h"

namespace penstock {

enum class ReadVerdict { kProceed, kNotModified };

/// If-Match, If-Unmodified-Since (PreconditionFailed), If-None-Match, If-Modified-Since
/// (kNotModified), in this precedence. Dates that do not parse are ignored.
ApiResult<ReadVerdict> CheckReadConditions(const S3Request& request, const ObjectRecord& record);
/// The x-amz-copy-source-if-… headers; every failure is PreconditionFailed.
ApiResult<void> CheckCopyConditions(const S3Request& request, const ObjectRecord& source);

struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};
/// "bytes=a-b", "bytes=a-", "bytes=-n" within an object of `object_size`. nullopt: not one range of
/// bytes, to be ignored as HTTP says. InvalidRange: nothing of it exists.
ApiResult<std::optional<ByteRange>> ParseByteRange(std::string_view header, uint64_t object_size);

}  // namespace penstock
