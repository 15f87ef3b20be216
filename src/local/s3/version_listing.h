// Listing all versions of a bucket's keys: current and noncurrent ones and delete markers, each
// key's newest first.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "local/s3/storage.h"

namespace penstock {

struct VersionQuery {
  std::string prefix;
  std::string delimiter;          // empty: none
  std::string key_marker;         // entries come after this key, or common prefix,
  std::string version_id_marker;  // or, if not empty, after this version of it
  size_t count_max = 1000;
};
struct ListedVersion {
  std::string key;
  ObjectRecord record;
  bool is_latest = false;
};
struct VersionPage {
  std::vector<ListedVersion> versions;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_key_marker, next_version_id_marker;
};

ApiResult<VersionPage> ListVersions(Storage& storage, const std::string& bucket,
                                    const VersionQuery& query);

}  // namespace penstock
