// Status line and header fields of an answer, as bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace penstock {

/// How the reader finds the end of the body.
enum class BodyFraming {
  kNone,        // there is none: 1xx, 204, 304, or the answer to HEAD
  kSized,       // Content-Length
  kChunked,     // Transfer-Encoding: chunked
  kUntilClose,  // HTTP/1.0, size unknown
};

struct ResponseFraming {
  BodyFraming body = BodyFraming::kSized;
  /// kSized: the size. kNone: what a body would have had, if known; a Content-Length among the
  /// fields wins over it.
  std::optional<uint64_t> size;
  /// Adds "Connection: close", or for HTTP/1.0 the opposite.
  bool close = false;
  bool http_1_1 = true;
};

/// "Not Found"; "Unknown" for a status nobody has named.
std::string_view ReasonPhrase(int status);

/// Whether answers of this status never have a body.
bool IsBodiless(int status);

/// The head with its final empty line. Date (from `now`) and Server are added unless they are among
/// `headers`; Content-Length, Transfer-Encoding and Connection are set from `framing`. Control
/// bytes in a field become spaces, so that no value can end its line.
std::string FormatResponseHead(int status, const Headers& headers, const ResponseFraming& framing,
                               Instant now);

}  // namespace penstock
