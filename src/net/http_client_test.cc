#include "net/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "net/http_server.h"
#include "net/in_process_client.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using std::chrono::steady_clock;

class HandlerService final : public HttpService {
 public:
  using Handler = std::function<void(HttpRequest, BodySource&, std::unique_ptr<Responder>)>;
  Handler handler;
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    handler(std::move(request), body, std::move(responder));
  }
};

class CountingSink final : public BodySink {
 public:
  explicit CountingSink(uint64_t fail_after = UINT64_MAX) : fail_after_(fail_after) {}
  Status Write(std::string_view bytes) override {
    count += bytes.size();
    if (count > fail_after_) return ResourceExhausted("the sink is full");
    return {};
  }
  uint64_t count = 0;

 private:
  const uint64_t fail_after_;
};

/// `size` bytes; fails after `fail_after` of them.
class PatternSource final : public BodySource {
 public:
  explicit PatternSource(uint64_t size, uint64_t fail_after = UINT64_MAX)
      : size_(size), fail_after_(fail_after) {}
  Result<size_t> Read(std::span<char> buffer) override {
    if (done_ >= fail_after_) return Corrupt("the source is broken");
    size_t count = std::min<uint64_t>(buffer.size(), size_ - done_);
    std::fill_n(buffer.data(), count, 'p');
    done_ += count;
    return count;
  }
  std::optional<uint64_t> Size() const override { return size_; }

 private:
  const uint64_t size_, fail_after_;
  uint64_t done_ = 0;
};

/// The contract of HttpClient, over a socket and without.
class HttpClientTest : public testing::TestWithParam<bool> {
 protected:
  HttpClientTest() {
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    options.request_threads = options.upload_threads = 4;
    server_ = HttpServer::Start(options, &service_, &clock_, &random_).value();
    if (GetParam()) {
      client_ = std::make_unique<CurlHttpClient>(
          HttpClientOptions{.ca_bundle = "", .body_bytes_max = 1 << 20});
    } else {
      client_ = std::make_unique<InProcessClient>(&service_, &clock_, &random_);
    }
  }
  ~HttpClientTest() override { server_->Stop(Duration(0)); }

  std::string Url(const std::string& target = "/") {
    return "http://" + server_->address() + target;
  }

  SystemClock clock_;
  SystemRandom random_;
  HandlerService service_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
};

INSTANTIATE_TEST_SUITE_P(All, HttpClientTest, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Curl" : "InProcess"; });

TEST_P(HttpClientTest, SendsJustWhatItIsGiven) {
  HttpRequest seen;
  service_.handler = [&](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    seen = std::move(request);
    responder->Respond({200, {{"X-A", "1"}, {"X-A", "2"}, {"X-Empty", ""}}, "hello"});
  };
  for (std::string target : {"/a//b/../c/./%2F%20%7e?x=%2B+&y&z=", "/", "/p?", "/?a=b?c=/../d",
                             "/~(a)'*!;:@,=$|\"<>{}^`[]\\"}) {
    auto response = client_->Send(
        {.method = "GET", .url = Url(target), .headers = {{"X-B", "b  c"}, {"X-None", ""}}});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(seen.target, target);
    EXPECT_EQ(seen.headers,
              (Headers{{"Host", server_->address()}, {"X-B", "b  c"}, {"X-None", ""}}));
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(response->headers.GetAll("x-a"), (std::vector<std::string_view>{"1", "2"}));
    EXPECT_EQ(response->headers.Get("X-Empty"), "");
    EXPECT_EQ(response->headers.Get("content-length"), "5");
  }
  ASSERT_TRUE(client_->Send({.method = "GET", .url = "http://" + server_->address()}));
  EXPECT_EQ(seen.target, "/");
  ASSERT_TRUE(
      client_->Send({.method = "GET", .url = Url(), .headers = {{"Host", "signed.example"}}}));
  EXPECT_EQ(seen.headers, (Headers{{"Host", "signed.example"}}));
}

TEST_P(HttpClientTest, SendsBodiesWithEveryMethod) {
  std::string seen;
  Headers headers;
  service_.handler = [&](HttpRequest request, BodySource& body,
                         std::unique_ptr<Responder> responder) {
    headers = request.headers;
    seen = request.method + " " + ReadAll(body, 1 << 20).value();
    responder->Respond({404, {}, "what"});
  };
  // Also several of one kind in a row, for which a client may keep what it has set up.
  const std::array<std::string, 3> cases[] = {
      {"POST", "{}", "2"},     {"PUT", "", "0"},     {"POST", "", "0"},   {"DELETE", "", ""},
      {"GET", "", ""},         {"DELETE", "x", "1"}, {"OPTIONS", "", ""}, {"POST", "first", "5"},
      {"POST", "second", "6"}, {"POST", "", "0"},    {"POST", "{}", "2"}, {"GET", "", ""},
      {"GET", "", ""}};
  for (const auto& [method, body, length] : cases) {
    Headers expected{{"Host", server_->address()}};
    if (method == "POST") expected.Add("Content-Type", "application/x-amz-json-1.1");
    ClientRequest request{.method = method, .url = Url(), .headers = expected, .body = body};
    auto response = client_->Send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->body, "what");
    EXPECT_EQ(seen, method + " " + body);
    EXPECT_EQ(headers.Get("Content-Length").value_or(""), length);
    headers.Remove("Content-Length");
    EXPECT_EQ(headers, expected);
  }
}

TEST_P(HttpClientTest, HeadHasALengthAndNoBody) {
  service_.handler = [&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({200, {{"Content-Length", "1234"}}, ""});
  };
  auto response = client_->Send({.method = "HEAD", .url = Url()});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(response->headers.Get("Content-Length"), "1234");
}

TEST_P(HttpClientTest, StreamsBothWays) {
  constexpr uint64_t kSize = 64 << 20;
  std::atomic<uint64_t> received = 0;
  service_.handler = [&](HttpRequest, BodySource& body, std::unique_ptr<Responder> responder) {
    EXPECT_EQ(body.Size(), kSize);
    std::vector<char> buffer(1 << 16);
    while (true) {
      auto count = body.Read(buffer);
      ASSERT_TRUE(count);
      if (*count == 0) break;
      received += *count;
    }
    EXPECT_TRUE(responder->Begin(200, {}, std::nullopt));
    for (uint64_t sent = 0; sent < kSize; sent += buffer.size()) {
      EXPECT_TRUE(responder->Write({buffer.data(), buffer.size()}));
    }
    EXPECT_TRUE(responder->Finish());
  };
  PatternSource source(kSize);
  CountingSink sink;
  auto response = client_->Send({.method = "PUT", .url = Url()}, &source, &sink, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(received, kSize);
  EXPECT_EQ(sink.count, kSize);
  EXPECT_EQ(response->body, "");
}

TEST_P(HttpClientTest, OnlyGoodAnswersGoToTheSink) {
  service_.handler = [&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({500, {}, "sorry"});
  };
  CountingSink sink;
  auto response = client_->Send({.url = Url()}, nullptr, &sink, {});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "sorry");
  EXPECT_EQ(sink.count, 0u);
}

TEST_P(HttpClientTest, ErrorsOfSourceAndSinkAreReturned) {
  service_.handler = [&](HttpRequest, BodySource& body, std::unique_ptr<Responder> responder) {
    auto bytes = ReadAll(body, 1 << 26);
    Status status = responder->Begin(bytes ? 200 : 400, {}, std::nullopt);
    for (int i = 0; i < 100 && status; ++i) status = responder->Write(std::string(1 << 16, 'x'));
    if (status) status = responder->Finish();
  };
  PatternSource source(10'000'000, 3'000'000);
  auto response = client_->Send({.method = "PUT", .url = Url()}, &source, nullptr, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), Corrupt("the source is broken"));
  CountingSink sink(1'000'000);
  response = client_->Send({.url = Url()}, nullptr, &sink, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), ResourceExhausted("the sink is full"));
}

TEST_P(HttpClientTest, WaitsForARespondersAnswerFromAnotherThread) {
  std::thread later;
  service_.handler = [&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    later = std::thread([kept = std::move(responder)] {
      std::this_thread::sleep_for(Duration(30));
      EXPECT_TRUE(kept->PeerConnected());
      EXPECT_TRUE(kept->Begin(200, {}, 4));
      EXPECT_TRUE(kept->Write("la"));
      EXPECT_TRUE(kept->Write("te"));
      EXPECT_TRUE(kept->Finish());
    });
  };
  auto response = client_->Send({.method = "POST", .url = Url()});
  later.join();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "late");
}

TEST_P(HttpClientTest, StoppingAndSilenceEndTheCallAndTheServerSees) {
  std::mutex mutex;
  std::unique_ptr<Responder> parked;
  service_.handler = [&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    std::lock_guard lock(mutex);
    parked = std::move(responder);
  };
  auto peer_left = [&] {
    for (int i = 0; i < 1000; ++i) {
      {
        std::lock_guard lock(mutex);
        if (parked && !parked->PeerConnected()) return true;
      }
      std::this_thread::sleep_for(Duration(5));
    }
    return false;
  };
  auto begin = steady_clock::now();
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(Duration(50));
    stop.request_stop();
  });
  auto response =
      client_->Send({.method = "POST", .url = Url()}, nullptr, nullptr, stop.get_token());
  stopper.join();
  EXPECT_EQ(response.error().code, ErrorCode::kCanceled);
  EXPECT_LT(steady_clock::now() - begin, Duration(900)) << "stopping wakes the call";
  EXPECT_TRUE(peer_left());

  parked.reset();
  response =
      client_->Send({.method = "POST", .url = Url("/x?signature=secret"), .timeout = Duration(50)});
  EXPECT_EQ(response.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
  EXPECT_TRUE(peer_left());
  EXPECT_EQ(client_->Send({.url = Url()}, nullptr, nullptr, stop.get_token()).error().code,
            ErrorCode::kCanceled);
}

TEST_P(HttpClientTest, ATotalEndsALivelyCallToo) {
  std::vector<std::jthread> writers;
  std::mutex mutex;
  service_.handler = [&](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    std::lock_guard lock(mutex);
    writers.emplace_back([kept = std::move(responder)](std::stop_token end) {
      Status sent = kept->Begin(200, {}, std::nullopt);
      while (sent && !end.stop_requested()) {
        sent = kept->Write("x");
        std::this_thread::sleep_for(Duration(5));
      }
    });
  };
  auto begin = steady_clock::now();
  auto response = client_->Send({.method = "POST",
                                 .url = Url("/x?signature=secret"),
                                 .timeout = Duration(30'000),
                                 .total = Duration(100)});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kDeadlineExceeded) << response.error().message;
  EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
  EXPECT_LT(steady_clock::now() - begin, Duration(10'000));
  std::lock_guard lock(mutex);
  writers.clear();
}

TEST_P(HttpClientTest, ARequestSaysHowLongAnAnswerMayBe) {
  service_.handler = [&](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({request.target == "/refused" ? 404 : 200, {}, std::string(1000, 'x')});
  };
  EXPECT_TRUE(client_->Send({.url = Url(), .answer_bytes_max = 1000}));
  auto response = client_->Send({.url = Url(), .answer_bytes_max = 999});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kResourceExhausted);
  // What goes to a sink is not counted; what it does not get is.
  CountingSink sink;
  EXPECT_TRUE(client_->Send({.url = Url(), .answer_bytes_max = 999}, nullptr, &sink, {}));
  EXPECT_EQ(sink.count, 1000u);
  EXPECT_FALSE(
      client_->Send({.url = Url("/refused"), .answer_bytes_max = 999}, nullptr, &sink, {}));
}

TEST_P(HttpClientTest, BrokenAnswersAreNoAnswers) {
  service_.handler = [&](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    if (request.target == "/none") return;
    EXPECT_TRUE(responder->Begin(
        200, {}, request.target == "/sized" ? std::optional<uint64_t>(9) : std::nullopt));
    EXPECT_TRUE(responder->Write("half"));
    if (request.target == "/sized") {
      EXPECT_FALSE(responder->Finish());
    }
  };
  for (std::string target : {"/none", "/sized", "/chunked"}) {
    auto response = client_->Send({.method = "POST", .url = Url(target)});
    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable) << response.error().message;
  }
}

TEST_P(HttpClientTest, CallsFromManyThreads) {
  service_.handler = [&](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({200, {}, request.target});
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        std::string target = "/" + std::to_string(t) + "/" + std::to_string(i);
        auto response = client_->Send({.url = Url(target)});
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, target);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(server_->counts().connections, 8u) << "connections are used again";
}

TEST(WithoutSecretsTest, LeavesWhatLogsMayShow) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://host/path", "https://host/path"},
      {"https://host:8443/path?token=t#f", "https://host:8443/path"},
      {"https://user:p@ss@host/a@b?x", "https://host/a@b"},
      {"http://user@host", "http://host"},
      {"https://host#token", "https://host"},
      {"http://host/a@b", "http://host/a@b"},
      {"ops@example.com", "ops@example.com"},
      {"http://", "http://"},
      {"", ""},
  };
  for (const auto& [url, shown] : cases) EXPECT_EQ(WithoutSecrets(url), shown) << url;
}

TEST(CurlHttpClientTest, BadInputAndNobodyThere) {
  CurlHttpClient client;
  const std::pair<ClientRequest, ErrorCode> cases[] = {
      {{.url = "ftp://x/"}, ErrorCode::kInvalidArgument},
      {{.url = "http:///x"}, ErrorCode::kInvalidArgument},
      {{.url = "http://h/a b"}, ErrorCode::kInvalidArgument},
      {{.url = "http://h/", .headers = {{"X", "a\r\nY: b"}}}, ErrorCode::kInvalidArgument},
      {{.url = "http://h/", .headers = {{"X: Y", "a"}}}, ErrorCode::kInvalidArgument},
      {{.url = "http://127.0.0.1:1/x"}, ErrorCode::kUnavailable},
      {{.url = "http://no-such-host.invalid/x"}, ErrorCode::kUnavailable},
  };
  for (const auto& [request, code] : cases) {
    auto response = client.Send(request);
    ASSERT_FALSE(response) << request.url;
    EXPECT_EQ(response.error().code, code) << response.error().message;
  }
}

TEST(CurlHttpClientTest, AProxyIsAskedAsItIsTold) {
  SystemClock clock;
  SystemRandom random;
  HandlerService proxy;
  proxy.handler = [](HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
    std::string_view who = request.headers.Get("Proxy-Authorization").value_or("nobody");
    responder->Respond({200, {}, std::string(who)});
  };
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  auto server = HttpServer::Start(options, &proxy, &clock, &random).value();
  std::string address = server->address();
  HttpClientOptions with_proxy;
  with_proxy.proxy.host = address.substr(0, address.find(':'));
  with_proxy.proxy.port = std::stoi(address.substr(address.find(':') + 1));
  const std::string url = "http://service.invalid/path";
  EXPECT_EQ(CurlHttpClient(with_proxy).Send({.url = url})->body, "nobody");
  with_proxy.proxy.user = "who";
  with_proxy.proxy.password = "secret";
  EXPECT_EQ(CurlHttpClient(with_proxy).Send({.url = url})->body, "Basic d2hvOnNlY3JldA==");
  with_proxy.proxy.domain = "CORP";
  EXPECT_TRUE(CurlHttpClient(with_proxy).Send({.url = url})->body.starts_with("NTLM "));
}

TEST(CurlHttpClientTest, AnswersTooLongForMemory) {
  SystemClock clock;
  SystemRandom random;
  HandlerService service;
  service.handler = [](HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
    responder->Respond({200, {}, std::string(2000, 'x')});
  };
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  auto server = HttpServer::Start(options, &service, &clock, &random).value();
  CurlHttpClient client(HttpClientOptions{.ca_bundle = "", .body_bytes_max = 1000});
  EXPECT_EQ(client.Send({.url = "http://" + server->address() + "/"}).error().code,
            ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace penstock
