#include "local/s3/s3_request.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kBucketNameMin = 3, kBucketNameMax = 63;
constexpr size_t kVersionIdSize = 32;  // hex digits; local/s3/versions.cc makes them

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool LooksLikeIpAddress(std::string_view name) {
  std::vector<std::string_view> pieces = Split(name, '.');
  return pieces.size() == 4 &&
         std::all_of(pieces.begin(), pieces.end(), [](std::string_view piece) {
           return !piece.empty() && piece.size() <= 3 && ParseUint64(piece).has_value();
         });
}

}  // namespace

std::optional<std::string_view> S3Request::Parameter(std::string_view name) const {
  for (const auto& [key_name, value] : query) {
    if (key_name == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> S3Request::Header(std::string_view name) const {
  auto value = http->headers.Get(name);
  if (!value) return std::nullopt;
  return Trim(*value);
}

ApiResult<std::optional<int>> S3Request::Number(std::string_view name, int least, int most) const {
  auto text = Parameter(name);
  if (!text || text->empty()) return std::optional<int>();
  auto number = ParseInt64(*text);
  if (!number)
    return s3_error::InvalidArgument(
        fmt::format("Provided {} not an integer or within integer range", name), name, *text);
  if (*number < least || *number > most) {
    return s3_error::InvalidArgument(
        fmt::format("Argument {} must be an integer between {} and {}", name, least, most), name,
        *text);
  }
  return std::optional<int>(static_cast<int>(*number));
}

ApiResult<S3Request> ParseS3Request(const HttpRequest& http) {
  if (!http.caller) return s3_error::AccessDenied();
  S3Request request;
  request.http = &http;
  request.query = ParseQuery(http.RawQuery());
  std::string_view path = http.RawPath();
  if (!path.starts_with('/')) return s3_error::InvalidUri(path);
  path.remove_prefix(1);
  size_t slash = path.find('/');
  request.bucket = PercentDecode(path.substr(0, slash));
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  if (request.bucket.empty() && !path.empty()) return s3_error::InvalidUri(http.RawPath());
  request.key = PercentDecode(path);
  if (!IsValidUtf8(request.key)) return s3_error::InvalidUri(http.RawPath());
  if (request.key.size() > kKeyBytesMax) return s3_error::KeyTooLong(request.key.size());
  return request;
}

bool IsBucketName(std::string_view name) {
  if (name.size() < kBucketNameMin || name.size() > kBucketNameMax) return false;
  if (!IsLowerOrDigit(name.front()) || !IsLowerOrDigit(name.back())) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!IsLowerOrDigit(name[i]) && name[i] != '.' && name[i] != '-') return false;
    if (i > 0 && name[i] == '.' && name[i - 1] == '.') return false;
  }
  if (LooksLikeIpAddress(name)) return false;
  for (std::string_view prefix : {"xn--", "sthree-", "amzn-s3-demo-"}) {
    if (name.starts_with(prefix)) return false;
  }
  for (std::string_view suffix : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}) {
    if (name.ends_with(suffix)) return false;
  }
  return true;
}

ApiResult<CopySource> ParseCopySource(std::string_view header) {
  constexpr std::string_view kVersion = "?versionId=";
  const ApiError invalid = s3_error::InvalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source", header);
  std::string_view path = header;
  std::optional<std::string> version_id;
  if (size_t at = path.rfind(kVersion); at != std::string_view::npos) {
    version_id = path.substr(at + kVersion.size());
    if (!IsVersionId(*version_id)) {
      return s3_error::InvalidArgument("Invalid version id specified", "versionId", *version_id);
    }
    path = path.substr(0, at);
  }
  if (path.starts_with("arn:")) return s3_error::NotImplemented("access points as copy sources");
  std::string decoded = PercentDecode(path);
  std::string_view rest = decoded;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) return invalid;
  CopySource source{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1)),
                    std::move(version_id)};
  if (!IsBucketName(source.bucket)) return s3_error::InvalidBucketName(source.bucket);
  if (!IsValidUtf8(source.key)) return invalid;
  if (source.key.size() > kKeyBytesMax) return s3_error::KeyTooLong(source.key.size());
  return source;
}

bool IsVersionId(std::string_view text) {
  return text == "null" || (text.size() == kVersionIdSize && HexDecode(text).has_value());
}

ApiResult<std::optional<std::string>> S3Request::VersionId() const {
  auto text = Parameter("versionId");
  if (!text) return std::optional<std::string>();
  if (text->empty()) {
    return s3_error::InvalidArgument("Version id cannot be the empty string", "versionId", "");
  }
  if (!IsVersionId(*text)) {
    return s3_error::InvalidArgument("Invalid version id specified", "versionId", *text);
  }
  return std::optional<std::string>(*text);
}

std::string CanonicalUserId(std::string_view account) {
  return HexEncode(Sha256("canonical user of account " + std::string(account)));
}

}  // namespace penstock
