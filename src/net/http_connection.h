// One connection of the HTTP server. Private to src/net: it drags Asio in, which nobody else should
// pay for.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "net/http_server.h"
#include "net/request_parser.h"
#include "net/worker_pool.h"
#include "ports/http.h"

namespace penstock {

class HttpConnection;

/// One thread that holds connections, with all that it touches alone.
struct IoThread {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  boost::asio::steady_timer sweep{context};
  std::unordered_set<std::shared_ptr<HttpConnection>> connections;
  bool closing = false;
  std::thread thread;
};

/// What the connections of one server share. Connections keep it alive: a responder may outlive the
/// server.
struct HttpServerCore {
  HttpServerCore(HttpServerOptions options_in, HttpService* service_in, Clock* clock_in,
                 Random* random_in)
      : options(std::move(options_in)), service(service_in), clock(clock_in), random(random_in) {}

  const HttpServerOptions options;
  HttpService* const service;
  Clock* const clock;
  Random* const random;
  std::unique_ptr<boost::asio::ssl::context> tls;
  std::vector<std::unique_ptr<IoThread>> io;
  WorkerPool requests{"http-request", options.request_threads};
  WorkerPool uploads{"http-upload", options.upload_threads};
  WorkerPool urgent{"http-urgent", 1};

  std::atomic<bool> stopping = false;
  std::atomic<uint64_t> buffered_bytes = 0;
  std::atomic<size_t> connections = 0, in_flight = 0, parked = 0;
  std::mutex mutex;
  std::condition_variable changed;  // `connections` went down
};

/// Life of a connection: it reads a head, then a body (or only its first part), then is an Exchange
/// until both Serve has returned and the answer is out; then again. All of that happens on its io
/// thread. Serve runs on a worker, the responder anywhere; what they share with the io thread is
/// below `mutex_`.
class HttpConnection final : public Job, public std::enable_shared_from_this<HttpConnection> {
 public:
  using Tcp = boost::asio::ip::tcp;
  using SteadyTime = std::chrono::steady_clock::time_point;

  HttpConnection(std::shared_ptr<HttpServerCore> core, IoThread* io, Tcp::socket socket);

  // On the io thread.
  void Start();
  void CheckDeadlines(SteadyTime now);
  void Close();
  /// Closes it if nothing is going on.
  void CloseIfIdle();
  void CloseIfParked();

  /// Serves the request that is ready; on a worker.
  void Run() override;

  // For the body source, on the worker.
  Result<size_t> ReadBody(std::span<char> buffer);

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
  void AsyncRead(boost::asio::mutable_buffer buffer, Handler handler);
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
  size_t SendNow(std::vector<std::string_view>& pieces);

  const std::shared_ptr<HttpServerCore> core_;
  IoThread* const io_;

  // Of the io thread alone.
  Tcp::socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  Phase phase_ = Phase::kHandshake;
  std::optional<RequestParser> parser_;
  std::vector<char> input_;
  size_t input_begin_ = 0, input_end_ = 0;
  bool reading_ = false;      // a read is under way and owns input_[input_end_, …)
  bool input_ended_ = false;  // the peer sends nothing more
  bool head_begun_ = false;
  bool streamed_ = false;      // the service reads the body while it comes
  bool discard_body_ = false;  // nobody wants the rest of it
  uint64_t discarded_bytes_ = 0;
  uint64_t reserved_bytes_ = 0;  // of core_->buffered_bytes
  SteadyTime read_deadline_ = SteadyTime::max(), write_deadline_ = SteadyTime::max();
  uint64_t window_bytes_ = 0;  // came since the deadline was set
  std::string peer_;
  std::string refusal_;

  std::atomic<bool> peer_gone_ = false;

  // Handed from the io thread to the worker and back by Dispatch and FinishExchange.
  HttpRequest request_;
  RequestHead head_;  // without what went into request_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;  // the socket is closed
  bool broken_ = false;  // sending has failed
  std::string body_;     // decoded, not yet read from body_begin_ on
  size_t body_begin_ = 0;
  bool body_done_ = false;
  std::optional<Error> body_error_;
  bool resume_posted_ = false;
  Headers trailers_;
  bool serve_returned_ = false, response_ended_ = false, keep_alive_ = false, parked_ = false;
  bool send_finished_ = false;  // of Send's slow path
  bool send_ok_ = false;
};

}  // namespace penstock
