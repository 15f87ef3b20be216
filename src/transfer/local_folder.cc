#include "transfer/local_folder.h"

#include <algorithm>

namespace penstock {
namespace {

std::string WithoutFinalSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string ParentOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

class LocalNewFile : public NewFile {
 public:
  LocalNewFile(Files* files, std::string path, std::string part, std::unique_ptr<WritableFile> file)
      : files_(files), path_(std::move(path)), part_(std::move(part)), file_(std::move(file)) {}

  ~LocalNewFile() override {
    file_.reset();
    if (!committed_) static_cast<void>(files_->Remove(part_).has_value());
  }

  Status Append(std::string_view bytes) override { return file_->Append(bytes); }

  Status Commit() override {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    if (files_->Exists(path_)) return AlreadyExists(path_ + " was made by somebody else meanwhile");
    RETURN_IF_ERROR(files_->Rename(part_, path_));
    committed_ = true;
    return files_->SyncDirectory(ParentOf(path_));
  }

 private:
  Files* const files_;
  const std::string path_, part_;
  std::unique_ptr<WritableFile> file_;
  bool committed_ = false;
};

class LocalSource : public BodySource {
 public:
  LocalSource(std::unique_ptr<ReadableFile> file, uint64_t size, std::string path,
              std::stop_token stop)
      : file_(std::move(file)), size_(size), path_(std::move(path)), stop_(std::move(stop)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    if (stop_.stop_requested()) return Canceled("reading " + path_ + " was stopped");
    size_t wanted = std::min<uint64_t>(buffer.size(), size_ - offset_);
    if (wanted == 0) return size_t{0};
    ASSIGN_OR_RETURN(size_t count, file_->ReadAt(offset_, buffer.data(), wanted));
    if (count == 0) return Corrupt(path_ + " became shorter while it was read");
    offset_ += count;
    return count;
  }
  std::optional<uint64_t> Size() const override { return size_; }

 private:
  std::unique_ptr<ReadableFile> file_;
  const uint64_t size_;
  const std::string path_;
  const std::stop_token stop_;
  uint64_t offset_ = 0;
};

}  // namespace

LocalFolder::LocalFolder(Files* files, std::string path)
    : files_(files), path_(WithoutFinalSlash(std::move(path))) {}

Result<std::vector<FolderEntry>> LocalFolder::List(size_t entries_max) {
  std::vector<FolderEntry> entries;
  if (!files_->Exists(path_)) return entries;
  RETURN_IF_ERROR(ListInto("", entries_max, &entries));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status LocalFolder::ListInto(const std::string& prefix, size_t entries_max,
                             std::vector<FolderEntry>* entries) {
  ASSIGN_OR_RETURN(std::vector<DirectoryEntry> found, files_->List(path_ + "/" + prefix));
  for (const DirectoryEntry& entry : found) {
    if (entries->size() >= entries_max) break;
    std::string name = prefix + entry.name;
    if (entry.is_directory) {
      RETURN_IF_ERROR(ListInto(name + "/", entries_max, entries));
      continue;
    }
    ASSIGN_OR_RETURN(auto file, files_->Open(AddressOf(name)));
    ASSIGN_OR_RETURN(uint64_t size, file->Size());
    entries->push_back({std::move(name), size});
  }
  return {};
}

Result<std::string> LocalFolder::Read(std::string_view name, uint64_t size_max) {
  std::string path = AddressOf(name);
  ASSIGN_OR_RETURN(auto file, files_->Open(path));
  ASSIGN_OR_RETURN(uint64_t size, file->Size());
  if (size > size_max)
    return ResourceExhausted(fmt::format("{} has {} bytes, more than {}", path, size, size_max));
  return files_->Read(path);
}

Result<std::unique_ptr<BodySource>> LocalFolder::Open(std::string_view name, std::stop_token stop) {
  std::string path = AddressOf(name);
  ASSIGN_OR_RETURN(auto file, files_->Open(path));
  ASSIGN_OR_RETURN(uint64_t size, file->Size());
  return std::unique_ptr<BodySource>(
      std::make_unique<LocalSource>(std::move(file), size, std::move(path), std::move(stop)));
}

Result<std::unique_ptr<NewFile>> LocalFolder::Create(std::string_view name, std::stop_token) {
  std::string path = AddressOf(name);
  std::string part = ParentOf(path) + "/." + path.substr(path.rfind('/') + 1) + ".part";
  RETURN_IF_ERROR(files_->MakeDirectories(ParentOf(path)));
  ASSIGN_OR_RETURN(auto file, files_->Create(part));
  return std::unique_ptr<NewFile>(
      std::make_unique<LocalNewFile>(files_, std::move(path), std::move(part), std::move(file)));
}

Status LocalFolder::Write(std::string_view name, std::string_view content) {
  std::string path = AddressOf(name);
  RETURN_IF_ERROR(files_->MakeDirectories(ParentOf(path)));
  return files_->Replace(path, content);
}

Status LocalFolder::Remove(std::string_view name) { return files_->Remove(AddressOf(name)); }

}  // namespace penstock
