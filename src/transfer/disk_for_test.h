// Disks for tests: one that does not wait for the hardware, and one that dies. For tests only.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ports/files.h"

namespace penstock::testing {

/// A disk that keeps nothing through a loss of power, and so is fast: what tests are about who do
/// not cut it.
class HastyFiles : public Files {
 public:
  explicit HastyFiles(Files* files) : files_(files) {}

  Result<std::string> Read(const std::string& path) override { return files_->Read(path); }
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return files_->Open(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                               unsigned mode = 0644) override {
    return Hasty(files_->Create(path, mode));
  }
  Result<std::unique_ptr<WritableFile>> Append(const std::string& path,
                                               unsigned mode = 0644) override {
    return Hasty(files_->Append(path, mode));
  }
  Status Replace(const std::string& path, std::string_view content, unsigned mode = 0644) override {
    const std::string other = path + "." + std::to_string(++replaced_) + ".tmp";
    ASSIGN_OR_RETURN(auto file, files_->Create(other, mode));
    RETURN_IF_ERROR(file->Append(content));
    RETURN_IF_ERROR(file->Close());
    // Some file systems write a file out at once when it replaces another.
    RETURN_IF_ERROR(files_->Remove(path));
    return files_->Rename(other, path);
  }
  Status WriteNew(const std::string& path, std::string_view content,
                  unsigned mode = 0644) override {
    const std::string other = path + "." + std::to_string(++replaced_) + ".tmp";
    ASSIGN_OR_RETURN(auto file, files_->Create(other, mode));
    RETURN_IF_ERROR(file->Append(content));
    RETURN_IF_ERROR(file->Close());
    Status moved = files_->RenameNew(other, path);
    if (!moved) static_cast<void>(files_->Remove(other).has_value());
    return moved;
  }
  Status Rename(const std::string& source, const std::string& target) override {
    return files_->Rename(source, target);
  }
  Status RenameNew(const std::string& source, const std::string& target) override {
    return files_->RenameNew(source, target);
  }
  Status SyncDirectory(const std::string&) override { return {}; }
  Status Remove(const std::string& path) override { return files_->Remove(path); }
  Status RemoveTree(const std::string& path) override { return files_->RemoveTree(path); }
  Status MakeDirectories(const std::string& path) override { return files_->MakeDirectories(path); }
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override {
    return files_->List(path);
  }
  bool Exists(const std::string& path) override { return files_->Exists(path); }
  Result<std::string> Absolute(const std::string& path) override { return files_->Absolute(path); }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return files_->Lock(path);
  }

 private:
  class HastyFile : public WritableFile {
   public:
    explicit HastyFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
    Status Append(std::string_view bytes) override { return file_->Append(bytes); }
    Status Sync() override { return {}; }
    Status Close() override { return file_->Close(); }

   private:
    std::unique_ptr<WritableFile> file_;
  };

  static Result<std::unique_ptr<WritableFile>> Hasty(Result<std::unique_ptr<WritableFile>> file) {
    if (!file) return file;
    return std::unique_ptr<WritableFile>(std::make_unique<HastyFile>(*std::move(file)));
  }

  Files* const files_;
  std::atomic<int> replaced_ = 0;
};

/// A disk that, after a number of changes, loses its power: the change does not happen, nor does
/// any after it.
class DyingFiles : public HastyFiles {
 public:
  DyingFiles(Files* files, int changes) : HastyFiles(files), left_(changes) {}
  bool is_dead() const { return left_ < 0; }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                               unsigned mode = 0644) override {
    if (!Lives()) return Dead();
    ASSIGN_OR_RETURN(auto file, HastyFiles::Create(path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<DyingFile>(this, std::move(file)));
  }
  Status Replace(const std::string& path, std::string_view content, unsigned mode = 0644) override {
    return Lives() ? HastyFiles::Replace(path, content, mode) : Status(Dead());
  }
  Status WriteNew(const std::string& path, std::string_view content,
                  unsigned mode = 0644) override {
    return Lives() ? HastyFiles::WriteNew(path, content, mode) : Status(Dead());
  }
  Status Rename(const std::string& source, const std::string& target) override {
    return Lives() ? HastyFiles::Rename(source, target) : Status(Dead());
  }
  Status RenameNew(const std::string& source, const std::string& target) override {
    return Lives() ? HastyFiles::RenameNew(source, target) : Status(Dead());
  }
  Status Remove(const std::string& path) override {
    return Lives() ? HastyFiles::Remove(path) : Status(Dead());
  }

 private:
  class DyingFile : public WritableFile {
   public:
    DyingFile(DyingFiles* disk, std::unique_ptr<WritableFile> file)
        : disk_(disk), file_(std::move(file)) {}
    Status Append(std::string_view bytes) override {
      if (disk_->Lives()) return file_->Append(bytes);
      static_cast<void>(file_->Append(bytes.substr(0, bytes.size() / 2)).has_value());
      return Dead();
    }
    Status Sync() override { return {}; }
    Status Close() override { return file_->Close(); }

   private:
    DyingFiles* const disk_;
    std::unique_ptr<WritableFile> file_;
  };

  bool Lives() { return left_-- > 0; }
  static Error Dead() { return IoError("the power is gone"); }

  std::atomic<int> left_;
};

}  // namespace penstock::testing
