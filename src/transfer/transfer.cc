#include "transfer/transfer.h"

#include "base/encoding.h"
#include "transfer/exporter.h"
#include "transfer/importer.h"
#include "transfer/local_folder.h"
#include "transfer/s3_folder.h"
#include "transfer/verifier.h"

namespace penstock {
namespace {

/// Manifests and checkpoints say in JSON where their files are, so the whole path must be UTF-8.
Status CheckLocalPath(Files& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string whole, files.Absolute(path));
  if (IsValidUtf8(path) && IsValidUtf8(whole)) return {};
  return InvalidArgument(
      fmt::format("the path \"{}\" is not valid UTF-8, and no manifest could name it; rename the "
                  "folder, or give "
                  "a symbolic link that leads to it",
                  ShowBytes(whole)));
}

}  // namespace

Result<std::unique_ptr<DataFolder>> OpenDataFolder(const TransferContext& context,
                                                   std::string_view where,
                                                   std::string_view server_side_encryption,
                                                   std::string_view kms_key_id) {
  std::string path(where);
  size_t scheme = path.find("://");
  // The slashes after a scheme are not the folder's end.
  const size_t root = scheme == std::string::npos ? 1 : scheme + 3;
  while (path.size() > root && path.ends_with('/')) path.pop_back();
  if (path.empty())
    return InvalidArgument("no folder is given; it can be s3://bucket/folder or a local path");
  const bool is_file_url = path.starts_with("file://");
  if (scheme == std::string::npos || is_file_url) {
    if (!kms_key_id.empty()) {
      return InvalidArgument(path +
                             " is a local folder: no KMS key encrypts it; that is for s3://");
    }
    if (is_file_url) path.erase(0, 7);
    RETURN_IF_ERROR(CheckLocalPath(*context.files, path));
    return std::unique_ptr<DataFolder>(std::make_unique<LocalFolder>(context.files, path));
  }
  ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(path));
  if (context.s3 == nullptr)
    return InvalidArgument(path + " is in S3, and no S3 endpoint is configured");
  S3FolderOptions options;
  options.server_side_encryption = server_side_encryption;
  options.kms_key_id = kms_key_id;
  options.stop = context.stop;
  return std::unique_ptr<DataFolder>(
      std::make_unique<S3Folder>(context.s3, context.clock, context.random, location, options));
}

Result<ImportMode> ParseImportMode(std::string_view text) {
  constexpr std::string_view kIfNewer = "if-newer:";
  if (text == "overwrite") return ImportMode{ImportMode::Kind::kOverwrite, ""};
  if (text == "skip-existing") return ImportMode{ImportMode::Kind::kSkipExisting, ""};
  if (text == "fail-if-exists") return ImportMode{ImportMode::Kind::kFailIfExists, ""};
  if (text.starts_with(kIfNewer) && text.size() > kIfNewer.size())
    return ImportMode{ImportMode::Kind::kIfNewer, std::string(text.substr(kIfNewer.size()))};
  return InvalidArgument(fmt::format(
      "the import mode is \"{}\"; it must be overwrite, skip-existing, fail-if-exists or "
      "if-newer:ATTRIBUTE",
      text));
}

std::string ImportModeName(const ImportMode& mode) {
  switch (mode.kind) {
    case ImportMode::Kind::kOverwrite:
      return "overwrite";
    case ImportMode::Kind::kSkipExisting:
      return "skip-existing";
    case ImportMode::Kind::kFailIfExists:
      return "fail-if-exists";
    case ImportMode::Kind::kIfNewer:
      return "if-newer:" + mode.attribute;
  }
  return "overwrite";
}

std::string Reject::Describe() const {
  return fmt::format("{}, line {} (byte {}): {}", file, line, offset, reason);
}

Result<TransferReport> RunExport(const TransferContext& context, const ExportOptions& options,
                                 const ProgressCallback& progress, std::stop_token stop) {
  return Exporter(context.StoppedBy(stop), options, progress, stop).Run();
}

Result<TransferReport> RunImport(const TransferContext& context, const ImportOptions& options,
                                 const ProgressCallback& progress, std::stop_token stop) {
  return Importer(context.StoppedBy(stop), options, progress, stop).Run();
}

Result<TransferReport> RunVerify(const TransferContext& context, const VerifyOptions& options,
                                 const ProgressCallback& progress, std::stop_token stop) {
  return Verifier(context.StoppedBy(stop), options, progress, stop).Run();
}

}  // namespace penstock
