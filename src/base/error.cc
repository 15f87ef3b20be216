#include "base/error.h"

#include <utility>

namespace penstock {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kAlreadyExists:
      return "already exists";
    case ErrorCode::kFailedPrecondition:
      return "failed precondition";
    case ErrorCode::kPermissionDenied:
      return "permission denied";
    case ErrorCode::kResourceExhausted:
      return "resource exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDeadlineExceeded:
      return "deadline exceeded";
    case ErrorCode::kCanceled:
      return "canceled";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIo:
      return "input/output error";
  }
  return "unknown";
}

Error Error::In(std::string_view context) && {
  return {code, std::string(context) + ": " + std::move(message)};
}

Error InvalidArgument(std::string m) { return {ErrorCode::kInvalidArgument, std::move(m)}; }
Error NotFound(std::string m) { return {ErrorCode::kNotFound, std::move(m)}; }
Error AlreadyExists(std::string m) { return {ErrorCode::kAlreadyExists, std::move(m)}; }
Error FailedPrecondition(std::string m) { return {ErrorCode::kFailedPrecondition, std::move(m)}; }
Error PermissionDenied(std::string m) { return {ErrorCode::kPermissionDenied, std::move(m)}; }
Error ResourceExhausted(std::string m) { return {ErrorCode::kResourceExhausted, std::move(m)}; }
Error Unavailable(std::string m) { return {ErrorCode::kUnavailable, std::move(m)}; }
Error DeadlineExceeded(std::string m) { return {ErrorCode::kDeadlineExceeded, std::move(m)}; }
Error Canceled(std::string m) { return {ErrorCode::kCanceled, std::move(m)}; }
Error Corrupt(std::string m) { return {ErrorCode::kCorrupt, std::move(m)}; }
Error IoError(std::string m) { return {ErrorCode::kIo, std::move(m)}; }

}  // namespace penstock
