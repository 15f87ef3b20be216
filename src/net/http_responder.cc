#include "net/http_responder.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "net/http_connection.h"
#include "net/response_head.h"

namespace penstock {
namespace {

class HttpResponder final : public Responder {
 public:
  HttpResponder(std::shared_ptr<HttpConnection> connection, bool head_request, bool http_1_1,
                bool keep_alive)
      : connection_(std::move(connection)),
        head_request_(head_request),
        http_1_1_(http_1_1),
        keep_alive_(keep_alive) {}

  ~HttpResponder() override {
    if (state_ != State::kEnded) connection_->EndResponse(false);
  }

  void Respond(HttpResponse response) override {
    CHECK(state_ == State::kFresh, "an answer was already begun");
    ResponseFraming framing = Framing(response.status, response.headers, response.body.size());
    if (framing.body == BodyFraming::kNone) response.body.clear();
    std::string head = Head(response.status, response.headers, framing);
    state_ = State::kEnded;
    connection_->SendLast(std::move(head), std::move(response.body), keep_alive_);
  }

  Status Begin(int status, Headers headers, std::optional<uint64_t> size) override {
    CHECK(state_ == State::kFresh, "an answer was already begun");
    ResponseFraming framing = Framing(status, headers, size);
    body_ = framing.body;
    left_ = size.value_or(0);
    state_ = State::kBegun;
    return connection_->Send({Head(status, headers, framing)});
  }

  Status Write(std::string_view bytes) override {
    CHECK(state_ == State::kBegun, "Write comes after Begin and before Finish");
    if (bytes.empty()) return {};
    switch (body_) {
      case BodyFraming::kNone:
        return {};
      case BodyFraming::kUntilClose:
        return connection_->Send({bytes});
      case BodyFraming::kSized:
        if (bytes.size() > left_) {
          keep_alive_ = false;
          return FailedPrecondition(
              "the body is longer than the Content-Length that was announced");
        }
        left_ -= bytes.size();
        return connection_->Send({bytes});
      case BodyFraming::kChunked:
        break;
    }
    std::array<char, 20> size;
    auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return connection_->Send(
        {{size.data(), static_cast<size_t>(end - size.data())}, bytes, "\r\n"});
  }

  Status Finish() override {
    CHECK(state_ == State::kBegun, "Finish comes after Begin, once");
    state_ = State::kEnded;
    Status status;
    if (body_ == BodyFraming::kChunked) status = connection_->Send({"0\r\n\r\n"});
    if (body_ == BodyFraming::kSized && left_ > 0) {
      status = FailedPrecondition("the body is shorter than the Content-Length that was announced");
    }
    connection_->EndResponse(keep_alive_ && status.has_value());
    return status;
  }

  bool PeerConnected() override { return connection_->PeerConnected(); }

 private:
  enum class State { kFresh, kBegun, kEnded };

  ResponseFraming Framing(int status, const Headers& headers, std::optional<uint64_t> size) {
    ResponseFraming framing;
    framing.http_1_1 = http_1_1_;
    framing.size = size;
    if (head_request_ || IsBodiless(status)) {
      framing.body = BodyFraming::kNone;
    } else if (size) {
      framing.body = BodyFraming::kSized;
    } else if (http_1_1_) {
      framing.body = BodyFraming::kChunked;
    } else {
      framing.body = BodyFraming::kUntilClose;
      keep_alive_ = false;
    }
    auto connection = headers.Get("Connection");
    if (connection && EqualsIgnoreCase(*connection, "close")) keep_alive_ = false;
    if (connection_->core().stopping) keep_alive_ = false;
    framing.close = !keep_alive_;
    return framing;
  }

  std::string Head(int status, const Headers& headers, const ResponseFraming& framing) {
    return FormatResponseHead(status, headers, framing, connection_->core().clock->Now());
  }

  const std::shared_ptr<HttpConnection> connection_;
  const bool head_request_;
  const bool http_1_1_;
  bool keep_alive_;
  State state_ = State::kFresh;
  BodyFraming body_ = BodyFraming::kNone;
  uint64_t left_ = 0;  // kSized
};

}  // namespace

std::unique_ptr<Responder> MakeResponder(std::shared_ptr<HttpConnection> connection,
                                         bool head_request, bool http_1_1, bool keep_alive) {
  return std::make_unique<HttpResponder>(std::move(connection), head_request, http_1_1, keep_alive);
}

}  // namespace penstock
