#include "local/s3/read_condition.h"

#include <algorithm>

#include "base/text.h"
#include "local/s3/object_store.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

std::optional<Instant> DateHeader(const S3Request& request, std::string_view name) {
  auto text = request.Header(name);
  if (!text) return std::nullopt;
  auto date = ParseHttpDate(*text);
  return date ? date : ParseIso(*text);
}

// Which of the four conditions does not hold, by header name; empty: all hold. `prefix` comes
// before each name.
std::string FailedCondition(const S3Request& request, const ObjectRecord& record,
                            const std::string& prefix) {
  const Instant last_modified = std::chrono::floor<std::chrono::seconds>(record.last_modified);
  const std::string if_match = prefix + "if-match", if_none_match = prefix + "if-none-match";
  const std::string modified = prefix + "if-modified-since",
                    unmodified = prefix + "if-unmodified-since";
  if (auto list = request.Header(if_match)) {
    if (!EtagListed(*list, record.etag)) return "If-Match";
  } else if (auto date = DateHeader(request, unmodified)) {
    if (last_modified > *date) return "If-Unmodified-Since";
  }
  if (auto list = request.Header(if_none_match)) {
    if (EtagListed(*list, record.etag)) return "If-None-Match";
  } else if (auto date = DateHeader(request, modified)) {
    if (last_modified <= *date) return "If-Modified-Since";
  }
  return {};
}

}  // namespace

ApiResult<ReadVerdict> CheckReadConditions(const S3Request& request, const ObjectRecord& record) {
  std::string failed = FailedCondition(request, record, "");
  if (failed.empty()) return ReadVerdict::kProceed;
  if (failed == "If-None-Match" || failed == "If-Modified-Since") return ReadVerdict::kNotModified;
  return s3_error::PreconditionFailed(failed);
}

ApiResult<void> CheckCopyConditions(const S3Request& request, const ObjectRecord& source) {
  std::string failed = FailedCondition(request, source, "x-amz-copy-source-");
  if (!failed.empty()) return s3_error::PreconditionFailed("x-amz-copy-source-" + failed);
  return {};
}

ApiResult<std::optional<ByteRange>> ParseByteRange(std::string_view header, uint64_t object_size) {
  constexpr std::string_view kUnit = "bytes=";
  std::optional<ByteRange> none;
  if (!EqualsIgnoreCase(header.substr(0, kUnit.size()), kUnit)) return none;
  std::string_view range = Trim(header.substr(kUnit.size()));
  size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return none;
  std::string_view first_text = Trim(range.substr(0, dash)),
                   last_text = Trim(range.substr(dash + 1));
  auto first = ParseUint64(first_text), last = ParseUint64(last_text);
  if ((!first_text.empty() && !first) || (!last_text.empty() && !last)) return none;
  if (!first && !last) return none;
  if (!first) {
    if (*last == 0 || object_size == 0) return s3_error::InvalidRange(header, object_size);
    uint64_t size = std::min(*last, object_size);
    return std::optional<ByteRange>({object_size - size, size});
  }
  if (last && *last < *first) return none;
  if (*first >= object_size) return s3_error::InvalidRange(header, object_size);
  uint64_t end = last ? std::min(*last, object_size - 1) : object_size - 1;
  return std::optional<ByteRange>({*first, end - *first + 1});
}

}  // namespace penstock
