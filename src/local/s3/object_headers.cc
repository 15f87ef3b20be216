#include "local/s3/object_headers.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

// Kept and given back as they are.
constexpr std::string_view kKeptHeaders[] = {
    "Cache-Control",    "Content-Disposition",
    "Content-Encoding", "Content-Language",
    "Expires",          "x-amz-website-redirect-location",
};
constexpr std::string_view kStorageClasses[] = {
    "STANDARD",        "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
    "GLACIER",         "DEEP_ARCHIVE",       "GLACIER_IR",  "OUTPOSTS",   "SNOW",
    "EXPRESS_ONEZONE",
};
constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
constexpr size_t kMetadataBytesMax = 2048;
constexpr size_t kTagNameMax = 128, kTagValueMax = 256;

// Content-Encoding without "aws-chunked", which described the transfer.
std::string WithoutAwsChunked(std::string_view value) {
  std::vector<std::string> kept;
  for (std::string_view coding : Split(value, ',')) {
    coding = Trim(coding);
    if (!coding.empty() && !EqualsIgnoreCase(coding, "aws-chunked")) kept.emplace_back(coding);
  }
  return Join(kept, ",");
}

ApiResult<void> RefuseUnsupported(const S3Request& request) {
  if (auto acl = request.Header("x-amz-acl");
      acl && *acl != "private" && *acl != "bucket-owner-full-control") {
    return s3_error::AclNotSupported();
  }
  for (const auto& [name, value] : request.http->headers.fields()) {
    std::string lower = AsciiLower(name);
    if (lower.starts_with("x-amz-grant-")) return s3_error::AclNotSupported();
    if (lower.starts_with("x-amz-object-lock-")) {
      return s3_error::InvalidRequest("Bucket is missing Object Lock Configuration");
    }
    if (lower.starts_with("x-amz-server-side-encryption-customer-") ||
        lower.starts_with("x-amz-copy-source-server-side-encryption-customer-")) {
      return s3_error::NotImplemented("server-side encryption with customer-provided keys (SSE-C)");
    }
  }
  return {};
}

ApiResult<void> ReadMetadata(const Headers& headers, std::vector<NameValue>& metadata) {
  size_t size = 0;
  for (const auto& [name, value] : headers.fields()) {
    std::string lower = AsciiLower(name);
    if (!lower.starts_with(kMetadataPrefix)) continue;
    lower.erase(0, kMetadataPrefix.size());
    size += lower.size() + value.size();
    auto same = std::find_if(metadata.begin(), metadata.end(),
                             [&](const NameValue& one) { return one.first == lower; });
    if (same != metadata.end()) {
      same->second += "," + std::string(Trim(value));
    } else {
      metadata.emplace_back(std::move(lower), Trim(value));
    }
  }
  if (size > kMetadataBytesMax) return s3_error::MetadataTooLarge(size);
  return {};
}

size_t CharacterCount(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

ApiResult<ObjectAttributes> ReadAttributes(const S3Request& request) {
  RETURN_IF_ERROR(RefuseUnsupported(request));
  ObjectAttributes attributes;
  if (auto type = request.Header("Content-Type"); type && !type->empty())
    attributes.content_type = *type;
  for (std::string_view name : kKeptHeaders) {
    auto value = request.Header(name);
    if (!value) continue;
    std::string kept = name == "Content-Encoding" ? WithoutAwsChunked(*value) : std::string(*value);
    if (!kept.empty()) attributes.headers.emplace_back(name, std::move(kept));
  }
  RETURN_IF_ERROR(ReadMetadata(request.http->headers, attributes.metadata));
  if (auto tagging = request.Header("x-amz-tagging")) {
    ASSIGN_OR_RETURN(attributes.tags, ParseTagging(*tagging));
  }
  if (auto storage_class = request.Header("x-amz-storage-class");
      storage_class && !storage_class->empty()) {
    if (std::find(std::begin(kStorageClasses), std::end(kStorageClasses), *storage_class) ==
        std::end(kStorageClasses)) {
      return s3_error::InvalidStorageClass(*storage_class);
    }
    attributes.storage_class = *storage_class;
  }
  auto encryption = request.Header("x-amz-server-side-encryption");
  if (encryption && !encryption->empty()) {
    if (*encryption != "AES256" && *encryption != "aws:kms" && *encryption != "aws:kms:dsse") {
      return s3_error::InvalidArgument("The encryption method specified is not supported",
                                       "x-amz-server-side-encryption", *encryption);
    }
    attributes.encryption = *encryption;
  }
  if (auto key_id = request.Header("x-amz-server-side-encryption-aws-kms-key-id")) {
    if (!attributes.encryption.starts_with("aws:kms")) {
      return s3_error::InvalidArgument(
          "Server Side Encryption with AWS KMS managed key requires HTTP header "
          "x-amz-server-side-encryption : aws:kms",
          "x-amz-server-side-encryption", attributes.encryption);
    }
    attributes.kms_key_id = *key_id;
  }
  return attributes;
}

void WriteObjectHeaders(const ObjectRecord& record, Headers& headers) {
  headers.Add("Last-Modified", FormatHttpDate(record.last_modified));
  headers.Add("ETag", QuoteEtag(record.etag));
  headers.Add("Accept-Ranges", "bytes");
  const ObjectAttributes& attributes = record.attributes;
  headers.Add("Content-Type", attributes.content_type);
  for (const auto& [name, value] : attributes.headers) headers.Add(name, value);
  for (const auto& [name, value] : attributes.metadata)
    headers.Add(std::string(kMetadataPrefix) + name, value);
  if (!attributes.tags.empty())
    headers.Add("x-amz-tagging-count", std::to_string(attributes.tags.size()));
  if (attributes.storage_class != "STANDARD")
    headers.Add("x-amz-storage-class", attributes.storage_class);
  WriteEncryption(attributes, headers);
}

void WriteEncryption(const ObjectAttributes& attributes, Headers& headers) {
  if (attributes.encryption.empty()) return;
  headers.Add("x-amz-server-side-encryption", attributes.encryption);
  if (!attributes.kms_key_id.empty()) {
    headers.Add("x-amz-server-side-encryption-aws-kms-key-id", attributes.kms_key_id);
  }
}

void WriteChecksum(const Checksum& checksum, Headers& headers) {
  headers.Add(ChecksumHeader(checksum.algorithm), checksum.value);
  headers.Add("x-amz-checksum-type", std::string(checksum.TypeName()));
}

ApiResult<std::vector<NameValue>> ParseTagging(std::string_view text) {
  std::vector<NameValue> tags = ParseQuery(text);
  RETURN_IF_ERROR(CheckTags(tags, "Object", kObjectTagsMax));
  return tags;
}

ApiResult<void> CheckTags(const std::vector<NameValue>& tags, std::string_view what,
                          size_t count_max) {
  if (tags.size() > count_max) return s3_error::TooManyTags(what, static_cast<int>(count_max));
  std::set<std::string_view> names;
  for (const auto& [name, value] : tags) {
    if (name.empty() || CharacterCount(name) > kTagNameMax) {
      return s3_error::InvalidTag("The TagKey you have provided is invalid");
    }
    if (CharacterCount(value) > kTagValueMax)
      return s3_error::InvalidTag("The TagValue you have provided is invalid");
    if (!names.insert(name).second)
      return s3_error::InvalidTag("Cannot provide multiple Tags with the same key");
    if (name.starts_with("aws:"))
      return s3_error::InvalidTag("System tags cannot be added/updated by requester");
  }
  return {};
}

std::string QuoteEtag(std::string_view etag) { return fmt::format("\"{}\"", etag); }

}  // namespace penstock
