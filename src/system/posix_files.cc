#include "system/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/text.h"
#include "system/os_error.h"

namespace penstock {
namespace {

Result<FileDescriptor> OpenDescriptor(std::string_view what, const std::string& path, int flags,
                                      unsigned mode = 0) {
  // A NUL would make the system call name another file.
  if (path.find('\0') != std::string::npos) {
    return InvalidArgument(fmt::format("{} {}: the path has a NUL byte", what, path.c_str()));
  }
  int number;
  do {
    number = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return OsError(what, path, errno);
  return FileDescriptor(number);
}

Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return OsError("writing", path, errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

/// read(2), or pread(2) with an offset.
Result<size_t> ReadSome(int descriptor, char* buffer, size_t size, std::optional<uint64_t> offset,
                        const std::string& path) {
  while (true) {
    ssize_t count = offset ? pread(descriptor, buffer, size, static_cast<off_t>(*offset))
                           : read(descriptor, buffer, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return OsError("reading", path, errno);
  }
}

std::string ParentOf(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(FileDescriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    if (!descriptor_.valid()) return FailedPrecondition("writing " + path_ + ": it is closed");
    return WriteAll(descriptor_.get(), bytes, path_);
  }

  Status Sync() override {
    if (!descriptor_.valid()) return FailedPrecondition("syncing " + path_ + ": it is closed");
    // fdatasync also writes the file's size, which is all that reading back needs.
    if (fdatasync(descriptor_.get()) != 0) return OsError("syncing", path_, errno);
    return {};
  }

  Status Close() override {
    if (int error = descriptor_.Close()) return OsError("closing", path_, error);
    return {};
  }

 private:
  FileDescriptor descriptor_;
  const std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(FileDescriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) const override {
    if (offset > static_cast<uint64_t>(INT64_MAX)) return size_t{0};
    size_t done = 0;
    while (done < size) {
      ASSIGN_OR_RETURN(size_t count, ReadSome(descriptor_.get(), buffer + done, size - done,
                                              offset + done, path_));
      if (count == 0) break;
      done += count;
    }
    return done;
  }

  Result<uint64_t> Size() const override {
    struct stat info;
    if (fstat(descriptor_.get(), &info) != 0) return OsError("asking the size of", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  FileDescriptor descriptor_;
  const std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  FileDescriptor descriptor_;
};

/// The content in a file beside `path`, which `move` then moves there.
template <typename Function>
Status WriteBeside(const std::string& path, std::string_view content, unsigned mode,
                   Function move) {
  static std::atomic<uint64_t> counter = 0;
  const size_t name = path.rfind('/') + 1;
  std::string temporary;
  Result<FileDescriptor> descriptor = AlreadyExists("");
  // An earlier process of our number may have died and left its file.
  while (!descriptor && descriptor.error().code == ErrorCode::kAlreadyExists) {
    temporary = fmt::format("{}.{}.{}-{}.tmp", path.substr(0, name), path.substr(name), getpid(),
                            counter++);
    descriptor = OpenDescriptor("creating", temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
  }
  if (!descriptor) return std::move(descriptor).error();

  auto write_and_move = [&]() -> Status {
    RETURN_IF_ERROR(WriteAll(descriptor->get(), content, temporary));
    if (fsync(descriptor->get()) != 0) return OsError("syncing", temporary, errno);
    if (int error = descriptor->Close()) return OsError("closing", temporary, error);
    return move(temporary);
  };
  Status status = write_and_move();
  if (!status) unlink(temporary.c_str());
  return status;
}

}  // namespace

Result<std::string> PosixFiles::Read(const std::string& path) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor, OpenDescriptor("opening", path, O_RDONLY));
  struct stat info;
  if (fstat(descriptor.get(), &info) != 0) return OsError("opening", path, errno);
  // The size is only a first guess: files under /proc say 0, and others can grow meanwhile.
  std::string content(static_cast<size_t>(std::max<off_t>(info.st_size, 0)) + 1, '\0');
  size_t done = 0;
  while (true) {
    if (done == content.size()) content.resize(content.size() * 2 + 4096);
    ASSIGN_OR_RETURN(size_t count, ReadSome(descriptor.get(), content.data() + done,
                                            content.size() - done, std::nullopt, path));
    if (count == 0) break;
    done += count;
  }
  content.resize(done);
  return content;
}

Result<std::unique_ptr<ReadableFile>> PosixFiles::Open(const std::string& path) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor, OpenDescriptor("opening", path, O_RDONLY));
  return std::make_unique<PosixReadableFile>(std::move(descriptor), path);
}

Result<std::unique_ptr<WritableFile>> PosixFiles::Create(const std::string& path, unsigned mode) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor,
                   OpenDescriptor("creating", path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  return std::make_unique<PosixWritableFile>(std::move(descriptor), path);
}

Result<std::unique_ptr<WritableFile>> PosixFiles::Append(const std::string& path, unsigned mode) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor,
                   OpenDescriptor("opening", path, O_WRONLY | O_CREAT | O_APPEND, mode));
  return std::make_unique<PosixWritableFile>(std::move(descriptor), path);
}

Status PosixFiles::Replace(const std::string& path, std::string_view content, unsigned mode) {
  RETURN_IF_ERROR(WriteBeside(
      path, content, mode, [&](const std::string& temporary) { return Rename(temporary, path); }));
  return SyncDirectory(ParentOf(path));
}

Status PosixFiles::WriteNew(const std::string& path, std::string_view content, unsigned mode) {
  RETURN_IF_ERROR(WriteBeside(path, content, mode, [&](const std::string& temporary) {
    return RenameNew(temporary, path);
  }));
  return SyncDirectory(ParentOf(path));
}

Status PosixFiles::Rename(const std::string& source, const std::string& target) {
  if (rename(source.c_str(), target.c_str()) != 0) {
    return OsError("renaming", source + " to " + target, errno);
  }
  return {};
}

Status PosixFiles::RenameNew(const std::string& source, const std::string& target) {
  if (renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0)
    return {};
  // Some file systems cannot: a second name is as atomic.
  if (errno == EINVAL || errno == ENOSYS) {
    if (link(source.c_str(), target.c_str()) == 0) return Remove(source);
  }
  if (errno == EEXIST) return AlreadyExists(target + " was made by somebody else meanwhile");
  return OsError("renaming", source + " to " + target, errno);
}

Status PosixFiles::SyncDirectory(const std::string& path) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor,
                   OpenDescriptor("opening the folder", path, O_RDONLY | O_DIRECTORY));
  if (fsync(descriptor.get()) != 0) return OsError("syncing the folder", path, errno);
  return {};
}

Status PosixFiles::Remove(const std::string& path) {
  if (remove(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return OsError("removing", path, errno);
  }
  return {};
}

Status PosixFiles::RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error && error.value() != ENOENT && error.value() != ENOTDIR) {
    return OsError("removing the folder", path, error.value());
  }
  return {};
}

Status PosixFiles::MakeDirectories(const std::string& path) {
  if (path.empty()) return InvalidArgument("creating a folder: the path is empty");
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    std::string folder = path.substr(0, at);
    if (mkdir(folder.c_str(), 0777) == 0) continue;
    int error = errno;
    struct stat info;
    // On a read-only or foreign parent mkdir refuses even what exists, so look before believing it.
    if (stat(folder.c_str(), &info) != 0) return OsError("creating the folder", folder, error);
    if (!S_ISDIR(info.st_mode)) {
      return AlreadyExists(fmt::format("creating the folder {}: {} is a file", path, folder));
    }
  }
  return {};
}

Result<std::vector<DirectoryEntry>> PosixFiles::List(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) return OsError("listing", path, errno);
  std::vector<DirectoryEntry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) {
      if (errno != 0) return OsError("listing", path, errno);
      break;
    }
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
      struct stat info;
      is_directory =
          fstatat(dirfd(folder.get()), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
    }
    entries.push_back({std::string(name), is_directory});
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

bool PosixFiles::Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

Result<std::string> PosixFiles::Absolute(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  if (failure)
    return OsError("finding the folder that this program is in, for", path, failure.value());
  return absolute.lexically_normal().string();
}

Result<std::unique_ptr<FileLock>> PosixFiles::Lock(const std::string& path) {
  ASSIGN_OR_RETURN(FileDescriptor descriptor,
                   OpenDescriptor("locking", path, O_RDWR | O_CREAT, 0644));
  int result;
  do {
    result = flock(descriptor.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    if (errno != EWOULDBLOCK) return OsError("locking", path, errno);
    char text[64];
    auto count = ReadSome(descriptor.get(), text, sizeof text, 0, path);
    std::string holder(Trim(std::string_view(text, count.value_or(0))));
    if (holder.empty()) return FailedPrecondition(path + " is locked by another process");
    return FailedPrecondition(fmt::format("{} is locked by process {}", path, holder));
  }
  // The pid is for people only: that it cannot be written (a full disk) does not make the lock less
  // held.
  std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor.get(), 0) == 0) {
    [[maybe_unused]] Status written = WriteAll(descriptor.get(), pid, path);
  }
  return std::make_unique<PosixFileLock>(std::move(descriptor));
}

}  // namespace penstock
