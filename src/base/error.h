// Error: an expected failure of our own code (a full disk, a refused connection, a malformed file).
// What goes over an AWS wire is aws/api_error.h instead; a bug is a CHECK.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// What a caller can do about an error; the message says what it was.
enum class ErrorCode {
  kInvalidArgument,     // the input is wrong: say so to whoever gave it, do not try again
  kNotFound,            // the named thing is not there
  kAlreadyExists,       // the named thing is there and must not be
  kFailedPrecondition,  // right input, wrong moment or state
  kPermissionDenied,    // credentials or file modes
  kResourceExhausted,   // a limit, a full disk
  kUnavailable,         // network or server fault: trying again may help
  kDeadlineExceeded,    // it took too long
  kCanceled,            // somebody asked us to stop
  kCorrupt,             // bytes that we or a peer wrote do not read back
  kIo,                  // the operating system refused
};

/// The code as lower-case words, e.g. "not found".
std::string_view ErrorCodeName(ErrorCode code);

/// A failure: what was attempted, what happened, and what to do, in one sentence or two. Value
/// type.
struct Error {
  ErrorCode code;
  std::string message;

  /// The same error with "<context>: " before its message.
  Error In(std::string_view context) &&;

  bool operator==(const Error&) const = default;
};

Error InvalidArgument(std::string message);
Error NotFound(std::string message);
Error AlreadyExists(std::string message);
Error FailedPrecondition(std::string message);
Error PermissionDenied(std::string message);
Error ResourceExhausted(std::string message);
Error Unavailable(std::string message);
Error DeadlineExceeded(std::string message);
Error Canceled(std::string message);
Error Corrupt(std::string message);
Error IoError(std::string message);

}  // namespace penstock
