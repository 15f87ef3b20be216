// Transport: the byte stream of one connection of the HTTP server, a socket with TLS on it or
// without. Private to src/net: it drags Asio in, which nobody else should pay for.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// Drops the first `count` bytes from `pieces`.
void DropFront(std::vector<std::string_view>& pieces, size_t count);

/// One io thread at a time, except where it says otherwise. Handlers run on the socket's io thread
/// and keep alive what they need; after Close they get an error.
class Transport {
 public:
  using Tcp = boost::asio::ip::tcp;
  using ErrorCode = boost::system::error_code;

  /// `tls`: nullptr for a plain connection; it outlives the transport.
  Transport(Tcp::socket socket, boost::asio::ssl::context* tls);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool encrypted() const { return tls_ != nullptr; }
  /// "127.0.0.1:50123", "[::1]:50123". Any thread.
  const std::string& peer() const { return peer_; }

  /// REQUIRES: encrypted(). `handler(ErrorCode)`.
  template <class Handler>
  void AsyncHandshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }

  /// At least one byte. `handler(ErrorCode, size_t)`.
  template <class Handler>
  void AsyncRead(boost::asio::mutable_buffer buffer, Handler handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }

  /// All bytes; they live until the handler runs. `handler(ErrorCode, size_t)`.
  template <class Handler>
  void AsyncWrite(const std::vector<boost::asio::const_buffer>& buffers, Handler handler) {
    if (tls_) {
      boost::asio::async_write(*tls_, buffers, std::move(handler));
    } else {
      boost::asio::async_write(socket_, buffers, std::move(handler));
    }
  }

  /// Tells the peer that nothing more comes: TLS's close_notify. REQUIRES: encrypted().
  /// `handler(ErrorCode)`.
  template <class Handler>
  void AsyncShutdown(Handler handler) {
    tls_->async_shutdown(std::move(handler));
  }
  /// The same of a plain connection, at once.
  void EndSending();

  /// Sends what the system takes without waiting, and drops it from `pieces`; nothing over TLS,
  /// whose state belongs to the io thread. False: sending has failed for good. Any thread, if
  /// nobody can call Close meanwhile: the descriptor would be somebody else's.
  bool SendNow(std::vector<std::string_view>& pieces);

  void Close();

 private:
  Tcp::socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  const std::string peer_;
};

}  // namespace penstock
