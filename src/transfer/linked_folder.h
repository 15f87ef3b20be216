// LinkedFolder: an export's folder whose manifest names files that lie elsewhere, by full addresses
// such as "s3://other/place/f" and "file:///mnt/old/f". Such a name is opened where it says; every
// other name is the folder's own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "transfer/data_folder.h"
#include "transfer/transfer.h"

namespace penstock {

/// Thread-safe.
class LinkedFolder : public DataFolder {
 public:
  using OpenFolder = std::function<Result<std::unique_ptr<DataFolder>>(std::string_view address)>;

  /// `open`: opens the folders that names lead to; called by one thread at a time.
  LinkedFolder(std::unique_ptr<DataFolder> folder, OpenFolder open)
      : folder_(std::move(folder)), open_(std::move(open)) {}

  /// How the folder names what a manifest's url says: its own files by their names, others by their
  /// addresses. kInvalidArgument: a manifest in S3 names a local file, which is nobody's to say.
  static Result<std::string> NameOf(const DataFolder& folder, const std::string& url);

  const std::string& address() const override { return folder_->address(); }
  std::string AddressOf(std::string_view name) const override;
  Result<std::vector<FolderEntry>> List(size_t entries_max) override {
    return folder_->List(entries_max);
  }
  Result<std::string> Read(std::string_view name, uint64_t size_max) override {
    return folder_->Read(name, size_max);
  }
  Result<std::unique_ptr<BodySource>> Open(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Create(std::string_view name, std::stop_token stop) override {
    return folder_->Create(name, std::move(stop));
  }
  Result<std::unique_ptr<NewFile>> Reopen(std::string_view name, const FileMark& mark,
                                          std::stop_token stop) override {
    return folder_->Reopen(name, mark, std::move(stop));
  }
  Status RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                          const std::function<bool(std::string_view name)>& ours) override {
    return folder_->RemoveUnfinished(keep, ours);
  }
  std::chrono::nanoseconds save_interval() const override { return folder_->save_interval(); }
  Status Write(std::string_view name, std::string_view content) override {
    return folder_->Write(name, content);
  }
  Status WriteNew(std::string_view name, std::string_view content) override {
    return folder_->WriteNew(name, content);
  }
  Status Remove(std::string_view name) override { return folder_->Remove(name); }

 private:
  const std::unique_ptr<DataFolder> folder_;
  const OpenFolder open_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<DataFolder>, std::less<>> others_;  // by address
};

/// The folder of an export that is to be read; `follows_urls`: a LinkedFolder.
Result<std::unique_ptr<DataFolder>> OpenSourceFolder(const TransferContext& context,
                                                     std::string_view where, bool follows_urls);

}  // namespace penstock
