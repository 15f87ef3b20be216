#include "transfer/local_folder.h"

#include <algorithm>
#include <set>

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

constexpr std::string_view kPartEnd = ".part";
constexpr std::string_view kTemporaryEnd = ".tmp";  // of what Files::Replace was writing
constexpr std::string_view kCutEnd = ".cut";        // before it, while a part is being shortened

class LocalNewFile : public NewFile {
 public:
  /// `size`: bytes that a saved part has already.
  LocalNewFile(Files* files, std::string path, std::string part, std::unique_ptr<WritableFile> file,
               std::optional<uint64_t> size)
      : files_(files),
        path_(std::move(path)),
        part_(std::move(part)),
        file_(std::move(file)),
        size_(size.value_or(0)),
        stays_(size.has_value()) {}

  ~LocalNewFile() override {
    file_.reset();
    if (!stays_) static_cast<void>(files_->Remove(part_).has_value());
  }

  Status Append(std::string_view bytes) override {
    size_ += bytes.size();
    return file_->Append(bytes);
  }

  Result<FileMark> Save() override {
    RETURN_IF_ERROR(file_->Sync());
    if (!stays_) RETURN_IF_ERROR(files_->SyncDirectory(ParentOf(part_)));
    stays_ = true;
    return FileMark{size_, ""};
  }

  Status Commit() override {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    RETURN_IF_ERROR(files_->RenameNew(part_, path_));
    stays_ = true;
    return files_->SyncDirectory(ParentOf(path_));
  }

 private:
  Files* const files_;
  const std::string path_, part_;
  std::unique_ptr<WritableFile> file_;
  uint64_t size_;
  bool stays_;  // committed, or saved
};

/// The bytes of a part that were saved, without what came after them.
Status CutTo(Files* files, const std::string& path, uint64_t size) {
  constexpr size_t kBlockSize = 1u << 20;
  ASSIGN_OR_RETURN(auto source, files->Open(path));
  std::string cut = path.substr(0, path.size() - kPartEnd.size());
  cut += std::string(kCutEnd) + std::string(kPartEnd);
  ASSIGN_OR_RETURN(auto target, files->Create(cut));
  std::string block(kBlockSize, '\0');
  for (uint64_t at = 0; at < size;) {
    ASSIGN_OR_RETURN(size_t count,
                     source->ReadAt(at, block.data(), std::min<uint64_t>(block.size(), size - at)));
    if (count == 0) return Corrupt(path + " became shorter while it was read");
    RETURN_IF_ERROR(target->Append(std::string_view(block.data(), count)));
    at += count;
  }
  RETURN_IF_ERROR(target->Sync());
  RETURN_IF_ERROR(target->Close());
  return files->Rename(cut, path);
}

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

std::optional<std::string> NameOfUnfinished(std::string_view name) {
  const size_t base = name.rfind('/') + 1;
  if (!name.substr(base).starts_with('.')) return std::nullopt;
  if (name.ends_with(kPartEnd)) {
    name.remove_suffix(kPartEnd.size());
    if (name.ends_with(kCutEnd)) name.remove_suffix(kCutEnd.size());
  } else if (name.ends_with(kTemporaryEnd)) {
    name.remove_suffix(kTemporaryEnd.size());
    const size_t numbers = name.rfind('.') + 1;
    if (name.find_first_not_of("0123456789-", numbers) != std::string_view::npos)
      return std::nullopt;
    name = name.substr(0, numbers - 1);
  } else {
    return std::nullopt;
  }
  if (name.size() < base + 2) return std::nullopt;
  return std::string(name.substr(0, base)) + std::string(name.substr(base + 1));
}

LocalFolder::LocalFolder(Files* files, std::string path)
    : files_(files), path_(WithoutFinalSlash(std::move(path))) {}

Result<std::string> LocalFolder::Url() const {
  ASSIGN_OR_RETURN(std::string path, files_->Absolute(path_));
  return "file://" + path;
}

Result<std::vector<FolderEntry>> LocalFolder::List(size_t entries_max) {
  std::vector<FolderEntry> entries;
  if (!files_->Exists(path_)) return entries;
  if (Status listed = ListInto("", entries_max, &entries); !listed) {
    bool is_file = listed.error().code == ErrorCode::kNotFound && entries.empty();
    if (is_file && files_->Open(path_))
      return InvalidArgument(path_ + " is a file; give the folder that it is in");
    return std::move(listed).error();
  }
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
    // What goes meanwhile was not there.
    if (entry.is_directory) {
      Status listed = ListInto(name + "/", entries_max, entries);
      if (!listed && listed.error().code != ErrorCode::kNotFound) return listed;
      continue;
    }
    auto file = files_->Open(AddressOf(name));
    if (!file && file.error().code == ErrorCode::kNotFound) continue;
    if (!file) return std::move(file).error();
    ASSIGN_OR_RETURN(uint64_t size, (*file)->Size());
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
  std::string path = AddressOf(name), part = PartOf(name);
  RETURN_IF_ERROR(files_->MakeDirectories(ParentOf(path)));
  ASSIGN_OR_RETURN(auto file, files_->Create(part));
  return std::unique_ptr<NewFile>(std::make_unique<LocalNewFile>(
      files_, std::move(path), std::move(part), std::move(file), std::nullopt));
}

Result<std::unique_ptr<NewFile>> LocalFolder::Reopen(std::string_view name, const FileMark& mark,
                                                     std::stop_token) {
  std::string part = PartOf(name);
  ASSIGN_OR_RETURN(auto found, files_->Open(part));
  ASSIGN_OR_RETURN(uint64_t size, found->Size());
  if (size < mark.bytes) {
    return NotFound(fmt::format("{} has {} bytes; {} were saved", part, size, mark.bytes));
  }
  if (size > mark.bytes) RETURN_IF_ERROR(CutTo(files_, part, mark.bytes));
  ASSIGN_OR_RETURN(auto file, files_->Append(part));
  return std::unique_ptr<NewFile>(std::make_unique<LocalNewFile>(
      files_, AddressOf(name), std::move(part), std::move(file), mark.bytes));
}

Status LocalFolder::RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                                     const std::function<bool(std::string_view name)>& ours) {
  std::set<std::string> kept;
  for (const auto& [name, mark] : keep) kept.insert(PartOf(name));
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, List(SIZE_MAX));
  for (const FolderEntry& entry : entries) {
    std::string path = AddressOf(entry.name);
    std::optional<std::string> name = NameOfUnfinished(entry.name);
    if (name && ours(*name) && !kept.contains(path)) RETURN_IF_ERROR(files_->Remove(path));
  }
  return {};
}

std::string LocalFolder::PartOf(std::string_view name) const {
  std::string path = AddressOf(name);
  return ParentOf(path) + "/." + path.substr(path.rfind('/') + 1) + std::string(kPartEnd);
}

Status LocalFolder::Write(std::string_view name, std::string_view content) {
  std::string path = AddressOf(name);
  RETURN_IF_ERROR(files_->MakeDirectories(ParentOf(path)));
  return files_->Replace(path, content);
}

Status LocalFolder::WriteNew(std::string_view name, std::string_view content) {
  std::string path = AddressOf(name);
  RETURN_IF_ERROR(files_->MakeDirectories(ParentOf(path)));
  return files_->WriteNew(path, content);
}

Status LocalFolder::Remove(std::string_view name) { return files_->Remove(AddressOf(name)); }

}  // namespace penstock
