#include "net/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>

#include "base/check.h"
#include "base/text.h"

namespace penstock {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

constexpr size_t kLastChunkSize = 5;

RequestFault FaultOf(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {431, "the request's header fields are too long"};
  }
  if (error == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, "the request is not valid HTTP: " + error.message()};
}

}  // namespace

class RequestParser::Beast final : private http::basic_parser<true> {
 public:
  explicit Beast(const RequestLimits& limits) : limits_(limits) {
    // The real limits are kept here, line by line; Beast's only has to be out of the way.
    header_limit(static_cast<uint32_t>(limits.head_bytes_max + 16));
    body_limit(boost::none);
    eager(false);
  }

  Result<size_t, RequestFault> Feed(std::string_view bytes, std::string& body) {
    size_t taken = 0;
    if (!head_done_) {
      if (scanned_ == 0) {
        // RFC 9112 2.2: empty lines before the request line are to be ignored.
        while (bytes.substr(taken).starts_with("\r\n")) taken += 2;
        skipped_ += taken;
        if (skipped_ > limits_.line_bytes_max) return RequestFault{400, "too many empty lines"};
        bytes.remove_prefix(taken);
        if (bytes.empty() || bytes == "\r") return taken;
      }
      size_t head_size = 0;
      if (auto fault = Scan(bytes, head_size)) return *fault;
      if (head_size == 0) return taken;
      error_code error;
      taken += put(boost::asio::const_buffer(bytes.data(), head_size), error);
      if (fault_) return *fault_;
      if (error) return FaultOf(error);
      if (auto fault = FinishHead()) return *fault;
      return taken;
    }
    body_ = &body;
    while (!is_done() && taken < bytes.size()) {
      std::string_view left = bytes.substr(taken);
      // Beast asserts that it sees "0\r\n\r\n" whole or not at all; nothing shorter can end a
      // chunked body anyway.
      if (head_.chunked && chunk_left_ == 0 && left.size() < kLastChunkSize) break;
      error_code error;
      size_t count = put(boost::asio::const_buffer(left.data(), left.size()), error);
      taken += count;
      if (error == http::error::need_more) {
        // Chunk sizes and trailers are parsed only when whole, so an endless one would be held
        // forever.
        if (bytes.size() - taken > limits_.head_bytes_max) {
          return RequestFault{400, "a chunk's size line or the trailers are too long"};
        }
        break;
      }
      if (error) return FaultOf(error);
    }
    return taken;
  }

  bool head_done() const { return head_done_; }
  bool done() const { return head_done_ && is_done(); }
  RequestHead& head() { return head_; }
  const Headers& trailers() const { return trailers_; }

 private:
  /// Looks for the empty line that ends the head, holding every line against its limit.
  std::optional<RequestFault> Scan(std::string_view bytes, size_t& head_size) {
    while (true) {
      size_t newline = bytes.find('\n', scanned_);
      size_t line_end = newline == std::string_view::npos ? bytes.size() : newline;
      if (line_end - line_start_ > limits_.line_bytes_max) {
        if (line_start_ == 0) return RequestFault{414, "the request line is too long"};
        return RequestFault{431, "a header field is too long"};
      }
      if (line_end > limits_.head_bytes_max) {
        return RequestFault{431, "the request's header fields are too long"};
      }
      scanned_ = line_end;
      if (newline == std::string_view::npos) return std::nullopt;
      std::string_view line = bytes.substr(line_start_, newline - line_start_);
      scanned_ = line_start_ = newline + 1;
      if (!line.ends_with('\r')) return RequestFault{400, "lines must end with CR LF"};
      if (line == "\r") {
        head_size = newline + 1;
        return std::nullopt;
      }
    }
  }

  std::optional<RequestFault> FinishHead() {
    head_done_ = true;
    head_.chunked = chunked();
    if (auto length = content_length()) head_.content_length = *length;
    head_.keep_alive = keep_alive();
    if (auto coding = head_.headers.Get("Transfer-Encoding")) {
      // Beast takes "gzip" for no body at all, and the body for the next request.
      if (!head_.http_1_1) return RequestFault{400, "HTTP/1.0 has no Transfer-Encoding"};
      if (!EqualsIgnoreCase(*coding, "chunked")) {
        return RequestFault{501, "no transfer coding but 'chunked' is known here"};
      }
    }
    size_t hosts = head_.headers.GetAll("Host").size();
    if (hosts > 1) return RequestFault{400, "the request has more than one Host field"};
    if (hosts == 0 && head_.http_1_1) return RequestFault{400, "the request has no Host field"};
    if (auto expectation = head_.headers.Get("Expect"); expectation && head_.http_1_1) {
      if (!EqualsIgnoreCase(*expectation, "100-continue")) {
        return RequestFault{417, "the only expectation known here is '100-continue'"};
      }
      head_.expects_continue = true;
    }
    return std::nullopt;
  }

  void on_request_impl(http::verb, boost::beast::string_view method,
                       boost::beast::string_view target, int version, error_code&) override {
    head_.method = View(method);
    head_.target = View(target);
    head_.http_1_1 = version == 11;
  }
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& error) override {
    if (head_done_) {
      trailers_.Add(std::string(View(name)), std::string(View(value)));
      return;
    }
    // A NUL is what Beast's tables let through at some places and no reader of headers expects.
    if (View(value).find('\0') != std::string_view::npos) {
      fault_ = RequestFault{400, "a header field has a NUL byte"};
      error = http::error::bad_value;
      return;
    }
    head_.headers.Add(std::string(View(name)), std::string(View(value)));
  }
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 error_code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view, error_code&) override {
    chunk_left_ = size;
  }
  void on_finish_impl(error_code&) override {}

  const RequestLimits limits_;
  size_t skipped_ = 0;     // bytes of empty lines before the request line
  size_t scanned_ = 0;     // where the scanner goes on
  size_t line_start_ = 0;  // of the line it is in
  bool head_done_ = false;
  std::optional<RequestFault> fault_;
  RequestHead head_;
  Headers trailers_;
  uint64_t chunk_left_ = 0;
  std::string* body_ = nullptr;  // only while Feed runs
};

RequestParser::RequestParser(const RequestLimits& limits)
    : beast_(std::make_unique<Beast>(limits)) {}
RequestParser::~RequestParser() = default;

Result<size_t, RequestFault> RequestParser::Feed(std::string_view bytes, std::string& body) {
  return beast_->Feed(bytes, body);
}

bool RequestParser::head_done() const { return beast_->head_done(); }
bool RequestParser::done() const { return beast_->done(); }
RequestHead& RequestParser::head() {
  CHECK(beast_->head_done());
  return beast_->head();
}
const Headers& RequestParser::trailers() const { return beast_->trailers(); }

}  // namespace penstock
