#include "transfer/export_layout.h"

#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

std::string FolderOf(FileFormat format, std::string_view run_id, Instant started_at) {
  if (format != FileFormat::kDynamoDbJson) return "";
  return std::string(kNativeFolder) + NativeExportId(run_id, started_at) + "/";
}

/// "s3://bucket/a/b" -> ("bucket", "a/b"); a local path, "file:///a/b", has only a prefix.
std::pair<std::string, std::string> BucketAndPrefix(std::string_view address) {
  constexpr std::string_view kFileScheme = "file://";
  if (address.starts_with(kFileScheme))
    return {"", std::string(address.substr(kFileScheme.size()))};
  std::string_view path = address.substr(address.find("://") + 3);
  size_t slash = std::min(path.find('/'), path.size());
  return {std::string(path.substr(0, slash)),
          std::string(path.substr(std::min(slash + 1, path.size())))};
}

SmallFile Md5Of(const SmallFile& file) {
  std::string stem = file.name.substr(0, file.name.rfind('.'));
  return {stem + ".md5", Base64Encode(Md5(file.content))};
}

}  // namespace

ExportLayout::ExportLayout(const FileStyle& style, std::string run_id, Instant started_at)
    : style_(style),
      run_id_(std::move(run_id)),
      folder_(FolderOf(style.format, run_id_, started_at)),
      manifest_name_(folder_ + std::string(folder_.empty() ? kManifestName : kNativeSummaryName)) {}

std::string ExportLayout::DataName(std::string_view stem) const {
  return folder_ + (folder_.empty() ? "" : "data/") + std::string(stem) + FileSuffix(style_);
}

std::vector<SmallFile> ExportLayout::Opening() const {
  if (folder_.empty()) return {};
  return {{folder_ + "_started", ""}};
}

std::vector<SmallFile> ExportLayout::Closing(const ExportProof& proof,
                                             const ExportOrigin& origin) const {
  if (!folder_.empty()) return ClosingNative(proof, origin);
  Manifest manifest;
  for (const FileProof& file : proof.files)
    manifest.urls.push_back(origin.address + "/" + file.name);
  manifest.format = style_.format;
  manifest.proof = proof;
  return {{std::string(kManifestName), WriteManifest(manifest)}};
}

std::vector<SmallFile> ExportLayout::Sealing() const {
  if (!folder_.empty()) return {};
  return {{std::string(kSuccessName), ""}};
}

bool ExportLayout::Owns(std::string_view name) const {
  return folder_.empty() ? name == kManifestName || name == kSuccessName
                         : name.starts_with(folder_);
}

std::vector<SmallFile> ExportLayout::ClosingNative(const ExportProof& proof,
                                                   const ExportOrigin& origin) const {
  auto [bucket, prefix] = BucketAndPrefix(origin.address);
  const std::string root = prefix.empty() || bucket.empty() ? "" : prefix + "/";
  std::vector<NativeFile> files;
  NativeSummary summary;
  for (const FileProof& file : proof.files) {
    std::optional<std::string> md5 = Base64Decode(file.md5);
    files.push_back({.items = file.items,
                     .md5 = file.md5,
                     .etag = md5 ? HexEncode(*md5) : "",
                     .key = root + file.name,
                     .proof = file});
    summary.billed_bytes += file.item_bytes;
  }
  const std::string export_id =
      folder_.substr(kNativeFolder.size(), folder_.size() - kNativeFolder.size() - 1);
  summary.export_arn =
      origin.table_arn.empty() ? export_id : origin.table_arn + "/export/" + export_id;
  summary.table_arn = origin.table_arn;
  summary.table_id = origin.table_id;
  summary.start_time = summary.export_time = origin.started_at;
  summary.end_time = origin.ended_at;
  summary.s3_bucket = bucket;
  summary.s3_prefix = prefix;
  summary.s3_sse_algorithm =
      origin.server_side_encryption == "aws:kms" ? "KMS" : origin.server_side_encryption;
  summary.s3_sse_kms_key_id = origin.kms_key_id;
  summary.manifest_files_key = root + folder_ + std::string(kNativeFilesName);
  summary.items = proof.items;
  summary.proof = proof;
  summary.proof->files.clear();
  SmallFile list{folder_ + std::string(kNativeFilesName), WriteNativeFiles(files)};
  SmallFile head{manifest_name_, WriteNativeSummary(summary)};
  // The summary last: it is what readers look for.
  return {list, Md5Of(list), Md5Of(head), head};
}

Result<std::optional<ExportProof>> ExportLayout::ReadProof(std::string_view manifest) const {
  if (folder_.empty()) {
    ASSIGN_OR_RETURN(Manifest parsed, ParseManifest(manifest));
    return parsed.proof;
  }
  ASSIGN_OR_RETURN(NativeSummary parsed, ParseNativeSummary(manifest));
  return parsed.proof;
}

}  // namespace penstock
