// HTTP as this program sees it: a server side (HttpService) and a client side (HttpClient) that fit
// each other, so that either can stand in for the other and tests need no socket
// (net/in_process_client.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

/// Header fields in order, names compared without case. Value type.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces all fields of that name.
  void Set(std::string name, std::string value);
  void Remove(std::string_view name);
  /// The first field of that name; the view lives until the headers change.
  std::optional<std::string_view> Get(std::string_view name) const;
  std::vector<std::string_view> GetAll(std::string_view name) const;
  bool Has(std::string_view name) const { return Get(name).has_value(); }
  const std::vector<Field>& fields() const { return fields_; }

  bool operator==(const Headers&) const = default;

 private:
  std::vector<Field> fields_;
};

/// Who signed a request; the gateway fills it in. A request that reaches a service behind the
/// gateway always has one, save those the design lists as served unsigned.
struct Caller {
  std::string account;  // 12 digits
  std::string access_key_id;
  std::string user_arn;  // arn:aws:iam::<account>:root or …:user/NAME
  std::string region;    // of the signature's scope
  std::string service;   // signing name, e.g. "dynamodb"
  bool operator==(const Caller&) const = default;
};

struct HttpRequest {
  std::string method;
  std::string target;  // path and query exactly as received, percent-encoded
  Headers headers;
  std::string peer_address;  // "127.0.0.1:50123"
  std::string request_id;    // ours, a UUID, on every log line and answer
  Instant received_at{};
  std::optional<Caller> caller;

  /// The target up to '?', still encoded; the query after it, without '?'.
  std::string_view RawPath() const;
  std::string_view RawQuery() const;
};

/// Decoded query parameters in order. A key without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view raw_query);

/// The URL as logs and errors may show it: without user and password, query and fragment, which can
/// hold secrets. What is no URL (a mail address) stays as it is, up to a '?' or '#'.
std::string WithoutSecrets(std::string_view url);

/// A body being read. One thread at a time; lives as long as its maker says.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills the front of `buffer`; the count, 0 at the end. An error (peer gone, wrong digest) is
  /// final.
  virtual Result<size_t> Read(std::span<char> buffer) = 0;
  /// Bytes in all, if known beforehand.
  virtual std::optional<uint64_t> Size() const { return std::nullopt; }
  /// Trailing fields (chunked bodies); complete once Read gave 0.
  virtual const Headers& Trailers() const;
};

/// A body in memory. The view must outlive it.
class StringSource : public BodySource {
 public:
  explicit StringSource(std::string_view body) : left_(body), size_(body.size()) {}
  Result<size_t> Read(std::span<char> buffer) override;
  std::optional<uint64_t> Size() const override { return size_; }

 private:
  std::string_view left_;
  uint64_t size_;
};

/// The whole body as one string; kResourceExhausted if it is longer than `size_max`.
Result<std::string> ReadAll(BodySource& source, uint64_t size_max);

/// Where a body is written to, piece by piece. One thread at a time.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Status Write(std::string_view bytes) = 0;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

/// The answer to one request: either Respond() once, or Begin(), Write()…, Finish(). May be kept
/// after Serve has returned and completed from any thread (one at a time). Destroying it unanswered
/// closes the connection.
class Responder {
 public:
  virtual ~Responder() = default;
  /// Sends it whole; Content-Length is set here. A HEAD answer may carry Content-Length in
  /// `headers` and no body.
  virtual void Respond(HttpResponse response) = 0;
  /// Sends status and headers; with `size` a Content-Length body of just so many bytes follows,
  /// else a chunked one.
  virtual Status Begin(int status, Headers headers, std::optional<uint64_t> size) = 0;
  /// Blocks while the peer is slow. An error means that the peer is gone: give up.
  virtual Status Write(std::string_view bytes) = 0;
  virtual Status Finish() = 0;
  /// Whether the peer still holds its end open; a hint that can be old by the time it is read.
  virtual bool PeerConnected() = 0;
};

/// Anything that answers HTTP requests. Thread-safe: Serve is called from many threads at once.
class HttpService {
 public:
  virtual ~HttpService() = default;
  /// `body` lives until Serve returns. The responder may live on.
  virtual void Serve(HttpRequest request, BodySource& body,
                     std::unique_ptr<Responder> responder) = 0;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http(s)://host[:port]/path?query, already encoded
  Headers headers;
  std::string body;
  Duration connect_timeout{5'000};
  Duration timeout{60'000};  // of silence: no byte either way for so long
  Duration total{0};         // of the whole call, however lively; 0: no bound
  /// Of a body that goes into the response; a longer one is kResourceExhausted. 0: the client's own
  /// bound.
  uint64_t answer_bytes_max = 0;
  std::string ca_bundle;  // PEM file with the certificates to trust; empty: the client's own
};

/// Sends requests. Thread-safe; keeps connections alive between calls.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// An answer with any status is a value; only "no answer" is an Error (kUnavailable,
  /// kDeadlineExceeded, kCanceled). With `sink`, a 2xx body goes there instead of into the
  /// response. With `source`, its bytes are the request body instead of `request.body`; it needs
  /// Size(). Stopping `stop` ends the call soon, with kCanceled.
  virtual Result<HttpResponse> Send(const ClientRequest& request, BodySource* source,
                                    BodySink* sink, std::stop_token stop) = 0;

  Result<HttpResponse> Send(const ClientRequest& request) {
    return Send(request, nullptr, nullptr, {});
  }
};

}  // namespace penstock
