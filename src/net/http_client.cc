#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace penstock {
namespace {

using std::chrono::steady_clock;

void InitializeCurlOnce() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(result == CURLE_OK, "curl_global_init: {}", curl_easy_strerror(result));
}

Result<std::string> OriginOf(const std::string& url) {
  size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  size_t end = std::min(url.find_first_of("/?#", scheme), url.size());
  if (scheme == 0 || end == scheme) {
    return InvalidArgument(
        fmt::format("'{}' is no URL of the form http(s)://host[:port]/path", WithoutSecrets(url)));
  }
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) {
      return InvalidArgument(
          fmt::format("the URL '{}' has a space or a control character; encode it as %XX",
                      WithoutSecrets(url)));
    }
  }
  return url.substr(0, end);
}

}  // namespace

/// What curl gets as CURLOPT_HTTPHEADER. Keeps its memory from call to call.
class CurlHeaders {
 public:
  Status Fill(const Headers& headers) {
    text_.clear();
    starts_.clear();
    for (const auto& [name, value] : headers.fields()) {
      if (name.empty() ||
          name.find_first_of(std::string_view("\r\n\0: ", 5)) != std::string::npos ||
          value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        return InvalidArgument(
            fmt::format("the header field '{}' has characters that HTTP forbids", name.c_str()));
      }
      // curl counts the body itself; a second Content-Length would be refused by any careful
      // server.
      if (EqualsIgnoreCase(name, "Content-Length")) continue;
      Append(name, value.empty() ? ";" : ": ", value);
    }
    // A name without a value takes a field away that curl would add of its own accord.
    for (std::string_view name : {"Accept", "Expect", "Content-Type", "User-Agent"}) {
      if (!headers.Has(name)) Append(name, ":", "");
    }
    lines_.resize(starts_.size());
    for (size_t i = 0; i < lines_.size(); ++i)
      lines_[i] = {text_.data() + starts_[i], i + 1 < lines_.size() ? &lines_[i + 1] : nullptr};
    return {};
  }
  /// Until the next Fill.
  curl_slist* get() { return lines_.data(); }

 private:
  void Append(std::string_view name, std::string_view separator, std::string_view value) {
    starts_.push_back(text_.size());
    text_.append(name).append(separator).append(value).push_back('\0');
  }

  std::string text_;            // all lines, a NUL behind each
  std::vector<size_t> starts_;  // of them in it
  std::vector<curl_slist> lines_;
};

/// One call in flight: what curl's callbacks see. They all run on the calling thread.
struct CurlCall {
  BodySource* source;
  BodySink* sink;
  std::stop_token stop;
  uint64_t body_bytes_max;
  HttpResponse response;
  std::optional<Error> error;  // of source, sink or limit
  bool source_read = false;
  curl_off_t progress = 0;
  steady_clock::time_point last_activity = steady_clock::now();

  void Touch() { last_activity = steady_clock::now(); }

  /// What the server announced, as far as it may be believed before it comes.
  size_t BodySizeExpected() const {
    constexpr size_t kBelievedMax = 4u << 20;  // a full page of Scan and more
    size_t size = 0;
    const std::string_view text = response.headers.Get("Content-Length").value_or("");
    std::from_chars(text.data(), text.data() + text.size(), size);
    return std::min(size, kBelievedMax);
  }
};

namespace {

size_t OnHeader(char* bytes, size_t size, size_t count, void* user) {
  CurlCall& call = **static_cast<CurlCall**>(user);
  call.Touch();
  std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) {
    // Interim answers (100 Continue) come first; the last status line counts.
    call.response = {};
    size_t space = line.find(' ');
    if (space != std::string_view::npos) {
      std::string_view digits = line.substr(space + 1, 3);
      std::from_chars(digits.data(), digits.data() + digits.size(), call.response.status);
    }
    return size * count;
  }
  size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    call.response.headers.Add(std::string(line.substr(0, colon)),
                              std::string(Trim(line.substr(colon + 1))));
  }
  return size * count;
}

size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  CurlCall& call = **static_cast<CurlCall**>(user);
  std::string_view piece(bytes, size * count);
  if (call.sink != nullptr && call.response.status / 100 == 2) {
    Status status = call.sink->Write(piece);
    call.Touch();
    if (status) return piece.size();
    call.error = std::move(status).error();
    return 0;
  }
  call.Touch();
  if (call.response.body.size() + piece.size() > call.body_bytes_max) {
    call.error =
        ResourceExhausted(fmt::format("the answer is longer than {} bytes", call.body_bytes_max));
    return 0;
  }
  if (call.response.body.empty()) call.response.body.reserve(call.BodySizeExpected());
  call.response.body.append(piece);
  return piece.size();
}

size_t OnReadSource(char* buffer, size_t size, size_t count, void* user) {
  CurlCall& call = **static_cast<CurlCall**>(user);
  call.source_read = true;
  auto read = call.source->Read({buffer, size * count});
  call.Touch();
  if (read) return *read;
  call.error = std::move(read).error();
  return CURL_READFUNC_ABORT;
}

int OnSeekSource(void* user, curl_off_t offset, int origin) {
  const CurlCall& call = **static_cast<CurlCall**>(user);
  bool at_start = offset == 0 && origin == SEEK_SET && !call.source_read;
  return at_start ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int OnProgress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
  CurlCall& call = **static_cast<CurlCall**>(user);
  if (received + sent != call.progress) call.Touch();
  call.progress = received + sent;
  return call.stop.stop_requested() ? 1 : 0;
}

}  // namespace

/// An easy handle in a multi handle of its own: that can be woken from another thread, and keeps
/// the connection.
class CurlHttpClient::Handle {
 public:
  Handle() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
    CHECK(multi_ != nullptr && easy_ != nullptr, "out of memory");
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 2L);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }

  Result<HttpResponse> Run(const ClientRequest& request, const HttpClientOptions& options,
                           CurlCall& call) {
    RETURN_IF_ERROR(headers_.Fill(request.headers));
    call_ = &call;
    error_text_[0] = '\0';
    Shape shape{request.method, request.ca_bundle, request.connect_timeout, request.total,
                BodyOf(request, call)};
    if (shape_ != shape) {
      // To set everything anew is half of what curl takes for a small request.
      curl_easy_reset(easy_);
      url_.clear();
      shape_ = std::move(shape);
      SetShape(*shape_, options);
    }
    SetRequest(request, call);
    CURLcode code = Perform(request, call);
    // curl must not look at this call's memory when the handle is used again or destroyed.
    Set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
    if (shape_->body == BodyKind::kText) Set(CURLOPT_POSTFIELDS, static_cast<char*>(nullptr));
    call_ = nullptr;
    if (code == CURLE_OK) return std::move(call.response);
    return ErrorOf(code, request, call);
  }

 private:
  enum class BodyKind { kNone, kText, kSource };

  /// What requests have in common that need nothing set anew but their URL, fields and body.
  struct Shape {
    std::string method, ca_bundle;
    Duration connect_timeout, total;
    BodyKind body;
    bool operator==(const Shape&) const = default;
  };

  static BodyKind BodyOf(const ClientRequest& request, const CurlCall& call) {
    if (call.source != nullptr) return BodyKind::kSource;
    const std::string& method = request.method;
    const bool has_text =
        !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    return has_text ? BodyKind::kText : BodyKind::kNone;
  }

  template <class Value>
  void Set(CURLoption option, Value value) {
    CURLcode code = curl_easy_setopt(easy_, option, value);
    CHECK(code == CURLE_OK, "curl option {}: {}", static_cast<int>(option),
          curl_easy_strerror(code));
  }

  void SetShape(const Shape& shape, const HttpClientOptions& options) {
    Set(CURLOPT_PATH_AS_IS, 1L);
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    Set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_BUFFERSIZE, 256L * 1024);
    Set(CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    Set(CURLOPT_CONNECTTIMEOUT_MS,
        std::max<long>(1, static_cast<long>(shape.connect_timeout.count())));
    Set(CURLOPT_TIMEOUT_MS, std::max<long>(0, static_cast<long>(shape.total.count())));
    Set(CURLOPT_ERRORBUFFER, error_text_);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_HEADERDATA, &call_);
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_WRITEDATA, &call_);
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, &OnProgress);
    Set(CURLOPT_XFERINFODATA, &call_);
    const std::string& trusted = shape.ca_bundle.empty() ? options.ca_bundle : shape.ca_bundle;
    if (!trusted.empty()) Set(CURLOPT_CAINFO, trusted.c_str());
    if (!options.proxy.host.empty()) SetProxy(options.proxy);
    switch (shape.body) {
      case BodyKind::kSource:
        Set(CURLOPT_UPLOAD, 1L);
        Set(CURLOPT_READFUNCTION, &OnReadSource);
        Set(CURLOPT_READDATA, &call_);
        Set(CURLOPT_SEEKFUNCTION, &OnSeekSource);
        Set(CURLOPT_SEEKDATA, &call_);
        break;
      case BodyKind::kText:
        Set(CURLOPT_POST, 1L);
        break;
      case BodyKind::kNone:
        Set(shape.method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1L);
        break;
    }
    Set(CURLOPT_CUSTOMREQUEST, shape.method.c_str());
  }

  void SetRequest(const ClientRequest& request, const CurlCall& call) {
    if (url_ != request.url) {
      Set(CURLOPT_URL, request.url.c_str());
      url_ = request.url;
    }
    Set(CURLOPT_HTTPHEADER, headers_.get());
    switch (shape_->body) {
      case BodyKind::kSource:
        Set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*call.source->Size()));
        break;
      case BodyKind::kText:
        Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        Set(CURLOPT_POSTFIELDS, request.body.data());
        break;
      case BodyKind::kNone:
        break;
    }
  }

  void SetProxy(const HttpProxy& proxy) {
    Set(CURLOPT_PROXYTYPE, static_cast<long>(CURLPROXY_HTTP));
    Set(CURLOPT_PROXY, proxy.host.c_str());
    Set(CURLOPT_PROXYPORT, static_cast<long>(proxy.port));
    if (proxy.user.empty()) return;
    bool ntlm = !proxy.domain.empty();
    Set(CURLOPT_PROXYAUTH, static_cast<long>(ntlm ? CURLAUTH_NTLM : CURLAUTH_BASIC));
    Set(CURLOPT_PROXYUSERNAME, (ntlm ? proxy.domain + "\\" + proxy.user : proxy.user).c_str());
    Set(CURLOPT_PROXYPASSWORD, proxy.password.c_str());
  }

  CURLcode Perform(const ClientRequest& request, CurlCall& call) {
    std::stop_callback wake(call.stop, [this] { curl_multi_wakeup(multi_); });
    curl_multi_add_handle(multi_, easy_);
    std::optional<CURLcode> result;
    while (!result) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) result = message->data.result;
      }
      if (result) break;
      if (call.stop.stop_requested()) {
        result = CURLE_ABORTED_BY_CALLBACK;
        break;
      }
      auto silent_for = steady_clock::now() - call.last_activity;
      if (silent_for >= request.timeout) {
        result = CURLE_OPERATION_TIMEDOUT;
        break;
      }
      auto wait =
          std::min(std::chrono::ceil<Duration>(request.timeout - silent_for), Duration(1'000));
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
    curl_multi_remove_handle(multi_, easy_);
    return *result;
  }

  Error ErrorOf(CURLcode code, const ClientRequest& request, CurlCall& call) {
    const std::string what = fmt::format("{} {}", request.method, WithoutSecrets(request.url));
    if (call.stop.stop_requested()) return Canceled(what + ": stopped");
    if (call.error) return *std::move(call.error);
    const char* detail = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT:
        if (error_text_[0] != '\0') return DeadlineExceeded(fmt::format("{}: {}", what, detail));
        return DeadlineExceeded(
            fmt::format("{}: the server was silent for {} ms", what, request.timeout.count()));
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return InvalidArgument(fmt::format("{}: {}", what, detail));
      default:
        return Unavailable(fmt::format("{}: {}", what, detail));
    }
  }

  CURLM* const multi_;
  CURL* const easy_;
  char error_text_[CURL_ERROR_SIZE] = {};
  CurlHeaders headers_;
  CurlCall* call_ = nullptr;    // curl's callbacks find it by way of this member
  std::optional<Shape> shape_;  // that curl has been told
  std::string url_;             // likewise
};

CurlHttpClient::CurlHttpClient(HttpClientOptions options) : options_(std::move(options)) {
  InitializeCurlOnce();
}
CurlHttpClient::~CurlHttpClient() = default;

std::unique_ptr<CurlHttpClient::Handle> CurlHttpClient::Take(const std::string& origin) {
  {
    std::lock_guard lock(mutex_);
    auto at = idle_.find(origin);
    if (at != idle_.end()) {
      auto handle = std::move(at->second.back());
      at->second.pop_back();
      if (at->second.empty()) idle_.erase(at);
      --idle_count_;
      return handle;
    }
  }
  return std::make_unique<Handle>();
}

void CurlHttpClient::GiveBack(const std::string& origin, std::unique_ptr<Handle> handle) {
  std::lock_guard lock(mutex_);
  if (idle_count_ >= options_.idle_connections_max) {
    // Rather forget a server than refuse this one, which is in use.
    auto other = std::find_if(idle_.begin(), idle_.end(),
                              [&](const auto& entry) { return entry.first != origin; });
    if (other == idle_.end()) return;
    other->second.erase(other->second.begin());
    if (other->second.empty()) idle_.erase(other);
    --idle_count_;
  }
  idle_[origin].push_back(std::move(handle));
  ++idle_count_;
}

Result<HttpResponse> CurlHttpClient::Send(const ClientRequest& request, BodySource* source,
                                          BodySink* sink, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::string origin, OriginOf(request.url));
  if (source != nullptr && !source->Size()) {
    return InvalidArgument(fmt::format("{} {}: the size of the body must be known beforehand",
                                       request.method, WithoutSecrets(request.url)));
  }
  if (stop.stop_requested()) {
    return Canceled(fmt::format("{} {}: stopped", request.method, WithoutSecrets(request.url)));
  }
  std::unique_ptr<Handle> handle = Take(origin);
  uint64_t body_bytes_max =
      request.answer_bytes_max > 0 ? request.answer_bytes_max : options_.body_bytes_max;
  CurlCall call{source, sink, std::move(stop), body_bytes_max, {}, {}};
  auto response = handle->Run(request, options_, call);
  GiveBack(origin, std::move(handle));
  return response;
}

}  // namespace penstock
