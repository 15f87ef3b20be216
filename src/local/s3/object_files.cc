#include "local/s3/object_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/check.h"
#include "base/log.h"

namespace penstock {
namespace {

constexpr uint64_t kBlockSize = 256;
constexpr size_t kRemovedNotesMax = 256;
constexpr int kFolders = 256;

constexpr std::string_view kNextKey = "s3/f/next";
constexpr std::string_view kBlockPrefix = "s3/f/block/";
constexpr std::string_view kLivePrefix = "s3/f/live/";
constexpr std::string_view kGonePrefix = "s3/f/gone/";

std::string IdText(uint64_t id) { return fmt::format("{:016x}", id); }
std::string IdKey(std::string_view prefix, uint64_t id) { return std::string(prefix) + IdText(id); }

Result<uint64_t> ParseId(std::string_view text) {
  uint64_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Corrupt("the journal of object files does not read back");
  }
  return id;
}

uint64_t BlockOf(FileId id) { return (id - 1) / kBlockSize * kBlockSize + 1; }

Result<std::vector<uint64_t>> IdsUnder(KeyValue& index, std::string_view prefix) {
  std::vector<uint64_t> ids;
  auto iterator = index.NewIterator(std::string(prefix), PrefixEnd(std::string(prefix)));
  for (iterator->Seek(prefix); iterator->Valid(); iterator->Next()) {
    ASSIGN_OR_RETURN(uint64_t id, ParseId(iterator->key().substr(prefix.size())));
    ids.push_back(id);
  }
  RETURN_IF_ERROR(iterator->status());
  return ids;
}

void AddBlockEnd(WriteBatch& batch, uint64_t first) {
  batch.Delete(IdKey(kBlockPrefix, first));
  batch.DeleteRange(IdKey(kLivePrefix, first), IdKey(kLivePrefix, first + kBlockSize));
}

}  // namespace

NewObjectFile::NewObjectFile(ObjectFiles& owner, FileId id, std::unique_ptr<WritableFile> file)
    : owner_(owner), id_(id), file_(std::move(file)) {}

NewObjectFile::~NewObjectFile() {
  file_.reset();
  if (stage_ == Stage::kUnknown) return;
  if (stage_ != Stage::kKept) {
    const std::string path =
        stage_ == Stage::kWriting ? owner_.TemporaryPath(id_) : owner_.Path(id_);
    Status removed = owner_.files_->Remove(path);
    // A failed rename may have worked; and what cannot be removed now is the next Open's.
    if (removed && stage_ == Stage::kWriting) removed = owner_.files_->Remove(owner_.Path(id_));
    if (!removed) {
      Log(LogLevel::kWarning, "s3: an unfinished file stays until the next start: {}",
          removed.error().message);
      return;
    }
  }
  owner_.Settle(id_);
}

Status NewObjectFile::Append(std::string_view bytes) { return file_->Append(bytes); }

Status NewObjectFile::Finish() {
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  file_.reset();
  RETURN_IF_ERROR(owner_.files_->Rename(owner_.TemporaryPath(id_), owner_.Path(id_)));
  stage_ = Stage::kNamed;
  return owner_.files_->SyncDirectory(owner_.Folder(id_));
}

void NewObjectFile::KeepIn(WriteBatch& batch) {
  CHECK(stage_ == Stage::kNamed);
  batch.Put(IdKey(kLivePrefix, id_), "");
  stage_ = Stage::kUnknown;
}

void NewObjectFile::BatchWritten(bool written) {
  CHECK(stage_ == Stage::kUnknown);
  if (written) stage_ = Stage::kKept;
}

ObjectFiles::ObjectFiles(std::string folder, Files* files, KeyValue* index)
    : folder_(std::move(folder)), files_(files), index_(index) {}

Result<std::unique_ptr<ObjectFiles>> ObjectFiles::Open(std::string folder, Files* files,
                                                       KeyValue* index) {
  std::unique_ptr<ObjectFiles> made(new ObjectFiles(std::move(folder), files, index));
  RETURN_IF_ERROR(made->MakeFolders());
  RETURN_IF_ERROR(made->Sweep());
  return made;
}

std::string ObjectFiles::TemporaryPath(FileId id) const { return folder_ + "/tmp/" + IdText(id); }
std::string ObjectFiles::Folder(FileId id) const {
  return fmt::format("{}/objects/{:02x}", folder_, id % kFolders);
}
std::string ObjectFiles::Path(FileId id) const { return Folder(id) + "/" + IdText(id); }

Status ObjectFiles::MakeFolders() {
  RETURN_IF_ERROR(files_->MakeDirectories(folder_ + "/tmp"));
  // The last one is there only if all of them are: it is made last.
  if (files_->Exists(Folder(kFolders - 1))) return {};
  for (int i = 0; i < kFolders; ++i) RETURN_IF_ERROR(files_->MakeDirectories(Folder(i)));
  RETURN_IF_ERROR(files_->SyncDirectory(folder_ + "/objects"));
  return files_->SyncDirectory(folder_);
}

Status ObjectFiles::Sweep() {
  ASSIGN_OR_RETURN(auto unfinished, files_->List(folder_ + "/tmp"));
  for (const DirectoryEntry& entry : unfinished)
    RETURN_IF_ERROR(files_->Remove(folder_ + "/tmp/" + entry.name));

  WriteBatch done;
  std::set<std::string> touched;
  ASSIGN_OR_RETURN(std::vector<uint64_t> blocks, IdsUnder(*index_, kBlockPrefix));
  for (uint64_t first : blocks) {
    for (FileId id = first; id < first + kBlockSize; ++id) {
      ASSIGN_OR_RETURN(auto live, index_->Get(IdKey(kLivePrefix, id)));
      if (live || !files_->Exists(Path(id))) continue;
      RETURN_IF_ERROR(files_->Remove(Path(id)));
      touched.insert(Folder(id));
    }
    AddBlockEnd(done, first);
  }
  ASSIGN_OR_RETURN(std::vector<uint64_t> gone, IdsUnder(*index_, kGonePrefix));
  for (FileId id : gone) {
    RETURN_IF_ERROR(files_->Remove(Path(id)));
    touched.insert(Folder(id));
    done.Delete(IdKey(kGonePrefix, id));
  }
  for (const std::string& folder : touched) RETURN_IF_ERROR(files_->SyncDirectory(folder));
  if (!done.operations.empty()) RETURN_IF_ERROR(index_->Write(done, Durability::kDisk));

  ASSIGN_OR_RETURN(auto next, index_->Get(kNextKey));
  if (next) {
    ASSIGN_OR_RETURN(next_id_, ParseId(*next));
    block_end_ = next_id_;
  }
  return {};
}

Result<uint64_t> ObjectFiles::TakeId(bool for_file) {
  std::lock_guard lock(ids_mutex_);
  if (next_id_ == block_end_) {
    WriteBatch batch;
    batch.Put(IdKey(kBlockPrefix, next_id_), "");
    batch.Put(std::string(kNextKey), IdText(next_id_ + kBlockSize));
    RETURN_IF_ERROR(index_->Write(batch, Durability::kDisk));
    blocks_[next_id_];
    block_end_ = next_id_ + kBlockSize;
  }
  uint64_t id = next_id_++;
  Block& block = blocks_[BlockOf(id)];
  // An id that names no file is settled by those that do, or by the next Open.
  if (for_file) ++block.in_use;
  if (next_id_ == block_end_) block.exhausted = true;
  return id;
}

Result<uint64_t> ObjectFiles::NewId() { return TakeId(false); }

Result<std::unique_ptr<NewObjectFile>> ObjectFiles::Create() {
  ASSIGN_OR_RETURN(FileId id, TakeId(true));
  auto file = files_->Create(TemporaryPath(id));
  if (!file) {
    Settle(id);
    return std::move(file).error();
  }
  return std::unique_ptr<NewObjectFile>(new NewObjectFile(*this, id, *std::move(file)));
}

void ObjectFiles::Settle(FileId id) {
  WriteBatch batch;
  {
    std::lock_guard lock(ids_mutex_);
    auto found = blocks_.find(BlockOf(id));
    CHECK(found != blocks_.end() && found->second.in_use > 0);
    if (--found->second.in_use > 0 || !found->second.exhausted) return;
    AddBlockEnd(batch, found->first);
    blocks_.erase(found);
  }
  // Losing this write costs the next Open a look at 256 names.
  if (Status written = index_->Write(batch, Durability::kProcess); !written) {
    Log(LogLevel::kWarning, "s3: {}", written.error().message);
  }
}

Result<std::unique_ptr<ReadableFile>> ObjectFiles::OpenFile(FileId id) const {
  return files_->Open(Path(id));
}

ObjectFiles::Pin ObjectFiles::PinFiles(FileId first) {
  std::lock_guard lock(pins_mutex_);
  ++pins_[first].count;
  return Pin(this, first);
}

void ObjectFiles::Unpin(FileId first) {
  std::vector<FileId> remove;
  {
    std::lock_guard lock(pins_mutex_);
    auto found = pins_.find(first);
    CHECK(found != pins_.end());
    if (--found->second.count > 0) return;
    remove = std::move(found->second.remove_later);
    pins_.erase(found);
  }
  RemoveNow(remove);
}

void ObjectFiles::ForgetIn(WriteBatch& batch, const std::vector<FileId>& ids) {
  for (FileId id : ids) {
    if (id != 0) batch.Put(IdKey(kGonePrefix, id), "");
  }
}

void ObjectFiles::Remove(std::vector<FileId> ids) {
  std::erase(ids, FileId{0});
  if (ids.empty()) return;
  {
    std::lock_guard lock(pins_mutex_);
    if (auto found = pins_.find(ids.front()); found != pins_.end()) {
      found->second.remove_later = std::move(ids);
      return;
    }
    // Within the lock: who pins after this finds the first file gone.
    if (Status removed = files_->Remove(Path(ids.front())); !removed) {
      Log(LogLevel::kWarning, "s3: a replaced file stays until the next start: {}",
          removed.error().message);
      return;
    }
  }
  RemoveNow(ids);
}

void ObjectFiles::RemoveNow(const std::vector<FileId>& ids) {
  std::vector<FileId> removed;
  for (FileId id : ids) {
    if (Status status = files_->Remove(Path(id)); status) {
      removed.push_back(id);
    } else {
      Log(LogLevel::kWarning, "s3: a replaced file stays until the next start: {}",
          status.error().message);
    }
  }
  NoteRemoved(removed);
}

void ObjectFiles::NoteRemoved(const std::vector<FileId>& ids) {
  std::vector<FileId> settled;
  {
    std::lock_guard lock(removed_mutex_);
    removed_.insert(removed_.end(), ids.begin(), ids.end());
    if (removed_.size() < kRemovedNotesMax) return;
    settled.swap(removed_);
  }
  // A note may only go once the removal is durable, or power loss could bring the file back for
  // ever.
  std::set<std::string> folders;
  WriteBatch batch;
  for (FileId id : settled) {
    folders.insert(Folder(id));
    batch.Delete(IdKey(kGonePrefix, id));
  }
  for (const std::string& folder : folders) {
    if (!files_->SyncDirectory(folder)) return;
  }
  if (Status written = index_->Write(batch, Durability::kProcess); !written) {
    Log(LogLevel::kWarning, "s3: {}", written.error().message);
  }
}

}  // namespace penstock
