#include "transfer/export_contents.h"

#include <map>

#include "transfer/item_file.h"
#include "transfer/run_record.h"

namespace penstock {
namespace {

constexpr uint64_t kManifestSizeMax = 64u << 20;

Result<ExportContents> WithManifest(DataFolder& folder, const std::vector<FolderEntry>& entries) {
  const std::string address = folder.AddressOf(kManifestName);
  ASSIGN_OR_RETURN(std::string text, folder.Read(kManifestName, kManifestSizeMax));
  auto manifest = ParseManifest(text);
  if (!manifest) return std::move(manifest.error()).In(address);
  auto names = RebasedNames(*manifest);
  if (!names) return std::move(names.error()).In(address);

  std::map<std::string_view, uint64_t> sizes;
  for (const FolderEntry& entry : entries) sizes[entry.name] = entry.size;
  std::map<std::string_view, const FileProof*> proofs;
  if (manifest->proof) {
    for (const FileProof& proof : manifest->proof->files) proofs[proof.name] = &proof;
  }
  ExportContents contents;
  for (const std::string& name : *names) {
    auto size = sizes.find(name);
    if (size == sizes.end()) {
      return FailedPrecondition(
          fmt::format("{} names {}, which is not in {}; copy the whole export, manifest and data "
                      "files into one folder",
                      address, name, folder.address()));
    }
    ExportFile& file = contents.files.emplace_back(ExportFile{name, size->second, std::nullopt});
    if (auto proof = proofs.find(name); proof != proofs.end()) file.proof = *proof->second;
    if (file.proof && file.proof->bytes != file.size) {
      return FailedPrecondition(
          fmt::format("{} has {} bytes, its manifest says {}; it is not the file that was exported",
                      folder.AddressOf(name), file.size, file.proof->bytes));
    }
  }
  if (!manifest->proof) {
    contents.warnings.push_back(
        address + " has no digests (another program wrote it): files are taken as they are");
  }
  contents.manifest = *std::move(manifest);
  return contents;
}

/// Whether the file's first item is in the control-character text format. A file without items is.
Result<bool> IsControlText(DataFolder& folder, const std::string& name, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> file,
                   ItemFile::Open(folder, name, LineShape::kAny, std::move(stop)));
  Item item;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, file->Next(&item));
    if (!kind) return true;
    if (*kind == LineKind::kItem) return file->is_control_text();
    if (*kind == LineKind::kBad) return false;
  }
}

Result<ExportContents> WithoutManifest(DataFolder& folder, const std::vector<FolderEntry>& entries,
                                       bool no_manifest, std::stop_token stop) {
  ExportContents contents;
  contents.shape = LineShape::kAny;
  bool unfinished = false;
  for (const FolderEntry& entry : entries) {
    if (entry.name == kRunRecordName) unfinished = true;
    bool hidden = entry.name[0] == '_' || entry.name[0] == '.';
    if (hidden || entry.name.find('/') != std::string::npos) continue;
    contents.files.push_back({entry.name, entry.size, std::nullopt});
  }
  if (contents.files.empty()) {
    return NotFound(fmt::format("there is no export in {}: neither a manifest nor data files",
                                folder.address()));
  }
  if (no_manifest) {
    contents.warnings.push_back(fmt::format(
        "{} has no manifest: all {} files are taken, whether or not they are a whole export",
        folder.address(), contents.files.size()));
    return contents;
  }
  for (const ExportFile& file : contents.files) {
    ASSIGN_OR_RETURN(bool control_text, IsControlText(folder, file.name, stop));
    if (control_text) continue;
    return FailedPrecondition(
        fmt::format("{} has no manifest{} and would be read in part or with foreign files (such as "
                    "{}). Give the folder of a finished "
                    "export; or, if these files are what you want, allow it (--no-manifest, in a "
                    "definition myImportWithoutManifest = "
                    "true)",
                    folder.address(),
                    unfinished ? ": it is an export that has not finished,"
                               : ", which is what a failed export leaves behind,",
                    file.name));
  }
  contents.warnings.push_back(fmt::format(
      "{} has no manifest; its {} files are of the old text format, which never had one",
      folder.address(), contents.files.size()));
  return contents;
}

}  // namespace

Result<ExportContents> ReadExportContents(DataFolder& folder, bool no_manifest,
                                          std::stop_token stop) {
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, folder.List());
  for (const FolderEntry& entry : entries) {
    if (entry.name == kManifestName) return WithManifest(folder, entries);
  }
  return WithoutManifest(folder, entries, no_manifest, std::move(stop));
}

}  // namespace penstock
