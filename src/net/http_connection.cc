#include "net/http_connection.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "net/http_responder.h"
#include "net/request_id.h"
#include "net/response_head.h"

namespace penstock {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kInputFirst = 4 * 1024;     // what an idle or parked connection holds
constexpr size_t kInputBody = 64 * 1024;     // per read while a body comes
constexpr size_t kPipelinedMax = 16 * 1024;  // read ahead while a request is served
constexpr uint64_t kSmallBody = 64 * 1024;   // kept in memory even when that is short
constexpr uint64_t kDrainMax = 8 << 20;      // a longer rest of a body is not worth the connection
constexpr auto kLinger = std::chrono::seconds(5);

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerCore> core, IoThread* io,
                               Transport::Tcp::socket socket)
    : core_(std::move(core)), io_(io), transport_(std::move(socket), core_->tls.get()) {}

template <class Handler>
void HttpConnection::AsyncWrite(const std::vector<asio::const_buffer>& buffers, Handler handler) {
  write_deadline_ =
      steady_clock::now() + core_->options.transfer_grace +
      std::chrono::seconds(asio::buffer_size(buffers) /
                           std::max<uint64_t>(core_->options.bytes_per_second_min, 1));
  transport_.AsyncWrite(buffers, [self = shared_from_this(), handler = std::move(handler)](
                                     const error_code& error, size_t) mutable {
    self->write_deadline_ = SteadyTime::max();
    handler(error);
  });
}

/// REQUIRES: mutex_ is held and closed_ is false, so that the io thread is still there to run it.
template <class Action>
void HttpConnection::Post(Action action) {
  asio::post(io_->context,
             [self = shared_from_this(), action = std::move(action)]() mutable { action(*self); });
}

// ---- io thread: reading
// ------------------------------------------------------------------------------------------

void HttpConnection::Start() {
  if (!transport_.encrypted()) return NextRequest();
  read_deadline_ = steady_clock::now() + core_->options.head_timeout;
  transport_.AsyncHandshake([self = shared_from_this()](const error_code& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->Close();
    self->NextRequest();
  });
}

void HttpConnection::NextRequest() {
  if (core_->stopping) return Close();
  phase_ = Phase::kHead;
  parser_.emplace(core_->options.limits);
  head_begun_ = discard_body_ = false;
  read_deadline_ = steady_clock::now() + core_->options.idle_timeout;
  if (!reading_ && input_begin_ == input_end_ && input_.size() > kInputFirst) {
    std::vector<char>().swap(input_);
    input_begin_ = input_end_ = 0;
  }
  Advance();
}

void HttpConnection::StartRead() {
  if (reading_ || phase_ == Phase::kClosed) return;
  if (input_ended_) {
    // Nothing more will come for whoever needs it; an exchange goes on without.
    if (phase_ != Phase::kExchange) Close();
    return;
  }
  bool body = phase_ == Phase::kBody || phase_ == Phase::kDrain || phase_ == Phase::kLinger ||
              (phase_ == Phase::kExchange && !parser_->done());
  if (input_begin_ == input_end_) input_begin_ = input_end_ = 0;
  if (input_begin_ > 0) {
    std::copy(input_.begin() + static_cast<ptrdiff_t>(input_begin_),
              input_.begin() + static_cast<ptrdiff_t>(input_end_), input_.begin());
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  if (input_.empty()) input_.resize(kInputFirst);
  if (body && input_.size() < kInputBody) input_.resize(kInputBody);
  if (input_end_ == input_.size()) input_.resize(input_.size() * 2);
  reading_ = true;
  transport_.AsyncRead(asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
                       [self = shared_from_this()](const error_code& error, size_t count) {
                         self->OnRead(error, count);
                       });
}

void HttpConnection::OnRead(const error_code& error, size_t count) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error) return OnReadFailed(error);
  input_end_ += count;
  window_bytes_ += count;
  Advance();
}

void HttpConnection::OnReadFailed(const error_code& error) {
  input_ended_ = true;
  peer_gone_ = true;
  if (phase_ != Phase::kExchange) return Close();
  if (!parser_->done())
    FailBody(Unavailable("the client closed the connection before the body was complete"));
  read_deadline_ = SteadyTime::max();
  if (error != asio::error::eof && error != asio::ssl::error::stream_truncated) {
    std::lock_guard lock(mutex_);
    broken_ = true;
  }
}

void HttpConnection::Advance() {
  switch (phase_) {
    case Phase::kHead:
      return AdvanceHead();
    case Phase::kBody:
      return AdvanceBody();
    case Phase::kExchange:
      return AdvanceExchange();
    case Phase::kDrain:
      return AdvanceDrain();
    case Phase::kLinger:
      TakeInput(input_end_ - input_begin_);
      return StartRead();
    case Phase::kHandshake:
    case Phase::kContinue:
    case Phase::kRefuse:
    case Phase::kClosed:
      return;
  }
}

void HttpConnection::AdvanceHead() {
  std::string no_body;
  auto taken = parser_->Feed(Input(), no_body);
  if (!taken) return Refuse(taken.error());
  TakeInput(*taken);
  if (parser_->head_done()) return OnHead();
  if (!head_begun_ && input_begin_ != input_end_) {
    head_begun_ = true;
    read_deadline_ = steady_clock::now() + core_->options.head_timeout;
  }
  StartRead();
}

void HttpConnection::OnHead() {
  head_ = std::move(parser_->head());
  if (head_.content_length.value_or(0) > core_->options.body_bytes_max) {
    return Refuse(
        {413, fmt::format("the body is longer than {} bytes", core_->options.body_bytes_max)});
  }
  request_ = HttpRequest{.method = std::move(head_.method),
                         .target = std::move(head_.target),
                         .headers = std::move(head_.headers),
                         .peer_address = transport_.peer(),
                         .request_id = MakeRequestId(*core_->random),
                         .received_at = core_->clock->Now(),
                         .caller = std::nullopt};
  body_.Reset(head_.content_length, parser_->done());
  // Even when no body is to come: botocore before 1.32 takes any other answer for the last one of
  // the connection, and waits in vain for the next.
  if (!head_.expects_continue || input_begin_ != input_end_) return StartBody();
  phase_ = Phase::kContinue;
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  AsyncWrite({asio::buffer(kContinue)}, [this](const error_code& error) {
    if (phase_ == Phase::kClosed) return;
    if (error) return Close();
    StartBody();
  });
}

void HttpConnection::StartBody() {
  if (parser_->done()) return Dispatch(false);
  const HttpServerOptions& options = core_->options;
  uint64_t size = head_.content_length.value_or(options.buffered_body_bytes_max);
  bool room = core_->buffered_bytes.load() + size <= options.buffered_total_bytes_max;
  phase_ = Phase::kBody;
  RestartWindow();
  if (size > options.buffered_body_bytes_max || (!room && size > kSmallBody)) return Dispatch(true);
  reserved_bytes_ = size;
  core_->buffered_bytes += size;
  AdvanceBody();
}

void HttpConnection::AdvanceBody() {
  auto taken = body_.Feed(*parser_, Input());
  if (!taken) return Refuse(taken.error());
  TakeInput(*taken);
  if (parser_->done()) return Dispatch(false);
  if (body_.decoded_bytes() > core_->options.buffered_body_bytes_max) return Dispatch(true);
  StartRead();
}

/// The body that a service reads while it comes; after it, or without one, only what follows and
/// whether the peer leaves.
void HttpConnection::AdvanceExchange() {
  if (parser_->done()) {
    if (input_end_ - input_begin_ < kPipelinedMax) StartRead();
    return;
  }
  if (body_.failed()) return;
  auto taken = body_.Feed(*parser_, Input());
  if (!taken) return FailBody(InvalidArgument(taken.error().reason));
  TakeInput(*taken);
  if (parser_->done()) read_deadline_ = SteadyTime::max();
  if (!head_.content_length && body_.decoded_bytes() > core_->options.body_bytes_max) {
    return FailBody(ResourceExhausted(
        fmt::format("the body is longer than {} bytes", core_->options.body_bytes_max)));
  }
  if (parser_->done()) return AdvanceExchange();
  if (!body_.full()) return StartRead();
  read_deadline_ = SteadyTime::max();  // the service is slow, not the peer
}

/// On the reader's thread.
void HttpConnection::AskForBody() {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  Post([](HttpConnection& self) {
    if (self.phase_ != Phase::kExchange || self.parser_->done()) return;
    if (!self.reading_) self.RestartWindow();
    self.AdvanceExchange();
  });
}

void HttpConnection::AdvanceDrain() {
  std::string dropped;
  auto taken = parser_->Feed(Input(), dropped);
  if (!taken) return Close();
  TakeInput(*taken);
  drained_bytes_ += dropped.size();
  if (parser_->done()) return NextRequest();
  if (drained_bytes_ > kDrainMax) return CloseAfterAnswer(true);
  StartRead();
}

void HttpConnection::FailBody(Error error) {
  body_.Fail(std::move(error));
  std::lock_guard lock(mutex_);
  keep_alive_ = false;
}

// ---- io thread: exchanges
// ----------------------------------------------------------------------------------------

void HttpConnection::Dispatch(bool streamed) {
  bool urgent = !streamed && core_->options.is_urgent && core_->options.is_urgent(request_);
  if (!urgent &&
      core_->requests.waiting() + core_->uploads.waiting() >= core_->options.waiting_requests_max) {
    return Refuse({503, "the server has too many requests waiting; try again"});
  }
  phase_ = Phase::kExchange;
  if (!streamed) read_deadline_ = SteadyTime::max();
  {
    std::lock_guard lock(mutex_);
    serve_returned_ = response_ended_ = parked_ = false;
    keep_alive_ = head_.keep_alive;
  }
  ++core_->in_flight;
  WorkerPool& pool = urgent ? core_->urgent : streamed ? core_->uploads : core_->requests;
  if (!pool.Submit(shared_from_this())) {
    --core_->in_flight;
    return Close();
  }
  AdvanceExchange();
}

void HttpConnection::OnServeReturned() {
  if (phase_ != Phase::kExchange || parser_->done() || discard_body_) return;
  // The body lives until Serve returns. The peer may want to be rid of all of it before it reads an
  // answer that is still to come.
  discard_body_ = true;
  body_.Discard();
  RestartWindow();
  AdvanceExchange();
}

void HttpConnection::FinishExchange() {
  bool keep_alive;
  {
    std::lock_guard lock(mutex_);
    keep_alive = keep_alive_ && !broken_ && !closed_;
  }
  body_.Release();
  --core_->in_flight;
  if (phase_ == Phase::kClosed) return;
  ReleaseReserved();
  bool body_left = !parser_->done();
  if (!keep_alive || core_->stopping)
    return CloseAfterAnswer(body_left || input_begin_ != input_end_);
  if (!body_left) return NextRequest();
  phase_ = Phase::kDrain;
  drained_bytes_ = 0;
  RestartWindow();
  Advance();
}

void HttpConnection::Refuse(const RequestFault& fault) {
  phase_ = Phase::kRefuse;
  read_deadline_ = SteadyTime::max();
  Headers headers{{"Content-Type", "text/plain; charset=utf-8"}};
  if (fault.status == 503) headers.Add("Retry-After", "1");
  std::string body = fault.reason + "\n";
  refusal_ = FormatResponseHead(fault.status, headers, {.size = body.size(), .close = true},
                                core_->clock->Now()) +
             body;
  AsyncWrite({asio::buffer(refusal_)}, [this](const error_code& error) {
    if (phase_ == Phase::kClosed) return;
    if (error) return Close();
    CloseAfterAnswer(true);
  });
}

void HttpConnection::CloseAfterAnswer(bool unread_input) {
  if (input_ended_ || (!unread_input && !transport_.encrypted())) return Close();
  phase_ = Phase::kLinger;
  read_deadline_ = steady_clock::now() + kLinger;
  if (transport_.encrypted()) {
    // close_notify goes out at once; what the peer still sends is then dropped with the socket.
    write_deadline_ = read_deadline_;
    transport_.AsyncShutdown([self = shared_from_this()](const error_code&) { self->Close(); });
    return;
  }
  transport_.EndSending();
  Advance();
}

// ---- io thread: time and end
// -------------------------------------------------------------------------------------

void HttpConnection::RestartWindow() {
  window_bytes_ = 0;
  read_deadline_ = steady_clock::now() + core_->options.transfer_grace;
}

void HttpConnection::CheckDeadlines(SteadyTime now) {
  if (now >= write_deadline_) return Close();
  if (now >= read_deadline_) OnReadDeadline();
}

void HttpConnection::OnReadDeadline() {
  const HttpServerOptions& options = core_->options;
  auto window_needs = options.bytes_per_second_min *
                      static_cast<uint64_t>(std::max<int64_t>(options.transfer_grace.count(), 1)) /
                      1000;
  switch (phase_) {
    case Phase::kHead:
      if (!head_begun_) return Close();
      return Refuse({408, "the request's head took too long to arrive"});
    case Phase::kBody:
      if (window_bytes_ >= window_needs) return RestartWindow();
      return Refuse({408, "the request's body arrives too slowly"});
    case Phase::kExchange:
      if (window_bytes_ >= window_needs) return RestartWindow();
      read_deadline_ = SteadyTime::max();
      return FailBody(DeadlineExceeded(fmt::format(
          "the body arrives slower than {} bytes per second", options.bytes_per_second_min)));
    case Phase::kDrain:
      if (window_bytes_ >= window_needs) return RestartWindow();
      return Close();
    case Phase::kHandshake:
    case Phase::kLinger:
      return Close();
    case Phase::kContinue:
    case Phase::kRefuse:
    case Phase::kClosed:
      return;
  }
}

void HttpConnection::ReleaseReserved() {
  core_->buffered_bytes -= std::exchange(reserved_bytes_, 0);
}

void HttpConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  peer_gone_ = true;
  ReleaseReserved();
  {
    std::lock_guard lock(mutex_);
    closed_ = broken_ = true;
    transport_.Close();
    changed_.notify_all();
  }
  body_.Fail(Unavailable("the connection was closed before the body was complete"));
  auto self = shared_from_this();  // the set's may be the last
  io_->connections.erase(self);
  std::lock_guard lock(core_->mutex);
  --core_->connections;
  core_->changed.notify_all();
}

void HttpConnection::CloseIfIdle() {
  if (phase_ == Phase::kHandshake || (phase_ == Phase::kHead && !head_begun_)) Close();
}

void HttpConnection::CloseIfParked() {
  {
    std::lock_guard lock(mutex_);
    if (!parked_) return;
  }
  Close();
}

// ---- worker
// ------------------------------------------------------------------------------------------------------

void HttpConnection::Run() {
  const bool streamed = !body_.done();
  auto responder = MakeResponder(shared_from_this(), request_.method == "HEAD", head_.http_1_1,
                                 head_.keep_alive);
  core_->service->Serve(std::move(request_), body_, std::move(responder));

  std::lock_guard lock(mutex_);
  serve_returned_ = true;
  if (!response_ended_) {
    parked_ = true;
    ++core_->parked;
    if (!streamed) body_.Release();
  }
  if (closed_) {
    if (response_ended_) --core_->in_flight;
  } else if (response_ended_) {
    Post([](HttpConnection& self) { self.FinishExchange(); });
  } else if (streamed) {
    Post([](HttpConnection& self) { self.OnServeReturned(); });
  }
}

// ---- responder
// ---------------------------------------------------------------------------------------------------

/// Sends what the socket takes without waiting and drops it from the pieces; false if it is broken.
/// REQUIRES: mutex_ is held, so that the socket cannot be closed meanwhile.
bool HttpConnection::SendNow(std::vector<std::string_view>& pieces) {
  broken_ = broken_ || !transport_.SendNow(pieces);
  return !broken_;
}

Status HttpConnection::Send(std::vector<std::string_view> pieces) {
  const auto gone = [this] {
    peer_gone_ = true;
    return Unavailable(fmt::format("the client {} is gone", transport_.peer()));
  };
  std::unique_lock lock(mutex_);
  if (!SendNow(pieces)) return gone();
  if (pieces.empty()) return {};
  std::vector<asio::const_buffer> buffers;
  for (std::string_view piece : pieces) buffers.emplace_back(piece.data(), piece.size());
  send_finished_ = false;
  Post([buffers = std::move(buffers)](HttpConnection& self) {
    auto finish = [&self](const error_code& error) {
      std::lock_guard inner(self.mutex_);
      self.send_finished_ = true;
      self.send_ok_ = !error;
      if (error) self.broken_ = true;
      self.changed_.notify_all();
    };
    if (self.phase_ == Phase::kClosed) return finish(asio::error::operation_aborted);
    self.AsyncWrite(buffers, finish);
  });
  // Never given up early: the io thread reads the caller's bytes until it says that it is done.
  // Close makes it say so.
  changed_.wait(lock, [&] { return send_finished_; });
  if (!send_ok_) return gone();
  return {};
}

void HttpConnection::SendLast(std::string head, std::string body, bool keep_alive) {
  std::unique_lock lock(mutex_);
  std::vector<std::string_view> pieces{head};
  if (!body.empty()) pieces.push_back(body);
  const size_t size = head.size() + body.size();
  if (!SendNow(pieces) || pieces.empty()) {
    lock.unlock();
    return EndResponse(keep_alive);
  }
  size_t sent = size;
  for (std::string_view piece : pieces) sent -= piece.size();
  Post([sent, keep_alive, head = std::move(head),
        body = std::move(body)](HttpConnection& self) mutable {
    if (self.phase_ == Phase::kClosed) return self.EndResponse(false);
    auto bytes = std::make_unique<std::string>(std::move(head));
    auto rest = std::make_unique<std::string>(std::move(body));
    std::vector<std::string_view> left{*bytes, *rest};
    DropFront(left, sent);
    std::vector<asio::const_buffer> buffers;
    for (std::string_view piece : left) buffers.emplace_back(piece.data(), piece.size());
    self.AsyncWrite(buffers,
                    [&self, keep_alive, bytes = std::move(bytes), rest = std::move(rest)](
                        const error_code& error) { self.EndResponse(keep_alive && !error); });
  });
}

void HttpConnection::EndResponse(bool keep_alive) {
  std::lock_guard lock(mutex_);
  response_ended_ = true;
  keep_alive_ = keep_alive_ && keep_alive;
  if (std::exchange(parked_, false)) --core_->parked;
  if (!serve_returned_) return;
  if (closed_) {
    --core_->in_flight;
  } else {
    Post([](HttpConnection& self) { self.FinishExchange(); });
  }
}

}  // namespace penstock
