#include "system/os_error.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace penstock {
namespace {

ErrorCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return ErrorCode::kResourceExhausted;
    case ENAMETOOLONG:
    case EINVAL:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error OsError(std::string_view what, const std::string& path, int error_number) {
  // generic_category, unlike strerror, may be asked by several threads at once.
  return {CodeOf(error_number),
          fmt::format("{} {}: {}", what, path, std::generic_category().message(error_number))};
}

int FileDescriptor::Close() {
  int number = std::exchange(number_, -1);
  // On Linux the descriptor is gone even after EINTR, so close is never tried again.
  if (number >= 0 && close(number) != 0 && errno != EINTR) return errno;
  return 0;
}

}  // namespace penstock
