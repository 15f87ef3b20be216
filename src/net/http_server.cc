#include "net/http_server.h"

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "net/http_connection.h"
#include "net/response_head.h"

namespace penstock {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr Duration kParkedGrace{1'000};
constexpr Duration kAcceptPause{100};  // after an error such as "too many open files"

Result<tcp::endpoint> ParseAddress(const std::string& text) {
  size_t colon = text.rfind(':');
  auto port = colon == std::string::npos ? std::nullopt
                                         : ParseUint64(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code error;
  auto address = asio::ip::make_address(host, error);
  if (error || !port || *port > 65535) {
    return InvalidArgument(
        fmt::format("cannot listen on '{}': write ADDRESS:PORT, for example 127.0.0.1:7400, or "
                    "0.0.0.0:7400 for all networks",
                    text));
  }
  return tcp::endpoint(address, static_cast<unsigned short>(*port));
}

std::string FormatAddress(const tcp::endpoint& endpoint) {
  std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

Result<std::unique_ptr<asio::ssl::context>> MakeTls(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // A handshake a second from thousands of clients is no reason to hold 34 KB for each of them
  // afterwards.
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  if (context->use_certificate_chain_file(files.certificate_path, error)) {
    return InvalidArgument(
        fmt::format("cannot use the certificate {}: {}", files.certificate_path, error.message()));
  }
  if (context->use_private_key_file(files.key_path, asio::ssl::context::pem, error)) {
    return InvalidArgument(
        fmt::format("cannot use the private key {}: {}", files.key_path, error.message()));
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return InvalidArgument(fmt::format("the private key {} does not belong to the certificate {}",
                                       files.key_path, files.certificate_path));
  }
  return context;
}

}  // namespace

struct HttpServer::Inside {
  explicit Inside(std::shared_ptr<HttpServerCore> core_in)
      : core(std::move(core_in)),
        acceptor(core->io.front()->context),
        pause(core->io.front()->context) {}

  Status Listen();
  void Accept();
  void OnAccepted(const error_code& error, tcp::socket socket, size_t index);
  void Sweep(IoThread& io);
  Duration SweepPeriod() const;
  /// Runs `action` for every connection, on their threads, without waiting.
  template <class Action>
  void ForAll(Action action);
  /// False if it took longer.
  bool AwaitClosed(steady_clock::time_point until);

  const std::shared_ptr<HttpServerCore> core;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::string address;
  size_t next_io = 0;
  std::mutex stop_mutex;
  bool stopped = false;
};

Status HttpServer::Inside::Listen() {
  ASSIGN_OR_RETURN(tcp::endpoint endpoint, ParseAddress(core->options.listen));
  error_code error;
  const auto failed = [&] {
    return Unavailable(
        fmt::format("cannot listen on {}: {}", core->options.listen, error.message()));
  };
  if (acceptor.open(endpoint.protocol(), error)) return failed();
  // Accepted sockets inherit these, which spares calls per connection.
  using KeepIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.set_option(tcp::no_delay(true), error);
  acceptor.set_option(asio::socket_base::keep_alive(true), error);
  acceptor.set_option(KeepIdle(60), error);
  if (acceptor.bind(endpoint, error)) return failed();
  if (acceptor.listen(asio::socket_base::max_listen_connections, error)) return failed();
  address = FormatAddress(acceptor.local_endpoint(error));
  if (error) return failed();
  return {};
}

void HttpServer::Inside::Accept() {
  size_t index = next_io++ % core->io.size();
  acceptor.async_accept(core->io[index]->context,
                        [this, index](const error_code& error, tcp::socket socket) {
                          OnAccepted(error, std::move(socket), index);
                        });
}

void HttpServer::Inside::OnAccepted(const error_code& error, tcp::socket socket, size_t index) {
  if (core->stopping || error == asio::error::operation_aborted) return;
  if (error) {
    Log(LogLevel::kWarning, "accepting a connection: {}", error.message());
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const error_code& canceled) {
      if (!canceled) Accept();
    });
    return;
  }
  if (core->connections >= core->options.connections_max) {
    std::string text = FormatResponseHead(503, {{"Retry-After", "1"}}, {.size = 0, .close = true},
                                          core->clock->Now());
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (!core->tls) socket.send(asio::buffer(text), 0, ignored);
  } else {
    ++core->connections;
    IoThread* io = core->io[index].get();
    auto connection = std::make_shared<HttpConnection>(core, io, std::move(socket));
    asio::post(io->context, [io, connection = std::move(connection)] {
      io->connections.insert(connection);
      if (io->closing) return connection->Close();
      connection->Start();
    });
  }
  Accept();
}

Duration HttpServer::Inside::SweepPeriod() const {
  const HttpServerOptions& options = core->options;
  Duration shortest =
      std::min({options.idle_timeout, options.head_timeout, options.transfer_grace});
  return std::clamp(shortest / 8, Duration(5), Duration(1'000));
}

void HttpServer::Inside::Sweep(IoThread& io) {
  io.sweep.expires_after(SweepPeriod());
  io.sweep.async_wait([this, &io](const error_code& canceled) {
    if (canceled || io.closing) return;
    auto now = steady_clock::now();
    // A connection that closes leaves the set.
    for (auto at = io.connections.begin(); at != io.connections.end();) {
      auto connection = *at++;
      connection->CheckDeadlines(now);
    }
    Sweep(io);
  });
}

template <class Action>
void HttpServer::Inside::ForAll(Action action) {
  for (auto& io : core->io) {
    asio::post(io->context, [thread = io.get(), action] {
      for (auto at = thread->connections.begin(); at != thread->connections.end();) {
        auto connection = *at++;
        action(*connection);
      }
    });
  }
}

bool HttpServer::Inside::AwaitClosed(steady_clock::time_point until) {
  std::unique_lock lock(core->mutex);
  return core->changed.wait_until(lock, until, [&] { return core->connections == 0; });
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      HttpService* service, Clock* clock,
                                                      Random* random) {
  std::unique_ptr<asio::ssl::context> tls;
  if (options.tls) {
    ASSIGN_OR_RETURN(tls, MakeTls(*options.tls));
  }
  auto core = std::make_shared<HttpServerCore>(std::move(options), service, clock, random);
  core->tls = std::move(tls);
  for (size_t i = 0; i < std::max<size_t>(core->options.io_threads, 1); ++i) {
    core->io.push_back(std::make_unique<IoThread>());
  }
  auto inside = std::make_unique<Inside>(core);
  RETURN_IF_ERROR(inside->Listen());
  inside->Accept();
  for (size_t i = 0; i < core->io.size(); ++i) {
    IoThread& io = *core->io[i];
    inside->Sweep(io);
    io.thread = std::thread([&io] { io.context.run(); });
    pthread_setname_np(io.thread.native_handle(), fmt::format("http-io-{}", i).c_str());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(inside)));
}

HttpServer::HttpServer(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

HttpServer::~HttpServer() { Stop(Duration::zero()); }

const std::string& HttpServer::address() const { return inside_->address; }

HttpServer::Counts HttpServer::counts() const {
  const HttpServerCore& core = *inside_->core;
  return {core.connections, core.in_flight, core.parked};
}

void HttpServer::Stop(Duration grace) {
  std::lock_guard lock(inside_->stop_mutex);
  if (std::exchange(inside_->stopped, true)) return;
  HttpServerCore& core = *inside_->core;
  const auto start = steady_clock::now();
  const auto end = start + grace;
  core.stopping = true;
  asio::post(core.io.front()->context, [inside = inside_.get()] {
    error_code ignored;
    inside->acceptor.close(ignored);
    inside->pause.cancel();
  });
  inside_->ForAll([](HttpConnection& connection) { connection.CloseIfIdle(); });
  if (grace > Duration::zero() && !inside_->AwaitClosed(std::min(end, start + kParkedGrace))) {
    // What is parked from now on is parked in vain, so look again and again.
    while (steady_clock::now() < end) {
      inside_->ForAll([](HttpConnection& connection) { connection.CloseIfParked(); });
      if (inside_->AwaitClosed(
              std::min<steady_clock::time_point>(end, steady_clock::now() + Duration(50))))
        break;
    }
  }
  for (auto& io : core.io) {
    asio::post(io->context, [thread = io.get()] {
      thread->closing = true;
      thread->sweep.cancel();
      while (!thread->connections.empty()) {
        auto connection = *thread->connections.begin();
        connection->Close();
      }
    });
  }
  // With their sockets closed, services that read or write come back; nobody posts to an io thread
  // any more.
  inside_->AwaitClosed(steady_clock::time_point::max());
  core.requests.Stop();
  core.uploads.Stop();
  core.urgent.Stop();
  for (auto& io : core.io) {
    io->work.reset();
    io->thread.join();
  }
}

}  // namespace penstock
