#include "net/in_process_client.h"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "net/request_id.h"
#include "net/response_head.h"

namespace penstock {
namespace {

/// What the two ends share; the responder may outlive the call.
struct Exchange {
  std::mutex mutex;
  std::condition_variable changed;
  std::stop_token stop;
  BodySink* sink = nullptr;
  uint64_t body_bytes_max = UINT64_MAX;
  bool caller_left = false;
  bool writing = false;  // a responder is in the sink, outside of the lock
  bool begun = false;
  bool ended = false;
  HttpResponse response;
  std::optional<uint64_t> left;  // of the announced size
  std::optional<Error> error;    // what Send returns instead of the response
  std::chrono::steady_clock::time_point last_activity = std::chrono::steady_clock::now();

  bool Connected() const { return !caller_left && !stop.stop_requested(); }
  // A caller that wakes for its deadline looks at last_activity itself.
  void Touch() { last_activity = std::chrono::steady_clock::now(); }
};

Error Gone() { return Unavailable("the client is gone"); }

class InProcessResponder final : public Responder {
 public:
  InProcessResponder(std::shared_ptr<Exchange> exchange, bool head_request)
      : exchange_(std::move(exchange)), head_request_(head_request) {}

  ~InProcessResponder() override {
    std::lock_guard lock(exchange_->mutex);
    if (exchange_->ended) return;
    exchange_->ended = true;
    exchange_->error = Unavailable("the server closed the connection without a complete answer");
    exchange_->changed.notify_all();
  }

  void Respond(HttpResponse response) override {
    Status status = Begin(response.status, std::move(response.headers), response.body.size());
    if (status) status = Write(response.body);
    if (status) status = Finish();
  }

  Status Begin(int status, Headers headers, std::optional<uint64_t> size) override {
    std::lock_guard lock(exchange_->mutex);
    CHECK(!exchange_->begun, "an answer was already begun");
    exchange_->begun = true;
    bodiless_ = head_request_ || IsBodiless(status);
    if (!IsBodiless(status) && size && !(head_request_ && headers.Has("Content-Length"))) {
      headers.Set("Content-Length", std::to_string(*size));
    }
    exchange_->response.status = status;
    exchange_->response.headers = std::move(headers);
    if (!bodiless_) exchange_->left = size;
    exchange_->Touch();
    if (!exchange_->Connected()) return Gone();
    return {};
  }

  Status Write(std::string_view bytes) override {
    std::unique_lock lock(exchange_->mutex);
    CHECK(exchange_->begun && !finished_, "Write comes after Begin and before Finish");
    if (!exchange_->Connected() || exchange_->ended) return Gone();
    if (bodiless_ || bytes.empty()) return {};
    if (exchange_->left) {
      if (bytes.size() > *exchange_->left) {
        return FailedPrecondition("the body is longer than the Content-Length that was announced");
      }
      *exchange_->left -= bytes.size();
    }
    if (exchange_->sink == nullptr || exchange_->response.status / 100 != 2) {
      if (bytes.size() > exchange_->body_bytes_max - exchange_->response.body.size()) {
        exchange_->error = ResourceExhausted(
            fmt::format("the answer is longer than {} bytes", exchange_->body_bytes_max));
        exchange_->ended = true;
        exchange_->changed.notify_all();
        return Gone();
      }
      exchange_->response.body.append(bytes);
      exchange_->Touch();
      return {};
    }
    // The sink may block; the caller waits for it before it leaves.
    exchange_->writing = true;
    lock.unlock();
    Status status = exchange_->sink->Write(bytes);
    lock.lock();
    exchange_->writing = false;
    if (!status) {
      exchange_->error = std::move(status).error();
      exchange_->ended = true;
    }
    exchange_->changed.notify_all();  // the caller may be waiting to leave
    exchange_->Touch();
    if (exchange_->error) return Gone();
    return {};
  }

  Status Finish() override {
    Status finished = Finished();
    exchange_->changed.notify_all();  // without the lock: who wakes wants it at once
    return finished;
  }

  bool PeerConnected() override {
    std::lock_guard lock(exchange_->mutex);
    return exchange_->Connected();
  }

 private:
  Status Finished() {
    std::lock_guard lock(exchange_->mutex);
    CHECK(exchange_->begun && !finished_, "Finish comes after Begin, once");
    finished_ = true;
    bool gone = !exchange_->Connected() || exchange_->error;
    exchange_->ended = true;
    bool short_body = exchange_->left.value_or(0) > 0;
    if (short_body && !exchange_->error) {
      exchange_->error =
          Unavailable("the server closed the connection before the body was complete");
    }
    exchange_->Touch();
    if (gone) return Gone();
    if (short_body)
      return FailedPrecondition("the body is shorter than the Content-Length that was announced");
    return {};
  }

  const std::shared_ptr<Exchange> exchange_;
  const bool head_request_;
  bool bodiless_ = false;
  bool finished_ = false;
};

class StoppableSource final : public BodySource {
 public:
  StoppableSource(BodySource* source, std::stop_token stop)
      : source_(source), stop_(std::move(stop)) {}
  Result<size_t> Read(std::span<char> buffer) override {
    if (stop_.stop_requested() || error_) return Gone();
    auto count = source_->Read(buffer);
    if (count) return count;
    error_ = std::move(count).error();
    return Unavailable("the client closed the connection before the body was complete");
  }
  std::optional<uint64_t> Size() const override { return source_->Size(); }
  const Headers& Trailers() const override { return source_->Trailers(); }
  /// What the caller's source said, if it failed.
  const std::optional<Error>& error() const { return error_; }

 private:
  BodySource* const source_;
  const std::stop_token stop_;
  std::optional<Error> error_;
};

}  // namespace

Result<HttpResponse> InProcessClient::Send(const ClientRequest& request, BodySource* source,
                                           BodySink* sink, std::stop_token stop) {
  const std::string what = fmt::format("{} {}", request.method, WithoutSecrets(request.url));
  size_t scheme = request.url.find("://");
  if (scheme == std::string::npos) {
    return InvalidArgument(what + ": no URL of the form http(s)://host[:port]/path");
  }
  size_t path = std::min(request.url.find_first_of("/?", scheme + 3), request.url.size());
  StringSource memory(request.body);
  StoppableSource body(source != nullptr ? source : &memory, stop);
  if (!body.Size())
    return InvalidArgument(what + ": the size of the body must be known beforehand");
  if (stop.stop_requested()) return Canceled(what + ": stopped");

  HttpRequest served;
  served.method = request.method;
  served.target = request.url.substr(path);
  if (!served.target.starts_with('/')) served.target.insert(0, "/");
  if (!request.headers.Has("Host")) {
    served.headers.Add("Host", request.url.substr(scheme + 3, path - scheme - 3));
  }
  for (const auto& [name, value] : request.headers.fields()) {
    if (!EqualsIgnoreCase(name, "Content-Length")) served.headers.Add(name, value);
  }
  bool has_body = source != nullptr || *body.Size() > 0 || request.method == "POST" ||
                  request.method == "PUT" || request.method == "PATCH";
  if (has_body) served.headers.Add("Content-Length", std::to_string(*body.Size()));
  served.peer_address = "127.0.0.1:0";
  served.request_id = MakeRequestId(*random_);
  served.received_at = clock_->Now();

  auto over_at = std::chrono::steady_clock::time_point::max();
  if (request.total > Duration(0)) over_at = std::chrono::steady_clock::now() + request.total;
  auto exchange = std::make_shared<Exchange>();
  exchange->stop = stop;
  exchange->sink = sink;
  if (request.answer_bytes_max > 0) exchange->body_bytes_max = request.answer_bytes_max;
  std::stop_callback wake(stop, [&] {
    std::lock_guard lock(exchange->mutex);
    exchange->changed.notify_all();
  });
  service_->Serve(std::move(served), body,
                  std::make_unique<InProcessResponder>(exchange, request.method == "HEAD"));

  std::unique_lock lock(exchange->mutex);
  exchange->last_activity = std::max(exchange->last_activity, std::chrono::steady_clock::now());
  bool timed_out = false;
  while (!exchange->ended && !stop.stop_requested() && !timed_out) {
    auto wait_until = std::min(over_at, exchange->last_activity + request.timeout);
    exchange->changed.wait_until(lock, wait_until);
    timed_out = std::min(over_at, exchange->last_activity + request.timeout) <=
                std::chrono::steady_clock::now();
  }
  exchange->changed.wait(lock, [&] { return !exchange->writing; });
  exchange->caller_left = true;
  if (body.error()) return *body.error();
  if (exchange->ended) {
    if (exchange->error) return *exchange->error;
    return std::move(exchange->response);
  }
  if (stop.stop_requested()) return Canceled(what + ": stopped");
  if (over_at <= std::chrono::steady_clock::now()) {
    return DeadlineExceeded(
        fmt::format("{}: it was not done within {} ms", what, request.total.count()));
  }
  return DeadlineExceeded(
      fmt::format("{}: the server was silent for {} ms", what, request.timeout.count()));
}

}  // namespace penstock
