#include "net/transport.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace penstock {
namespace {

constexpr size_t kPiecesMax = 8;

std::string PeerName(const Transport::Tcp::socket& socket) {
  Transport::ErrorCode error;
  auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

}  // namespace

void DropFront(std::vector<std::string_view>& pieces, size_t count) {
  size_t whole = 0;
  while (whole < pieces.size() && count >= pieces[whole].size()) count -= pieces[whole++].size();
  pieces.erase(pieces.begin(), pieces.begin() + static_cast<ptrdiff_t>(whole));
  if (!pieces.empty()) pieces.front().remove_prefix(count);
}

Transport::Transport(Tcp::socket socket, boost::asio::ssl::context* tls)
    : socket_(std::move(socket)), peer_(PeerName(socket_)) {
  if (tls != nullptr)
    tls_ = std::make_unique<boost::asio::ssl::stream<Tcp::socket&>>(socket_, *tls);
}

void Transport::EndSending() {
  ErrorCode ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
}

bool Transport::SendNow(std::vector<std::string_view>& pieces) {
  while (!pieces.empty() && !tls_) {
    iovec vectors[kPiecesMax];
    size_t used = std::min(pieces.size(), kPiecesMax);
    for (size_t i = 0; i < used; ++i) {
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    }
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = used;
    ssize_t count = sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    DropFront(pieces, static_cast<size_t>(count));
  }
  return true;
}

void Transport::Close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace penstock
