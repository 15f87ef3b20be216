// Bytes from a connection to one HTTP/1.1 request (RFC 9112), strictly: what two readers could
// understand in two ways (two lengths, a length and chunks, bare LF, space before a colon) is
// refused. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/http.h"

namespace penstock {

struct RequestLimits {
  size_t line_bytes_max = 16 * 1024;  // the request line (else 414), one field (else 431)
  size_t head_bytes_max = 64 * 1024;  // all of the head (else 431), all trailers (else 400)
};

/// Why a request is refused, and the status that says so. Nothing after it on the connection can be
/// understood.
struct RequestFault {
  int status;
  std::string reason;
  bool operator==(const RequestFault&) const = default;
};

/// Everything before the body. Names, values (without the space around them) and target are exactly
/// as received.
struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool http_1_1 = true;  // else 1.0
  bool keep_alive = false;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<uint64_t> content_length;
};

/// Reads one request. One thread at a time; neither copied nor moved.
class RequestParser {
 public:
  explicit RequestParser(const RequestLimits& limits = {});
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes a part of the front of `bytes` and returns how much. It stops at the end of the head, so
  /// that the caller can look at it before the body comes, and at the end of the request. What it
  /// did not take must be at the front of `bytes` again the next time, with more behind it. Decoded
  /// body bytes are appended to `body`. A fault is final.
  Result<size_t, RequestFault> Feed(std::string_view bytes, std::string& body);

  bool head_done() const;
  bool done() const;
  /// REQUIRES: head_done(). May be moved from.
  RequestHead& head();
  /// Complete once done().
  const Headers& trailers() const;

 private:
  class Beast;
  std::unique_ptr<Beast> beast_;
};

}  // namespace penstock
