#include "transfer/native_contents.h"

#include <map>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "transfer/native_manifest.h"

namespace penstock {
namespace {

constexpr uint64_t kNativeManifestSizeMax = 256u << 20;
constexpr uint64_t kMd5SizeMax = 1024;

using Sizes = std::map<std::string, uint64_t, std::less<>>;  // by name

/// Where the object of that key is now: keys are from the root of the bucket that the export was
/// made in, and it may have been copied since.
std::optional<std::string> FindKey(const Sizes& sizes, const std::string& at,
                                   std::string_view key) {
  std::vector<std::string> places = {std::string(key)};
  if (size_t native = key.rfind(kNativeFolder); native != std::string_view::npos) {
    std::string_view tail = key.substr(native);  // AWSDynamoDB/…
    places.emplace_back(tail);
    // The folder itself may be AWSDynamoDB, or that of the export.
    places.emplace_back(tail.substr(kNativeFolder.size()));
    if (size_t slash = tail.find('/', kNativeFolder.size()); slash != std::string_view::npos)
      places.emplace_back(tail.substr(slash + 1));
  }
  std::string_view name = key.substr(key.rfind('/') + 1);
  places.push_back(at + "data/" + std::string(name));
  places.push_back(at + std::string(name));
  for (std::string& place : places) {
    if (sizes.contains(place)) return std::move(place);
  }
  return std::nullopt;
}

/// A manifest file, held against the MD5 beside it.
Result<std::string> ReadChecked(DataFolder& folder, const Sizes& sizes, const std::string& name,
                                std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(std::string text, folder.Read(name, kNativeManifestSizeMax));
  const std::string stem = name.substr(0, name.rfind('.'));
  for (const char* suffix : {".md5", ".checksum"}) {
    std::string md5_name = stem + suffix;
    if (!sizes.contains(md5_name)) continue;
    ASSIGN_OR_RETURN(std::string expected, folder.Read(md5_name, kMd5SizeMax));
    std::string found = Base64Encode(Md5(text));
    if (Trim(expected) == found) return text;
    return FailedPrecondition(fmt::format("{} has the MD5 {}, {} says {}: one of them was changed",
                                          folder.AddressOf(name), found, folder.AddressOf(md5_name),
                                          Trim(expected)));
  }
  warnings->push_back(folder.AddressOf(name) + " has no MD5 beside it: it is taken as it is");
  return text;
}

}  // namespace

std::vector<std::string> FindNativeExports(const std::vector<FolderEntry>& entries) {
  std::vector<std::string> found;
  for (const FolderEntry& entry : entries) {
    std::string_view name = entry.name;
    if (!name.ends_with(kNativeSummaryName)) continue;
    name.remove_suffix(kNativeSummaryName.size());
    bool in_native_folder = name.starts_with(kNativeFolder) && name.ends_with('/') &&
                            name.find('/', kNativeFolder.size()) == name.size() - 1;
    if (name.empty() || in_native_folder) found.emplace_back(name);
  }
  return found;
}

Result<ExportContents> ReadNativeContents(DataFolder& folder,
                                          const std::vector<FolderEntry>& entries,
                                          const std::string& at, bool keeps_faults) {
  Sizes sizes;
  for (const FolderEntry& entry : entries) sizes[entry.name] = entry.size;
  ExportContents contents;
  contents.manifest_name = at + std::string(kNativeSummaryName);
  ASSIGN_OR_RETURN(std::string summary_text,
                   ReadChecked(folder, sizes, contents.manifest_name, &contents.warnings));
  auto summary = ParseNativeSummary(summary_text);
  if (!summary) return std::move(summary.error()).In(folder.AddressOf(contents.manifest_name));

  std::optional<std::string> list_name = FindKey(sizes, at, summary->manifest_files_key);
  if (!list_name) {
    return FailedPrecondition(fmt::format(
        "{} names the list of files {}, which is not in {}; copy the whole export into one folder",
        folder.AddressOf(contents.manifest_name), summary->manifest_files_key, folder.address()));
  }
  ASSIGN_OR_RETURN(std::string list_text,
                   ReadChecked(folder, sizes, *list_name, &contents.warnings));
  auto files = ParseNativeFiles(list_text);
  if (!files) return std::move(files.error()).In(folder.AddressOf(*list_name));

  contents.is_incremental = summary->is_incremental;
  contents.items = summary->items;
  contents.table_arn = summary->table_arn;
  contents.table_id = summary->table_id;
  contents.table = summary->proof ? summary->proof->table
                                  : summary->table_arn.substr(summary->table_arn.rfind('/') + 1);
  const FileShape shape{.lines =
                            summary->is_incremental ? LineShape::kChange : LineShape::kWrapped};
  uint64_t items = 0;
  ContentDigest digest;
  std::map<std::string, std::string> keys;  // by where they were found
  for (const NativeFile& file : *files) {
    items += file.items;
    if (file.proof) digest.Add(file.proof->digest);
    if (file.items == 0) continue;
    std::optional<std::string> name = FindKey(sizes, at, file.key);
    if (!name) {
      std::string fault = fmt::format(
          "{} names {}, which is not in {}; copy the whole export into one folder, and give the "
          "folder that has {} in it",
          folder.AddressOf(*list_name), file.key, folder.address(), kNativeFolder);
      if (!keeps_faults) return FailedPrecondition(std::move(fault));
      contents.faults.push_back(std::move(fault));
      continue;
    }
    if (auto [other, is_new] = keys.emplace(*name, file.key); !is_new) {
      return FailedPrecondition(fmt::format("{} names {} and {}; both would be read from {}",
                                            folder.AddressOf(*list_name), other->second, file.key,
                                            folder.AddressOf(*name)));
    }
    contents.files.push_back({.name = *name,
                              .size = sizes[*name],
                              .shape = shape,
                              .items = file.items,
                              .md5 = file.md5});
    if (file.proof) contents.files.back().digest = file.proof->digest;
  }
  if (items != summary->items) {
    return FailedPrecondition(fmt::format("{} says {} items, the files in {} have {}",
                                          folder.AddressOf(contents.manifest_name), summary->items,
                                          folder.AddressOf(*list_name), items));
  }
  if (summary->proof && summary->proof->digest != digest) {
    return FailedPrecondition(fmt::format("{}: x-verify: its digest is not the sum of those in {}",
                                          folder.AddressOf(contents.manifest_name),
                                          folder.AddressOf(*list_name)));
  }
  return contents;
}

}  // namespace penstock
