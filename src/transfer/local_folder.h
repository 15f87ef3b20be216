// LocalFolder: an export on a local disk. A file is written under ".<name>.part" (old importers
// skip what begins with a dot), synced, and renamed. Saved, it stays under that name.
#pragma once

#include "ports/files.h"
#include "transfer/data_folder.h"

namespace penstock {

/// The file whose unfinished form has this name: "a/.b.part" and "a/.b.17-3.tmp" are "a/b";
/// nullopt: it is no such form.
std::optional<std::string> NameOfUnfinished(std::string_view name);

class LocalFolder : public DataFolder {
 public:
  /// `path` need not exist yet. `files` outlives it.
  LocalFolder(Files* files, std::string path);

  const std::string& address() const override { return path_; }
  Result<std::string> Url() const override;
  Result<std::vector<FolderEntry>> List(size_t entries_max) override;
  Result<std::string> Read(std::string_view name, uint64_t size_max) override;
  Result<std::unique_ptr<BodySource>> Open(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Create(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Reopen(std::string_view name, const FileMark& mark,
                                          std::stop_token stop) override;
  Status RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                          const std::function<bool(std::string_view name)>& ours) override;
  std::chrono::nanoseconds save_interval() const override { return std::chrono::seconds(1); }
  Status Write(std::string_view name, std::string_view content) override;
  Status WriteNew(std::string_view name, std::string_view content) override;
  Status Remove(std::string_view name) override;

 private:
  Status ListInto(const std::string& prefix, size_t entries_max, std::vector<FolderEntry>* entries);

  std::string PartOf(std::string_view name) const;

  Files* const files_;
  const std::string path_;
};

}  // namespace penstock
