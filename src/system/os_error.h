// What errno says, as an Error, and file descriptors that close themselves.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace penstock {

/// "<what> <path>: <strerror>" with the code a caller can act on: kNotFound, kAlreadyExists,
/// kPermissionDenied, kResourceExhausted (full disk, quota, no more descriptors), else kIo.
Error OsError(std::string_view what, const std::string& path, int error_number);

/// Owns a file descriptor, or none (-1). Movable.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() { Close(); }

  bool valid() const { return number_ >= 0; }
  int get() const { return number_; }
  /// 0, or the errno of close(2); 0 if there was none.
  int Close();

 private:
  int number_ = -1;
};

}  // namespace penstock
