// Manifest: the file that says which files are an export. Written last, in the bytes of the EMR
// connector's writer:
//
//   {"name":"DynamoDB-export","version":3,
//   "entries": [
//   {"url":"s3://bucket/folder/92dd1414-…","mandatory":true},
//   {"url":"s3://bucket/folder/ba3f3535-…","mandatory":true}
//   ],
//   "x-verify": {…}}
//
// without a final newline. "x-verify" is ours; old importers skip what they do not know:
//   {"format":1,"runId":"…","table":"…","items":5,"bytes":700,"digest":"xxh3-128-sum:…",
//    "files":[{"name":"92dd1414-…","items":3,"bytes":400,"digest":"…","crc64nvme":"…"},…]}
// and, if the files are not in the connector's format, "dataFormat":"csv".
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "transfer/content_digest.h"
#include "transfer/file_format.h"

namespace penstock {

constexpr std::string_view kManifestName = "manifest";
/// A manifest over this size is refused unread.
inline constexpr uint64_t kManifestSizeMax = 64u << 20;
constexpr std::string_view kSuccessName = "_SUCCESS";

/// What a data file holds. `bytes`: as stored.
struct FileProof {
  std::string name;
  uint64_t items = 0;
  uint64_t bytes = 0;
  ContentDigest digest;
  std::optional<uint64_t> crc64nvme = {};  // of the stored bytes; not of dynamodb-json
  std::string md5 = {};     // base64, of the stored bytes; of dynamodb-json only, else empty
  uint64_t item_bytes = 0;  // what its items have in a table; likewise
  bool operator==(const FileProof&) const = default;
};

/// A CRC-64/NVME as S3 shows it (x-amz-checksum-crc64nvme): base64, the highest byte first.
std::string FormatCrc64(uint64_t crc);
std::optional<uint64_t> ParseCrc64(std::string_view text);

/// As in x-verify, for other files that list data files (export_checkpoint.h).
json::Object WriteFileProof(const FileProof& proof);
Result<FileProof> ParseFileProof(const json::Object& object);

/// What an export says of its content.
struct ExportProof {
  std::string run_id;
  std::string table;
  uint64_t items = 0;
  uint64_t bytes = 0;
  ContentDigest digest;
  std::vector<FileProof> files;
  bool operator==(const ExportProof&) const = default;
};

struct Manifest {
  std::vector<std::string> urls;  // as written: where the files were when the export was made
  std::optional<ExportProof> proof;
  /// Of the files; without proof, which says it, datapipeline.
  FileFormat format = FileFormat::kDataPipeline;
  bool operator==(const Manifest&) const = default;
};

/// The bytes above; without proof exactly the connector's.
std::string WriteManifest(const Manifest& manifest);

/// kInvalidArgument: not a manifest, another version than 3, or a proof that does not fit its
/// entries.
Result<Manifest> ParseManifest(std::string_view text);

/// The files' names within the folder that holds the manifest, wherever the export was when it was
/// written: the last part of each url. kInvalidArgument for one without a usable name and for names
/// that occur twice.
Result<std::vector<std::string>> RebasedNames(const Manifest& manifest);

}  // namespace penstock
