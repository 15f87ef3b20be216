// One connection of the HTTP server. Private to src/net: it drags Asio in, which nobody else should
// pay for.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server_core.h"
#include "net/request_body.h"
#include "net/request_parser.h"
#include "net/transport.h"
#include "net/worker_pool.h"
#include "ports/http.h"

namespace penstock {

/// Life of a connection: it reads a head, then a body (or only its first part), then is an Exchange
/// until both Serve has returned and the answer is out; then again. All of that happens on its io
/// thread. Serve runs on a worker, the responder anywhere; what they share with the io thread is
/// below `mutex_`.
class HttpConnection final : public Job, public std::enable_shared_from_this<HttpConnection> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  HttpConnection(std::shared_ptr<HttpServerCore> core, IoThread* io, Transport::Tcp::socket socket);

  // On the io thread.
  void Start();
  void CheckDeadlines(SteadyTime now);
  void Close();
  /// Closes it if nothing is going on.
  void CloseIfIdle();
  void CloseIfParked();

  /// Serves the request that is ready; on a worker.
  void Run() override;

  // For the responder, on any thread, one at a time.
  /// Sends all pieces; returns when the system has taken them. They need to live until then only.
  Status Send(std::vector<std::string_view> pieces);
  /// Sends both and then ends the answer, without waiting.
  void SendLast(std::string head, std::string body, bool keep_alive);
  void EndResponse(bool keep_alive);
  bool PeerConnected() const { return !peer_gone_.load(std::memory_order_relaxed); }
  const HttpServerCore& core() const { return *core_; }

 private:
  enum class Phase {
    kHandshake,  // TLS
    kHead,       // reading a head, or idle if none has begun
    kContinue,   // sending "100 Continue"
    kBody,       // collecting a body in memory
    kExchange,   // a request is with the service
    kDrain,      // reading the rest of a body nobody wants, to reuse the connection
    kRefuse,     // sending a refusal
    kLinger,     // closed for sending; reading what is on its way, lest a reset destroys the answer
    kClosed,
  };

  template <class Handler>
  void AsyncWrite(const std::vector<boost::asio::const_buffer>& buffers, Handler handler);
  template <class Action>
  void Post(Action action);

  std::string_view Input() const {
    return {input_.data() + input_begin_, input_end_ - input_begin_};
  }
  void TakeInput(size_t count) { input_begin_ += count; }
  void StartRead();
  void OnRead(const boost::system::error_code& error, size_t count);
  void OnReadFailed(const boost::system::error_code& error);
  void Advance();
  void NextRequest();
  void AdvanceHead();
  void OnHead();
  void StartBody();
  void AdvanceBody();
  void AdvanceExchange();
  void AdvanceDrain();
  void Dispatch(bool streamed);
  void OnServeReturned();
  void FinishExchange();
  void Refuse(const RequestFault& fault);
  void CloseAfterAnswer(bool unread_input);
  void OnReadDeadline();
  void RestartWindow();
  void ReleaseReserved();
  void FailBody(Error error);
  void AskForBody();
  bool SendNow(std::vector<std::string_view>& pieces);

  const std::shared_ptr<HttpServerCore> core_;
  IoThread* const io_;

  // Of the io thread alone; only what SendNow needs of the transport is for whoever holds mutex_.
  Transport transport_;
  Phase phase_ = Phase::kHandshake;
  std::optional<RequestParser> parser_;
  std::vector<char> input_;
  size_t input_begin_ = 0, input_end_ = 0;
  bool reading_ = false;      // a read is under way and owns input_[input_end_, …)
  bool input_ended_ = false;  // the peer sends nothing more
  bool head_begun_ = false;
  bool discard_body_ = false;  // nobody wants the rest of it
  uint64_t drained_bytes_ = 0;
  uint64_t reserved_bytes_ = 0;  // of core_->buffered_bytes
  SteadyTime read_deadline_ = SteadyTime::max(), write_deadline_ = SteadyTime::max();
  uint64_t window_bytes_ = 0;  // came since the deadline was set
  std::string refusal_;

  RequestBody body_{[this] { AskForBody(); }};
  std::atomic<bool> peer_gone_ = false;

  // Handed from the io thread to the worker and back by Dispatch and FinishExchange.
  HttpRequest request_;
  RequestHead head_;  // without what went into request_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;  // the socket is closed
  bool broken_ = false;  // sending has failed
  bool serve_returned_ = false, response_ended_ = false, keep_alive_ = false, parked_ = false;
  bool send_finished_ = false;  // of Send's slow path
  bool send_ok_ = false;
};

}  // namespace penstock
