// LocalFolder: an export on a local disk. A file is written under ".<name>.part" (old importers
// skip what begins with a dot), synced, and renamed.
#pragma once

#include "ports/files.h"
#include "transfer/data_folder.h"

namespace penstock {

class LocalFolder : public DataFolder {
 public:
  /// `path` need not exist yet. `files` outlives it.
  LocalFolder(Files* files, std::string path);

  const std::string& address() const override { return path_; }
  Result<std::vector<FolderEntry>> List(size_t entries_max) override;
  Result<std::string> Read(std::string_view name, uint64_t size_max) override;
  Result<std::unique_ptr<BodySource>> Open(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Create(std::string_view name, std::stop_token stop) override;
  Status Write(std::string_view name, std::string_view content) override;
  Status Remove(std::string_view name) override;

 private:
  Status ListInto(const std::string& prefix, size_t entries_max, std::vector<FolderEntry>* entries);

  Files* const files_;
  const std::string path_;
};

}  // namespace penstock
