// The HTTP/1.1 server: sockets in, HttpService calls out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/request_parser.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/random.h"

namespace penstock {

/// The certificate chain and key that make the server speak TLS (1.2 or later), as PEM files.
struct TlsFiles {
  std::string certificate_path;
  std::string key_path;
};

struct HttpServerOptions {
  std::string listen = "127.0.0.1:7400";  // ADDRESS:PORT or [ADDRESS]:PORT; port 0 picks a free one
  std::optional<TlsFiles> tls;

  size_t io_threads = 1;        // hold all connections that have nothing to be served
  size_t request_threads = 32;  // run Serve for requests whose body is already here
  size_t upload_threads = 32;   // run Serve for requests whose body is read piece by piece

  /// Requests that must not wait for either pool run on a thread of their own: health checks.
  std::function<bool(const HttpRequest&)> is_urgent;

  RequestLimits limits;
  size_t connections_max = 10'000;      // more are answered 503 and closed
  size_t waiting_requests_max = 4'096;  // more than so many without a thread are answered 503
  uint64_t buffered_body_bytes_max = 1 << 20;  // longer bodies are streamed
  uint64_t buffered_total_bytes_max =
      256 << 20;  // with so much in memory, all but small bodies are streamed
  uint64_t body_bytes_max = uint64_t{6} << 30;  // 413 beyond; above S3's 5 GiB for one PUT

  Duration idle_timeout{120'000};  // between two requests of one connection
  Duration head_timeout{30'000};   // from the first byte of a request to the end of its head
  Duration transfer_grace{
      20'000};  // a body may stand still so long; then it must come at the minimum rate
  uint64_t bytes_per_second_min = 1'024;
};

/// Listens from Start to Stop.
///
/// Idle connections and parked responders cost memory, never a thread. A request with a body of up
/// to `buffered_body_bytes_max` takes a thread only once it is all here; a longer one streams
/// through the second pool, and a client that sends or takes bytes slower than the minimum rate is
/// cut off. Pipelined requests are served one by one. Bytes that are no HTTP are answered 400, 408,
/// 413, 414, 417, 431, 501 or 505 and the connection is closed.
///
/// Answers get `Date` and `Server` unless they set them; no body goes out to HEAD, 204 and 304.
/// After the client has closed its sending half, PeerConnected() is false but an answer is still
/// tried; Write and Finish fail once the system says that nobody takes it. Responders may outlive
/// the server: they then report that the peer is gone.
class HttpServer {
 public:
  /// `service`, `clock` and `random` outlive the server. Errors name the address, or the file of
  /// the certificate or key.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, HttpService* service,
                                                   Clock* clock, Random* random);
  /// Stops without grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "127.0.0.1:43211": where it really listens.
  const std::string& address() const;

  /// No new connections or requests; requests in flight get `grace`, of which parked ones have at
  /// most a second (they are long polls: their clients ask again). Then the rest is cut off.
  /// Returns when no Serve runs any more. Again: no effect.
  void Stop(Duration grace);

  struct Counts {
    size_t connections = 0;
    size_t in_flight = 0;  // requests between their last byte and the last byte of their answer
    size_t parked = 0;     // those of them whose Serve has returned
  };
  Counts counts() const;

 private:
  struct Inside;
  explicit HttpServer(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace penstock
