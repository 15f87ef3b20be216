#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "base/text.h"
#include "net/response_head.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using std::chrono::steady_clock;

/// A client that sends bytes as they are.
class Peer {
 public:
  explicit Peer(const std::string& address)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<uint16_t>(*ParseUint64(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    timeval limit{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  ~Peer() { Close(); }

  void Close() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  /// Closes with a reset.
  void Abort() {
    linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    Close();
  }
  void EndSending() { shutdown(socket_, SHUT_WR); }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  /// Everything until the server closes.
  std::string ReadToEnd() {
    while (ReadSome()) {
    }
    return std::exchange(buffer_, {});
  }
  uint64_t CountToEnd() {
    uint64_t count = 0;
    while (ReadSome()) count += std::exchange(buffer_, {}).size();
    return count;
  }
  /// One whole answer with Content-Length, or only its head for `head`.
  std::string ReadAnswer(bool head = false) {
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) return "closed after: " + buffer_;
    }
    end += 4;
    size_t at = AsciiLower(buffer_.substr(0, end)).find("content-length: ");
    size_t size = end;
    if (at != std::string::npos && !head) {
      size += *ParseUint64(buffer_.substr(at + 16, buffer_.find('\r', at) - at - 16));
    }
    while (buffer_.size() < size) {
      if (!ReadSome()) return "closed after: " + buffer_;
    }
    std::string answer = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }
  bool SaysNothingFor(Duration duration) {
    pollfd entry{socket_, POLLIN, 0};
    return buffer_.empty() && poll(&entry, 1, static_cast<int>(duration.count())) == 0;
  }

 private:
  bool ReadSome() {
    char bytes[65536];
    ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int socket_;
  std::string buffer_;
};

using Handler = std::function<void(HttpRequest, BodySource&, std::unique_ptr<Responder>)>;

class FunctionService final : public HttpService {
 public:
  explicit FunctionService(Handler handler) : handler_(std::move(handler)) {}
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    handler_(std::move(request), body, std::move(responder));
  }

 private:
  Handler handler_;
};

/// Says what it was asked, with the body.
void Echo(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) {
  auto bytes = ReadAll(body, 1 << 26);
  if (!bytes) return responder->Respond({400, {}, bytes.error().message});
  std::string trailers;
  for (const auto& [name, value] : body.Trailers().fields()) trailers += "|" + name + "=" + value;
  responder->Respond({200,
                      {{"X-Id", request.request_id}},
                      request.method + " " + request.target + " " + *bytes + trailers});
}

std::string BodyOf(const std::string& answer) {
  size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? answer : answer.substr(end + 4);
}

template <class Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(Duration(5));
  }
  return false;
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class HttpServerTest : public testing::Test {
 protected:
  void Start(Handler handler, HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.request_threads = 4;
    options.upload_threads = 2;
    service_ = std::make_unique<FunctionService>(std::move(handler));
    auto server = HttpServer::Start(std::move(options), service_.get(), &clock_, &random_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  Peer Connect() { return Peer(server_->address()); }

  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<FunctionService> service_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersOnOneConnectionAgainAndAgain) {
  Start(Echo);
  Peer peer = Connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        peer.Send("POST /a%2Fb//../?q=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"));
    std::string answer = peer.ReadAnswer();
    EXPECT_EQ(answer.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    EXPECT_EQ(BodyOf(answer), "POST /a%2Fb//../?q=%20 hello");
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(answer.find("\r\nServer: penstock\r\n"), std::string::npos);
    size_t id = answer.find("X-Id: ") + 6;
    EXPECT_EQ(answer.substr(id, answer.find('\r', id) - id).size(), 36u);
  }
}

TEST_F(HttpServerTest, ServesPipelinedRequestsInOrderAfterTheClientEndedSending) {
  Start(Echo);
  Peer peer = Connect();
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += "PUT /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  }
  ASSERT_TRUE(peer.Send(all));
  peer.EndSending();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(BodyOf(peer.ReadAnswer()), "PUT /" + std::to_string(i) + " abc");
  }
  EXPECT_EQ(peer.ReadToEnd(), "");
}

TEST_F(HttpServerTest, ReadsChunkedBodiesWithTrailersByteByByte) {
  Start(Echo);
  Peer peer = Connect();
  std::string text =
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (char c : text) ASSERT_TRUE(peer.Send({&c, 1}));
  EXPECT_EQ(BodyOf(peer.ReadAnswer()), "PUT / abcde|X-Sum=1");
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBody) {
  Start(Echo);
  for (std::string size : {"0", "5", "2000000"}) {
    Peer peer = Connect();
    ASSERT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " +
                          size + "\r\n\r\n"));
    EXPECT_EQ(peer.ReadAnswer(), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(peer.Send(std::string(*ParseUint64(size), 'x')));
    EXPECT_EQ(BodyOf(peer.ReadAnswer()).size(), 6 + *ParseUint64(size));
  }
}

TEST_F(HttpServerTest, HeadAndBodilessAnswersHaveNoBody) {
  Start([](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    if (request.target == "/length")
      return responder->Respond({200, {{"Content-Length", "123456"}}, ""});
    if (request.target == "/stream") {
      EXPECT_TRUE(responder->Begin(200, {}, 5));
      EXPECT_TRUE(responder->Write("hello"));
      EXPECT_TRUE(responder->Finish());
      return;
    }
    responder->Respond({request.target == "/204"   ? 204
                        : request.target == "/304" ? 304
                                                   : 200,
                        {},
                        "hello"});
  });
  Peer peer = Connect();
  const std::array<std::string, 3> cases[] = {
      {"HEAD", "/", "Content-Length: 5\r\n"},
      {"HEAD", "/length", "Content-Length: 123456\r\n"},
      {"HEAD", "/stream", "Content-Length: 5\r\n"},
      {"GET", "/204", ""},
      {"GET", "/304", ""},
  };
  for (const auto& [method, target, length] : cases) {
    ASSERT_TRUE(peer.Send(method + " " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"));
    std::string answer = peer.ReadAnswer(true);
    if (length.empty()) {
      EXPECT_EQ(answer.find("Content-Length"), std::string::npos) << answer;
    } else {
      EXPECT_NE(answer.find(length), std::string::npos) << answer;
    }
    EXPECT_EQ(answer.find("hello"), std::string::npos);
  }
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  std::string last = peer.ReadToEnd();
  EXPECT_EQ(last.substr(0, 15), "HTTP/1.1 200 OK") << "nothing is left over on the connection";
  EXPECT_NE(last.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, StreamsChunkedOrUntilCloseByVersion) {
  Start([](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    EXPECT_TRUE(responder->Begin(200, {{"X-A", "1"}}, std::nullopt));
    EXPECT_TRUE(responder->Write("hello "));
    EXPECT_TRUE(responder->Write(""));
    EXPECT_TRUE(responder->Write("a world of words"));
    EXPECT_TRUE(responder->Finish());
  });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(BodyOf(peer.ReadToEnd()), "6\r\nhello \r\n10\r\na world of words\r\n0\r\n\r\n");
  Peer old = Connect();
  ASSERT_TRUE(old.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  std::string answer = old.ReadToEnd();
  EXPECT_EQ(BodyOf(answer), "hello a world of words");
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
}

TEST_F(HttpServerTest, KeepsHttp10ConnectionsOnlyWhenAsked) {
  Start(Echo);
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_NE(peer.ReadAnswer().find("Connection: keep-alive\r\n"), std::string::npos);
  ASSERT_TRUE(peer.Send("GET /2 HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(BodyOf(peer.ReadToEnd()), "GET /2 ");
}

TEST_F(HttpServerTest, BodiesOfAnotherLengthThanAnnouncedEndTheConnection) {
  Start([](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    EXPECT_TRUE(responder->Begin(200, {}, 5));
    if (request.target == "/short") {
      EXPECT_TRUE(responder->Write("123"));
    } else {
      EXPECT_TRUE(responder->Write("12345"));
      EXPECT_EQ(responder->Write("6").error().code, ErrorCode::kFailedPrecondition);
    }
    EXPECT_EQ(responder->Finish().has_value(), request.target != "/short");
  });
  for (auto [target, body] : {std::pair{"/short", "123"}, {"/long", "12345"}}) {
    Peer peer = Connect();
    ASSERT_TRUE(peer.Send(std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(BodyOf(peer.ReadToEnd()), body);
  }
}

TEST_F(HttpServerTest, FieldValuesCannotEndTheirLine) {
  Start([](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({200, {{"X-A", "1\r\nX-Evil: 2"}, {"Content-Length", "999"}}, "ok"});
  });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  std::string answer = peer.ReadAnswer();
  EXPECT_NE(answer.find("X-A: 1  X-Evil: 2\r\n"), std::string::npos);
  EXPECT_EQ(BodyOf(answer), "ok");
}

TEST_F(HttpServerTest, RefusesWithTheRightStatusAndCloses) {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  Start(Echo, options);
  const std::string put = "PUT / HTTP/1.1\r\nHost: h\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
      {put + "Content-Length: 1001\r\n\r\n", "413 Content Too Large"},
      {"GET /" + std::string(20'000, 'x'), "414 URI Too Long"},
      {put + "X: " + std::string(20'000, 'x'), "431 Request Header Fields Too Large"},
      {put + "Expect: miracles\r\n\r\n", "417 Expectation Failed"},
      {put + "Transfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
      {put + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400 Bad Request"},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505 HTTP Version Not Supported"},
  };
  for (const auto& [text, status] : cases) {
    Peer peer = Connect();
    peer.Send(text);
    peer.EndSending();
    std::string answer = peer.ReadToEnd();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status)) << text.substr(0, 60) << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
  HttpServerOptions options;
  options.idle_timeout = Duration(100);
  options.head_timeout = Duration(100);
  options.transfer_grace = Duration(100);
  options.bytes_per_second_min = 1000;
  Start(Echo, options);
  Peer idle = Connect();
  EXPECT_EQ(idle.ReadToEnd(), "");
  Peer head = Connect();
  ASSERT_TRUE(head.Send("GET / HT"));
  EXPECT_TRUE(head.ReadToEnd().starts_with("HTTP/1.1 408 "));
  Peer body = Connect();
  ASSERT_TRUE(body.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_TRUE(body.ReadToEnd().starts_with("HTTP/1.1 408 "));
  Peer upload = Connect();
  ASSERT_TRUE(upload.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nabc"));
  EXPECT_NE(upload.ReadToEnd().find("slower than 1000 bytes"), std::string::npos);
}

TEST_F(HttpServerTest, SteadyClientsAreNot) {
  HttpServerOptions options;
  options.transfer_grace = Duration(100);
  options.bytes_per_second_min = 100;
  Start(Echo, options);
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n"));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(peer.Send(std::string(50, 'x')));
    std::this_thread::sleep_for(Duration(30));
  }
  EXPECT_EQ(BodyOf(peer.ReadAnswer()).size(), 506u);
}

/// Keeps responders until told otherwise.
class Parking {
 public:
  void operator()(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) {
    if (request.target != "/park") return Echo(std::move(request), body, std::move(responder));
    std::lock_guard lock(mutex_);
    parked_.push_back(std::move(responder));
  }
  std::vector<std::unique_ptr<Responder>> TakeAll() {
    std::lock_guard lock(mutex_);
    return std::exchange(parked_, {});
  }
  size_t size() {
    std::lock_guard lock(mutex_);
    return parked_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Responder>> parked_;
};

constexpr std::string_view kPark = "POST /park HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

TEST_F(HttpServerTest, ParkedRespondersTakeNoThreadAndLittleMemory) {
  Parking parking;
  Start(std::ref(parking));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const size_t count = files.rlim_cur > 2200 ? 1000 : 200;
  std::vector<Peer> peers;
  uint64_t before = ResidentBytes();
  for (size_t i = 0; i < count; ++i) peers.push_back(Connect());
  for (Peer& peer : peers) ASSERT_TRUE(peer.Send(kPark));
  ASSERT_TRUE(Eventually([&] { return server_->counts().parked == count; }));
#ifndef PENSTOCK_SANITIZED
  EXPECT_LT((ResidentBytes() - before) / count, 20'000u);
#endif
  RecordProperty("bytes_each", static_cast<int>((ResidentBytes() - before) / count));
  // The pool has 4 threads, all of which are free.
  Peer other = Connect();
  ASSERT_TRUE(other.Send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(BodyOf(other.ReadAnswer()), "GET /now ");

  auto responders = parking.TakeAll();
  ASSERT_EQ(responders.size(), count);
  std::thread elsewhere([&] {
    for (auto& responder : responders) {
      EXPECT_TRUE(responder->PeerConnected());
      responder->Respond({200, {}, "work"});
      responder.reset();
    }
  });
  for (Peer& peer : peers) EXPECT_EQ(BodyOf(peer.ReadAnswer()), "work");
  elsewhere.join();
  ASSERT_TRUE(peers[0].Send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(BodyOf(peers[0].ReadAnswer()), "GET /again ");
  EXPECT_EQ(server_->counts().parked, 0u);
  EXPECT_TRUE(Eventually([&] { return server_->counts().in_flight == 0; }));
}

TEST_F(HttpServerTest, SeesThatAParkedPeerLeft) {
  Parking parking;
  Start(std::ref(parking));
  Peer closes = Connect(), resets = Connect(), stays = Connect();
  for (Peer* peer : {&closes, &resets, &stays}) {
    size_t before = parking.size();
    ASSERT_TRUE(peer->Send(kPark));
    ASSERT_TRUE(Eventually([&] { return parking.size() == before + 1; }));
  }
  auto responders = parking.TakeAll();
  closes.Close();
  resets.Abort();
  EXPECT_TRUE(Eventually(
      [&] { return !responders[0]->PeerConnected() && !responders[1]->PeerConnected(); }));
  EXPECT_TRUE(responders[2]->PeerConnected());
  EXPECT_EQ(responders[1]->Begin(200, {}, 2).error().code, ErrorCode::kUnavailable);
  responders[0]->Respond({200, {}, "nobody"});
  responders[2]->Respond({200, {}, "you"});
  EXPECT_EQ(BodyOf(stays.ReadAnswer()), "you");
  responders.clear();
  EXPECT_TRUE(Eventually([&] { return server_->counts().connections == 1; }));
  EXPECT_EQ(server_->counts().in_flight, 0u);
}

TEST_F(HttpServerTest, AResponderDroppedUnansweredClosesTheConnection) {
  Start([](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) { responder.reset(); });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(peer.ReadToEnd(), "");
}

TEST_F(HttpServerTest, UrgentRequestsPassFullPools) {
  std::atomic<bool> release = false;
  std::atomic<int> stuck = 0;
  HttpServerOptions options;
  options.is_urgent = [](const HttpRequest& request) { return request.target == "/health"; };
  Start(
      [&](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
        if (request.target != "/health") {
          ++stuck;
          Eventually([&] { return release.load(); });
        }
        responder->Respond({200, {}, "fine"});
      },
      options);
  std::vector<Peer> peers;
  for (int i = 0; i < 8; ++i) {
    peers.push_back(Connect());
    ASSERT_TRUE(peers.back().Send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  ASSERT_TRUE(Eventually([&] { return stuck == 4; }));
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(BodyOf(peer.ReadAnswer()), "fine");
  EXPECT_EQ(stuck, 4);
  release = true;
  for (Peer& other : peers) EXPECT_EQ(BodyOf(other.ReadAnswer()), "fine");
}

TEST_F(HttpServerTest, LargeBodiesStreamBothWaysInLittleMemory) {
  static constexpr uint64_t kSize = 64 << 20;
  Start([](HttpRequest, BodySource& body, std::unique_ptr<Responder> responder) {
    EXPECT_EQ(body.Size(), kSize);
    EXPECT_TRUE(responder->Begin(200, {}, kSize));
    std::vector<char> buffer(100'000);
    while (true) {
      auto count = body.Read(buffer);
      ASSERT_TRUE(count);
      if (*count == 0) break;
      ASSERT_TRUE(responder->Write({buffer.data(), *count}));
    }
    EXPECT_TRUE(responder->Finish());
  });
  Peer peer = Connect();
  std::string piece(1 << 20, 'x');
  [[maybe_unused]] uint64_t before = ResidentBytes();
  std::thread sender([&] {
    EXPECT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSize) +
                          "\r\n\r\n"));
    for (uint64_t sent = 0; sent < kSize; sent += piece.size()) ASSERT_TRUE(peer.Send(piece));
    peer.EndSending();
  });
  uint64_t received = peer.CountToEnd();
  sender.join();
  EXPECT_GT(received, kSize);
  EXPECT_LT(received, kSize + 1000);
#ifndef PENSTOCK_SANITIZED
  EXPECT_LT(ResidentBytes() - before, 8u << 20);
#endif
}

TEST_F(HttpServerTest, AnswersThatDoNotWaitForTheBody) {
  Start([](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({403, {}, "no"});
  });
  // A rest that is worth reading leaves the connection usable; a longer one does not, but the
  // answer still arrives.
  Peer peer = Connect();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n"));
    ASSERT_TRUE(peer.Send(std::string(3'000'000, 'x')));
    EXPECT_EQ(BodyOf(peer.ReadAnswer()), "no");
  }
  Peer huge = Connect();
  ASSERT_TRUE(huge.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"));
  EXPECT_EQ(BodyOf(huge.ReadAnswer()), "no");
  std::string piece(1 << 20, 'x');
  for (int i = 0; i < 90 && huge.Send(piece); ++i) {
  }
}

TEST_F(HttpServerTest, AVanishedUploaderIsAnErrorOfTheBody) {
  std::atomic<bool> failed = false;
  Start([&](HttpRequest, BodySource& body, std::unique_ptr<Responder> responder) {
    auto bytes = ReadAll(body, 1 << 26);
    failed = !bytes && bytes.error().code == ErrorCode::kUnavailable;
    responder->Respond({400, {}, ""});
  });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" +
                        std::string(2'000'000, 'x')));
  peer.Close();
  EXPECT_TRUE(Eventually([&] { return failed.load(); }));
}

TEST_F(HttpServerTest, ABlockedWriterLearnsThatThePeerIsGone) {
  std::atomic<bool> failed = false;
  Start([&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    Status status = responder->Begin(200, {}, std::nullopt);
    std::string piece(1 << 20, 'x');
    while (status) status = responder->Write(piece);
    failed = true;
  });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(peer.SaysNothingFor(Duration(5000)));
  peer.Abort();
  EXPECT_TRUE(Eventually([&] { return failed.load(); }));
}

TEST_F(HttpServerTest, StopsWithGrace) {
  Parking parking;
  std::atomic<bool> serving = false;
  Start([&](HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) {
    if (request.target != "/slow") return parking(std::move(request), body, std::move(responder));
    serving = true;
    std::this_thread::sleep_for(Duration(300));
    responder->Respond({200, {}, "done"});
  });
  Peer idle = Connect(), parked = Connect(), slow = Connect();
  ASSERT_TRUE(idle.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(BodyOf(idle.ReadAnswer()), "GET / ");
  ASSERT_TRUE(parked.Send(kPark));
  ASSERT_TRUE(slow.Send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(Eventually([&] { return serving && parking.size() == 1; }));
  auto begin = steady_clock::now();
  server_->Stop(Duration(20'000));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(BodyOf(slow.ReadToEnd()), "done");
  EXPECT_EQ(parked.ReadToEnd(), "");
  auto responders = parking.TakeAll();
  EXPECT_FALSE(responders[0]->PeerConnected());
  server_.reset();
  EXPECT_FALSE(responders[0]->Begin(200, {}, 1));
}

TEST_F(HttpServerTest, StopsAtOnceWithoutGrace) {
  Start([](HttpRequest, BodySource& body, std::unique_ptr<Responder> responder) {
    EXPECT_FALSE(ReadAll(body, 1 << 26));  // the rest never comes
    responder->Respond({200, {}, "x"});
  });
  Peer peer = Connect();
  ASSERT_TRUE(peer.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\nx"));
  ASSERT_TRUE(Eventually([&] { return server_->counts().in_flight == 1; }));
  server_->Stop(Duration(0));
  EXPECT_EQ(peer.ReadToEnd(), "");
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreTurnedAway) {
  HttpServerOptions options;
  options.connections_max = 2;
  Start(Echo, options);
  Peer one = Connect(), two = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->counts().connections == 2; }));
  Peer three = Connect();
  EXPECT_TRUE(three.ReadToEnd().starts_with("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, AddressesThatCannotBeListenedOn) {
  Start(Echo);
  const std::pair<std::string, ErrorCode> cases[] = {
      {server_->address(), ErrorCode::kUnavailable},
      {"nonsense", ErrorCode::kInvalidArgument},
      {"1.2.3.4:99999", ErrorCode::kInvalidArgument},
      {"somewhere:80", ErrorCode::kInvalidArgument},
  };
  for (const auto& [listen, code] : cases) {
    HttpServerOptions options;
    options.listen = listen;
    auto second = HttpServer::Start(options, service_.get(), &clock_, &random_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, code);
    EXPECT_NE(second.error().message.find(listen), std::string::npos);
  }
}

}  // namespace
}  // namespace penstock
