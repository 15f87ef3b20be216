#include "transfer/linked_folder.h"

#include "aws/s3_client.h"

namespace penstock {
namespace {

constexpr std::string_view kFileScheme = "file://";

/// Such names cannot be a folder's own: those have no empty part.
bool IsElsewhere(std::string_view name) { return name.find("://") != std::string_view::npos; }

}  // namespace

Result<std::string> LinkedFolder::NameOf(const DataFolder& folder, const std::string& url) {
  const bool is_local = !IsElsewhere(url) || url.starts_with(kFileScheme);
  std::string place = url;
  if (is_local && url.starts_with(kFileScheme)) place = url.substr(kFileScheme.size());
  if (!is_local) {
    ASSIGN_OR_RETURN(S3Location at, ParseS3Uri(url));
    place = FormatS3Uri(at);
  }
  const std::string name = place.substr(place.rfind('/') + 1);
  if (name.empty()) return InvalidArgument(fmt::format("\"{}\" names no file", url));
  // A bare name has always meant the manifest's own folder.
  if (place == name || place == folder.AddressOf(name)) return name;
  if (!is_local) return place;
  if (IsElsewhere(folder.address())) {
    return InvalidArgument(
        fmt::format("a manifest in S3 names the local file {}, which is not followed; leave "
                    "--follow-manifest-urls out and the files are looked for beside the manifest",
                    place));
  }
  return std::string(kFileScheme) + place;
}

std::string LinkedFolder::AddressOf(std::string_view name) const {
  return IsElsewhere(name) ? std::string(name) : folder_->AddressOf(name);
}

Result<std::unique_ptr<BodySource>> LinkedFolder::Open(std::string_view name,
                                                       std::stop_token stop) {
  if (!IsElsewhere(name)) return folder_->Open(name, std::move(stop));
  const size_t slash = name.rfind('/');
  const std::string_view parent = name.substr(0, slash);
  DataFolder* other = nullptr;
  {
    std::lock_guard lock(mutex_);
    auto found = others_.find(parent);
    if (found == others_.end()) {
      ASSIGN_OR_RETURN(std::unique_ptr<DataFolder> opened, open_(parent));
      found = others_.emplace(parent, std::move(opened)).first;
    }
    other = found->second.get();
  }
  return other->Open(name.substr(slash + 1), std::move(stop));
}

Result<std::unique_ptr<DataFolder>> OpenSourceFolder(const TransferContext& context,
                                                     std::string_view where, bool follows_urls) {
  ASSIGN_OR_RETURN(std::unique_ptr<DataFolder> folder, OpenDataFolder(context, where));
  if (!follows_urls) return folder;
  return std::unique_ptr<DataFolder>(std::make_unique<LinkedFolder>(
      std::move(folder),
      [context](std::string_view address) { return OpenDataFolder(context, address); }));
}

}  // namespace penstock
