// RequestBody: the body of the request that a connection is serving, on its way from the io thread,
// which decodes it, to the worker, on which the service reads it. It holds a bounded part of a
// longer one. Private to src/net.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "net/request_parser.h"
#include "ports/http.h"

namespace penstock {

/// Used again for each request of the connection.
class RequestBody final : public BodySource {
 public:
  /// `want_more` is called on the reader's thread when it has read most of what is here and more is
  /// to come; then not again before the next Feed.
  explicit RequestBody(std::function<void()> want_more) : want_more_(std::move(want_more)) {}

  // For the io thread.
  /// A new body. `announced_size`: by Content-Length.
  void Reset(std::optional<uint64_t> announced_size, bool done);
  /// Decodes what it can of `input`; how many bytes of that are used up.
  Result<size_t, RequestFault> Feed(RequestParser& parser, std::string_view input);
  /// Nobody reads any more: drops what is here and what comes.
  void Discard();
  /// Whoever reads beyond what is here gets the first such error.
  void Fail(Error error);
  /// So much is unread that no more should be fetched.
  bool full() const;
  bool failed() const;
  uint64_t decoded_bytes() const;  // of this body, read or not

  // For both.
  /// All of it has been decoded.
  bool done() const;
  /// Gives the memory back. REQUIRES: nobody reads any more.
  void Release();

  // For the worker.
  Result<size_t> Read(std::span<char> buffer) override;
  std::optional<uint64_t> Size() const override;
  const Headers& Trailers() const override { return trailers_; }

 private:
  const std::function<void()> want_more_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<uint64_t> announced_size_;
  std::string bytes_;  // decoded, not yet read from begin_ on
  size_t begin_ = 0;
  uint64_t decoded_bytes_ = 0;
  bool done_ = false;
  bool discarded_ = false;
  bool asked_ = false;  // for more, since the last Feed
  std::optional<Error> error_;
  Headers trailers_;  // once done_
};

}  // namespace penstock
