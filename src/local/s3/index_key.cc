#include "local/s3/index_key.h"

#include <fmt/core.h>

namespace penstock::index_key {
namespace {

constexpr std::string_view kEscapedZero("\0\xFF", 2);
constexpr std::string_view kEndOfKey("\0\x01", 2);

std::string Escape(std::string_view key) {
  std::string escaped;
  escaped.reserve(key.size());
  for (char c : key) {
    if (c == '\0') {
      escaped += kEscapedZero;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string Bucket(std::string_view bucket) { return "s3/b/" + std::string(bucket); }

std::string AccountBuckets(std::string_view account) { return fmt::format("s3/a/{}/", account); }

std::string AccountBucket(std::string_view account, std::string_view bucket) {
  return AccountBuckets(account) + std::string(bucket);
}

std::string Objects(std::string_view bucket) { return "s3/o/" + std::string(bucket) + '\0'; }

std::string Object(std::string_view bucket, std::string_view key) {
  return Objects(bucket) + std::string(key);
}

std::string ObjectParts(uint64_t object_id) { return fmt::format("s3/p/{:016x}", object_id); }

std::string Versions(std::string_view bucket) { return "s3/v/" + std::string(bucket) + '\0'; }

std::string VersionsWithPrefix(std::string_view bucket, std::string_view key_prefix) {
  return Versions(bucket) + Escape(key_prefix);
}

std::string VersionsOfKey(std::string_view bucket, std::string_view key) {
  return VersionsWithPrefix(bucket, key).append(kEndOfKey);
}

std::string Version(std::string_view bucket, std::string_view key, uint64_t sequence) {
  return VersionsOfKey(bucket, key) + fmt::format("{:016x}", ~sequence);
}

std::string NullVersion(std::string_view bucket, std::string_view key) {
  return "s3/n/" + std::string(bucket) + '\0' + std::string(key);
}

std::optional<std::string> ParseVersionKey(std::string_view after_bucket) {
  auto name = ParseUpload(after_bucket);  // the same form
  if (!name) return std::nullopt;
  return std::move(name->key);
}

std::string Uploads(std::string_view bucket) { return "s3/u/" + std::string(bucket) + '\0'; }

std::string UploadsWithPrefix(std::string_view bucket, std::string_view key_prefix) {
  return Uploads(bucket) + Escape(key_prefix);
}

std::string UploadsOfKey(std::string_view bucket, std::string_view key) {
  return UploadsWithPrefix(bucket, key).append(kEndOfKey);
}

std::string Upload(std::string_view bucket, std::string_view key, std::string_view upload_id) {
  return UploadsOfKey(bucket, key).append(upload_id);
}

std::optional<UploadName> ParseUpload(std::string_view after_bucket) {
  UploadName name;
  for (size_t i = 0; i < after_bucket.size(); ++i) {
    if (after_bucket[i] != '\0') {
      name.key += after_bucket[i];
      continue;
    }
    std::string_view pair = after_bucket.substr(i, 2);
    if (pair == kEndOfKey) {
      name.upload_id = after_bucket.substr(i + 2);
      return name;
    }
    if (pair != kEscapedZero) return std::nullopt;
    name.key += '\0';
    ++i;
  }
  return std::nullopt;
}

std::string UploadParts(std::string_view upload_id) { return fmt::format("s3/q/{}/", upload_id); }

std::string UploadPart(std::string_view upload_id, int part_number) {
  return fmt::format("s3/q/{}/{:05}", upload_id, part_number);
}

}  // namespace penstock::index_key
