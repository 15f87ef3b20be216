#include "transfer/export_contents.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "transfer/export_destination.h"
#include "transfer/item_file.h"
#include "transfer/linked_folder.h"
#include "transfer/native_contents.h"
#include "transfer/native_manifest.h"
#include "transfer/run_record.h"

namespace penstock {
namespace {

/// Where nobody says what the files are: by the name, else each line by itself.
FileShape GuessShape(std::string_view name, Leniency leniency) {
  for (std::string_view suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  if (name.ends_with(".csv")) return ShapeOf(FileFormat::kCsv, leniency);
  if (name.ends_with(".tsv")) return ShapeOf(FileFormat::kTsv, leniency);
  return {.lines = LineShape::kAny, .leniency = leniency};
}

/// Refuses a format that the export is known not to have.
Status CheckFormat(const ReadStyle& style, FileFormat found, const std::string& manifest) {
  if (!style.format || *style.format == found) return {};
  return InvalidArgument(
      fmt::format("by its manifest, {}, the export is in the format {}, not {}; "
                  "leave the format out and it is read as what it is",
                  manifest, FileFormatName(found), FileFormatName(*style.format)));
}

/// The files' names in a LinkedFolder, as the urls have them.
Result<std::vector<std::string>> FollowedNames(const DataFolder& folder, const Manifest& manifest) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& url : manifest.urls) {
    ASSIGN_OR_RETURN(std::string name, LinkedFolder::NameOf(folder, url));
    if (!seen.insert(name).second) return InvalidArgument(url + " is named twice");
    names.push_back(std::move(name));
  }
  return names;
}

/// Of a file that is in no listing of the folder.
Result<uint64_t> SizeElsewhere(DataFolder& folder, const std::string& name, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<BodySource> file, folder.Open(name, std::move(stop)));
  return file->Size().value_or(0);
}

Result<ExportContents> WithManifest(DataFolder& folder, const std::vector<FolderEntry>& entries,
                                    const ExportRequest& request, const std::stop_token& stop) {
  const ReadStyle& style = request.style;
  const std::string address = folder.AddressOf(kManifestName);
  ASSIGN_OR_RETURN(std::string text, folder.Read(kManifestName, kManifestSizeMax));
  auto manifest = ParseManifest(text);
  if (!manifest) return std::move(manifest.error()).In(address);
  auto names = request.follow_urls ? FollowedNames(folder, *manifest) : RebasedNames(*manifest);
  if (!names) return std::move(names.error()).In(address);
  // Without a proof another program wrote it, which may have put anything into the files.
  if (manifest->proof) RETURN_IF_ERROR(CheckFormat(style, manifest->format, address));
  const FileShape shape = ShapeOf(
      manifest->proof ? manifest->format : style.format.value_or(manifest->format), style.leniency);

  std::map<std::string_view, uint64_t> sizes;
  for (const FolderEntry& entry : entries) sizes[entry.name] = entry.size;
  if (request.follow_urls) {
    for (const std::string& name : *names) {
      if (name.find('/') == std::string::npos) continue;
      auto size = SizeElsewhere(folder, name, stop);
      if (size) {
        sizes[name] = *size;
      } else if (!request.keeps_faults || size.error().code != ErrorCode::kNotFound) {
        return std::move(size.error()).In(address + " names a file elsewhere");
      }
    }
  }
  std::map<std::string_view, const FileProof*> proofs;
  if (manifest->proof) {
    for (const FileProof& proof : manifest->proof->files) proofs[proof.name] = &proof;
  }
  ExportContents contents;
  contents.manifest_name = kManifestName;
  for (const std::string& name : *names) {
    auto size = sizes.find(name);
    if (size == sizes.end()) {
      std::string fault = fmt::format(
          "{} names {}, which is not in {}; copy the whole export, manifest and data files into "
          "one folder",
          address, name, folder.address());
      if (!request.keeps_faults) return FailedPrecondition(std::move(fault));
      contents.faults.push_back(std::move(fault));
      continue;
    }
    ExportFile& file =
        contents.files.emplace_back(ExportFile{.name = name, .size = size->second, .shape = shape});
    auto proof = proofs.find(std::string_view(name).substr(name.rfind('/') + 1));
    if (proof == proofs.end()) continue;
    file.items = proof->second->items;
    file.digest = proof->second->digest;
    file.crc64nvme = proof->second->crc64nvme;
    if (proof->second->bytes != file.size) {
      std::string fault =
          fmt::format("{} has {} bytes, its manifest says {}; it is not the file that was exported",
                      folder.AddressOf(name), file.size, proof->second->bytes);
      if (!request.keeps_faults) return FailedPrecondition(std::move(fault));
      contents.faults.push_back(std::move(fault));
      contents.files.pop_back();
    }
  }
  if (manifest->proof) {
    contents.items = manifest->proof->items;
    contents.table = manifest->proof->table;
  } else {
    contents.warnings.push_back(
        address + " has no digests (another program wrote it): files are taken as they are");
  }
  return contents;
}

/// Whether the file's first item is in the control-character text format. A file without items is.
Result<bool> IsControlText(DataFolder& folder, const ExportFile& data, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> file, ItemFile::Open(folder, data, std::move(stop)));
  Item item;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, file->Next(&item));
    if (!kind) return true;
    // A line that is an item and not JSON.
    if (*kind == LineKind::kItem) {
      return data.shape.separator == 0 && !Trim(file->line().text).starts_with('{');
    }
    if (*kind == LineKind::kBad) return false;
  }
}

/// The folder of an export of DynamoDB's own, or one like it, that has no summary yet; empty: none.
/// REQUIRES: there is no finished one.
std::string_view UnfinishedNative(const std::vector<FolderEntry>& entries) {
  for (const FolderEntry& entry : entries) {
    const size_t slash = entry.name.find('/', kNativeFolder.size());
    if (entry.name.starts_with(kNativeFolder) && slash != std::string::npos)
      return std::string_view(entry.name).substr(0, slash + 1);
  }
  return "";
}

Error NotFinished(const std::string& address) {
  return FailedPrecondition(fmt::format(
      "the export in {} has not finished: its manifest, which comes last, is not there. "
      "Wait for its end; one of ours that was interrupted goes on with --resume",
      address));
}

/// Says where else somebody may have meant, for people: exports by date lie in one folder.
std::string WhatLiesDeeper(const DataFolder& folder, const std::vector<FolderEntry>& entries) {
  const std::string manifest = "/" + std::string(kManifestName);
  std::string_view deeper;  // the last by name, which is the newest by date
  for (const FolderEntry& entry : entries) {
    if (!entry.name.ends_with(manifest)) continue;
    deeper = std::max(deeper,
                      std::string_view(entry.name).substr(0, entry.name.size() - manifest.size()));
  }
  if (deeper.empty()) return "";
  return "; but there is one deeper: " + folder.AddressOf(deeper);
}

Result<ExportContents> WithoutManifest(DataFolder& folder, const std::vector<FolderEntry>& entries,
                                       const ExportRequest& request, std::stop_token stop) {
  const ReadStyle& style = request.style;
  ExportContents contents;
  bool unfinished = false;
  for (const FolderEntry& entry : entries) {
    if (entry.name == kRunRecordName) unfinished = true;
    bool hidden = entry.name[0] == '_' || entry.name[0] == '.';
    if (hidden || entry.name.find('/') != std::string::npos) continue;
    contents.files.push_back({.name = entry.name,
                              .size = entry.size,
                              .shape = style.format ? ShapeOf(*style.format, style.leniency)
                                                    : GuessShape(entry.name, style.leniency)});
  }
  if (contents.files.empty()) {
    const std::string_view native = UnfinishedNative(entries);
    if (!native.empty()) return NotFinished(folder.AddressOf(native));
    if (unfinished) return NotFinished(folder.address());
    return NotFound(fmt::format("there is no export in {}: neither a manifest nor data files{}",
                                folder.address(), WhatLiesDeeper(folder, entries)));
  }
  bool is_foreign = !unfinished && style.format && *style.format != FileFormat::kDataPipeline &&
                    *style.format != FileFormat::kDynamoDbJson;
  if (request.no_manifest || is_foreign) {
    contents.warnings.push_back(fmt::format(
        "{} has no manifest{}: all {} files are taken, whether or not they are a whole export",
        folder.address(), unfinished ? ", as an export that has not finished" : "",
        contents.files.size()));
    return contents;
  }
  for (const ExportFile& file : contents.files) {
    ASSIGN_OR_RETURN(bool control_text, IsControlText(folder, file, stop));
    if (control_text) continue;
    return FailedPrecondition(
        fmt::format("{} has no manifest{} and would be read in part or with foreign files (such as "
                    "{}). Give the folder of a finished "
                    "export; or, {}",
                    folder.address(),
                    unfinished ? ": it is an export that has not finished,"
                               : ", which is what a failed export leaves behind,",
                    file.name, request.how_to_allow));
  }
  contents.warnings.push_back(fmt::format(
      "{} has no manifest; its {} files are of the old text format, which never had one",
      folder.address(), contents.files.size()));
  return contents;
}

}  // namespace

Result<ExportContents> ReadExportContents(DataFolder& folder, const ExportRequest& request,
                                          std::stop_token stop) {
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, folder.List());
  const bool is_replaced = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.name == kReplacedName;
  });
  if (is_replaced) {
    ASSIGN_OR_RETURN(const std::string manifest, FindReplacedManifest(folder));
    std::erase_if(entries, [&](const auto& entry) { return entry.name == manifest; });
  }
  std::vector<std::string> natives = FindNativeExports(entries);
  if (!request.native_id.empty()) {
    std::string wanted = std::string(kNativeFolder) + request.native_id + "/";
    std::erase_if(natives, [&](const std::string& at) { return at != wanted; });
    if (natives.empty()) {
      const bool is_begun = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.name.starts_with(wanted);
      });
      if (is_begun) return NotFinished(folder.AddressOf(wanted));
      return NotFound(fmt::format("there is no export in {}: it has no {}",
                                  folder.AddressOf(wanted), kNativeSummaryName));
    }
  } else {
    for (const FolderEntry& entry : entries) {
      if (entry.name == kManifestName) return WithManifest(folder, entries, request, stop);
    }
  }
  if (natives.empty()) return WithoutManifest(folder, entries, request, std::move(stop));
  if (natives.size() > 1) {
    return InvalidArgument(
        fmt::format("{} holds {} exports; give the one that is meant, such as {}", folder.address(),
                    natives.size(), folder.AddressOf(natives.back())));
  }
  RETURN_IF_ERROR(CheckFormat(request.style, FileFormat::kDynamoDbJson,
                              folder.AddressOf(natives.front()) + std::string(kNativeSummaryName)));
  ASSIGN_OR_RETURN(ExportContents contents,
                   ReadNativeContents(folder, entries, natives.front(), request.keeps_faults));
  for (ExportFile& file : contents.files) file.shape.leniency = request.style.leniency;
  return contents;
}

std::string ExportPlace::Name(std::string_view address) const {
  if (native_id.empty()) return std::string(address);
  return fmt::format("{}/{}{}", address, kNativeFolder, native_id);
}

ExportPlace SplitExportPlace(std::string_view source) {
  std::string_view place = source;
  const std::string manifest = "/" + std::string(kManifestName);
  if (place.ends_with(manifest)) {
    place.remove_suffix(manifest.size());
    bool is_folder = !place.empty() && !place.ends_with('/');  // not "s3://manifest"
    if (is_folder) return {std::string(place), ""};
    place = source;
  }
  if (place.ends_with(kNativeSummaryName)) place.remove_suffix(kNativeSummaryName.size());
  while (place.ends_with('/')) place.remove_suffix(1);
  size_t slash = place.rfind('/');
  if (slash == std::string_view::npos) return {std::string(source), ""};
  std::string_view parent = place.substr(0, slash + 1);
  if (parent != kNativeFolder && !parent.ends_with("/" + std::string(kNativeFolder)))
    return {std::string(source), ""};
  std::string_view folder = parent.substr(0, parent.size() - kNativeFolder.size());
  std::string_view id = place.substr(slash + 1);
  return {folder.empty() ? "." : std::string(folder), std::string(id)};
}

}  // namespace penstock
