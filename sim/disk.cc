#include "sim/disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace penstock::sim {
namespace {

constexpr size_t kSector = 512;
constexpr int kPathMax = 256;
constexpr const char* kName = "penstock-sim";

}  // namespace

/// A handle on a file, in the memory that SQLite gives for it.
struct DiskFile {
  sqlite3_file base;
  Disk* disk;
  std::shared_ptr<Disk::File> file;

  static DiskFile& Of(sqlite3_file* file) { return *reinterpret_cast<DiskFile*>(file); }

  static int Close(sqlite3_file* handle) {
    DiskFile& self = Of(handle);
    self.file->locks.erase(&self);
    self.file->shared_locks.erase(&self);
    self.file->exclusive_locks.erase(&self);
    self.file.~shared_ptr();
    return SQLITE_OK;
  }

  static int Read(sqlite3_file* handle, void* to, int size, sqlite3_int64 offset) {
    DiskFile& self = Of(handle);
    if (self.disk->crashed_) return SQLITE_IOERR_READ;
    const std::string& content = self.file->content;
    const auto from = std::min(static_cast<size_t>(offset), content.size());
    const size_t there = std::min(static_cast<size_t>(size), content.size() - from);
    memcpy(to, content.data() + from, there);
    if (there == static_cast<size_t>(size)) return SQLITE_OK;
    memset(static_cast<char*>(to) + there, 0, static_cast<size_t>(size) - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int Write(sqlite3_file* handle, const void* from, int size, sqlite3_int64 offset) {
    DiskFile& self = Of(handle);
    if (!self.disk->MayChange()) return SQLITE_IOERR_WRITE;
    if (self.disk->fault_ == Disk::Fault::kFull) {
      ++self.disk->faults_;
      return SQLITE_FULL;
    }
    Disk::Change change{static_cast<size_t>(offset),
                        std::string(static_cast<const char*>(from), static_cast<size_t>(size)),
                        std::nullopt};
    self.disk->Apply(self.file->content, change, false);
    self.file->unsynced.push_back(std::move(change));
    return SQLITE_OK;
  }

  static int Truncate(sqlite3_file* handle, sqlite3_int64 size) {
    DiskFile& self = Of(handle);
    if (!self.disk->MayChange()) return SQLITE_IOERR_TRUNCATE;
    Disk::Change change{0, {}, static_cast<size_t>(size)};
    self.disk->Apply(self.file->content, change, false);
    self.file->unsynced.push_back(std::move(change));
    return SQLITE_OK;
  }

  static int Sync(sqlite3_file* handle, int) {
    DiskFile& self = Of(handle);
    if (!self.disk->MayChange()) return SQLITE_IOERR_FSYNC;
    if (self.disk->fault_ == Disk::Fault::kSyncFails) {
      ++self.disk->faults_;
      return SQLITE_IOERR_FSYNC;
    }
    if (self.disk->lies_) return SQLITE_OK;
    for (const Disk::Change& change : self.file->unsynced)
      self.disk->Apply(self.file->durable, change, false);
    self.file->unsynced.clear();
    self.file->named = true;
    return SQLITE_OK;
  }

  static int FileSize(sqlite3_file* handle, sqlite3_int64* size) {
    DiskFile& self = Of(handle);
    if (self.disk->crashed_) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(self.file->content.size());
    return SQLITE_OK;
  }

  // ---- locks of the file: many SHARED, of whom one may be RESERVED; PENDING and EXCLUSIVE alone

  static int Lock(sqlite3_file* handle, int level) {
    DiskFile& self = Of(handle);
    for (const auto& [other, held] : self.file->locks) {
      if (other == &self) continue;
      const bool clash = level == SQLITE_LOCK_SHARED     ? held >= SQLITE_LOCK_PENDING
                         : level == SQLITE_LOCK_RESERVED ? held >= SQLITE_LOCK_RESERVED
                                                         : held >= SQLITE_LOCK_SHARED;
      if (clash) return SQLITE_BUSY;
    }
    int& own = self.file->locks[&self];
    own = std::max(own, level);
    return SQLITE_OK;
  }

  static int Unlock(sqlite3_file* handle, int level) {
    DiskFile& self = Of(handle);
    if (level == SQLITE_LOCK_NONE) {
      self.file->locks.erase(&self);
    } else {
      self.file->locks[&self] = level;
    }
    return SQLITE_OK;
  }

  static int CheckReservedLock(sqlite3_file* handle, int* reserved) {
    const auto& locks = Of(handle).file->locks;
    *reserved = std::any_of(locks.begin(), locks.end(),
                            [](const auto& lock) { return lock.second >= SQLITE_LOCK_RESERVED; });
    return SQLITE_OK;
  }

  static int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int SectorSize(sqlite3_file*) { return kSector; }
  static int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // ---- the memory that connections to a write-ahead log share

  static int ShmMap(sqlite3_file* handle, int region, int size, int extend, void volatile** at) {
    DiskFile& self = Of(handle);
    *at = nullptr;
    if (self.disk->crashed_) return SQLITE_IOERR_SHMMAP;
    auto& shared = self.file->shared;
    const auto index = static_cast<size_t>(region);
    if (index >= shared.size() && extend == 0) return SQLITE_OK;
    while (shared.size() <= index)
      shared.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
    *at = shared[index].get();
    return SQLITE_OK;
  }

  static int ShmLock(sqlite3_file* handle, int first, int count, int flags) {
    DiskFile& self = Of(handle);
    const uint32_t mask = ((1u << count) - 1) << first;
    uint32_t& shared = self.file->shared_locks[&self];
    uint32_t& exclusive = self.file->exclusive_locks[&self];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      ((flags & SQLITE_SHM_SHARED) != 0 ? shared : exclusive) &= ~mask;
      return SQLITE_OK;
    }
    const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (const auto& [other, held] : self.file->exclusive_locks) {
      if (other != &self && (held & mask) != 0) return SQLITE_BUSY;
    }
    for (const auto& [other, held] : self.file->shared_locks) {
      if (alone && other != &self && (held & mask) != 0) return SQLITE_BUSY;
    }
    (alone ? exclusive : shared) |= mask;
    return SQLITE_OK;
  }

  static void ShmBarrier(sqlite3_file*) {}

  static int ShmUnmap(sqlite3_file* handle, int) {
    DiskFile& self = Of(handle);
    self.file->shared_locks.erase(&self);
    self.file->exclusive_locks.erase(&self);
    return SQLITE_OK;
  }
};

struct DiskVfs {
  static Disk& Of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* handle, int flags,
                  int* out_flags) {
    static const sqlite3_io_methods kMethods = {
        .iVersion = 2,
        .xClose = DiskFile::Close,
        .xRead = DiskFile::Read,
        .xWrite = DiskFile::Write,
        .xTruncate = DiskFile::Truncate,
        .xSync = DiskFile::Sync,
        .xFileSize = DiskFile::FileSize,
        .xLock = DiskFile::Lock,
        .xUnlock = DiskFile::Unlock,
        .xCheckReservedLock = DiskFile::CheckReservedLock,
        .xFileControl = DiskFile::FileControl,
        .xSectorSize = DiskFile::SectorSize,
        .xDeviceCharacteristics = DiskFile::DeviceCharacteristics,
        .xShmMap = DiskFile::ShmMap,
        .xShmLock = DiskFile::ShmLock,
        .xShmBarrier = DiskFile::ShmBarrier,
        .xShmUnmap = DiskFile::ShmUnmap,
        .xFetch = nullptr,
        .xUnfetch = nullptr};
    handle->pMethods = nullptr;  // no Close after a failure
    Disk& disk = Of(vfs);
    if (disk.crashed_) return SQLITE_CANTOPEN;
    std::shared_ptr<Disk::File> file;
    // Without a name: a temporary file that nobody else sees.
    if (path == nullptr) {
      file = std::make_shared<Disk::File>();
    } else if (auto found = disk.files_.find(path); found != disk.files_.end()) {
      file = found->second;
    } else if ((flags & SQLITE_OPEN_CREATE) != 0 && disk.MayChange()) {
      file = std::make_shared<Disk::File>();
      disk.files_[path] = file;
    } else {
      return SQLITE_CANTOPEN;
    }
    new (handle) DiskFile{{&kMethods}, &disk, std::move(file)};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    Disk& disk = Of(vfs);
    if (!disk.MayChange()) return SQLITE_IOERR_DELETE;
    auto found = disk.files_.find(path);
    if (found == disk.files_.end()) return SQLITE_IOERR_DELETE_NOENT;
    disk.unlinked_.insert_or_assign(path, found->second);
    disk.files_.erase(found);
    if (sync_folder == 0) return SQLITE_OK;
    // All names in it are safe now, and all that are gone stay so.
    disk.unlinked_.clear();
    for (auto& [name, file] : disk.files_) file->named = true;
    return SQLITE_OK;
  }

  static int Access(sqlite3_vfs* vfs, const char* path, int, int* there) {
    Disk& disk = Of(vfs);
    if (disk.crashed_) return SQLITE_IOERR_ACCESS;
    *there = disk.files_.contains(path);
    return SQLITE_OK;
  }

  static int FullPathname(sqlite3_vfs*, const char* path, int size, char* to) {
    sqlite3_snprintf(size, to, "%s", path);
    return SQLITE_OK;
  }

  static int Randomness(sqlite3_vfs* vfs, int size, char* to) {
    for (int i = 0; i < size; ++i) to[i] = static_cast<char>(Of(vfs).salts_.Next());
    return size;
  }

  /// Whoever waits for a lock waits for ever: there is one thread.
  static int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int CurrentTime(sqlite3_vfs*, double* julian_day) {
    *julian_day = 2460000.0;
    return SQLITE_OK;
  }
  static int GetLastError(sqlite3_vfs*, int, char*) { return 0; }
};

Disk::Disk(Dice dice) : dice_(dice), salts_(dice_.Next()), vfs_(std::make_unique<sqlite3_vfs>()) {
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(DiskFile);
  vfs_->mxPathname = kPathMax;
  vfs_->zName = kName;
  vfs_->pAppData = this;
  vfs_->xOpen = DiskVfs::Open;
  vfs_->xDelete = DiskVfs::Delete;
  vfs_->xAccess = DiskVfs::Access;
  vfs_->xFullPathname = DiskVfs::FullPathname;
  vfs_->xRandomness = DiskVfs::Randomness;
  vfs_->xSleep = DiskVfs::Sleep;
  vfs_->xCurrentTime = DiskVfs::CurrentTime;
  vfs_->xGetLastError = DiskVfs::GetLastError;
  CHECK(sqlite3_vfs_register(vfs_.get(), 1) == SQLITE_OK);
  // SQLite's randomness is the process's: it is seeded anew, from here.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESET);
}

Disk::~Disk() { sqlite3_vfs_unregister(vfs_.get()); }

bool Disk::MayChange() {
  if (crash_after_ && (*crash_after_)-- <= 0) {
    ++faults_;
    crashed_ = true;
    crash_after_.reset();
  }
  return !crashed_;
}

void Disk::Apply(std::string& content, const Change& change, bool torn) {
  if (change.shrunk) {
    if (*change.shrunk < content.size()) content.resize(*change.shrunk);
    return;
  }
  const size_t end = change.offset + change.bytes.size();
  for (size_t from = change.offset; from < end;) {
    const size_t until = std::min(end, (from / kSector + 1) * kSector);
    if (!torn || dice_.Percent(50)) {
      if (content.size() < until) content.resize(until);
      memcpy(content.data() + from, change.bytes.data() + (from - change.offset), until - from);
    }
    from = until;
  }
}

void Disk::Restart(bool power_cut) {
  crashed_ = false;
  crash_after_.reset();
  fault_ = Fault::kNone;
  for (auto& [path, file] : files_) {
    CHECK(file.use_count() == 1, "a file is open");
    file->shared.clear();
  }
  if (!power_cut) return;
  for (auto& [path, file] : unlinked_) {
    if (dice_.Percent(50)) files_.try_emplace(path, file);
  }
  unlinked_.clear();
  for (auto it = files_.begin(); it != files_.end();) {
    File& file = *it->second;
    if (!file.named && dice_.Percent(50)) {
      it = files_.erase(it);
      ++faults_;
      continue;
    }
    // The system may have written back all of it, nothing, or any part.
    const int kept = dice_.Below(3);
    if (kept != 0) faults_ += file.unsynced.size();
    for (const Change& change : file.unsynced) {
      if (kept == 0) {
        Apply(file.durable, change, false);
      } else if (kept == 1 && dice_.Percent(60)) {
        Apply(file.durable, change, dice_.Percent(50));
      }
    }
    file.unsynced.clear();
    file.content = file.durable;
    file.named = true;
    ++it;
  }
}

}  // namespace penstock::sim
