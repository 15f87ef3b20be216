#include "net/request_parser.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

struct Parsed {
  RequestHead head;
  std::string body;
  Headers trailers;
  size_t taken = 0;
  bool done = false;
};

/// Feeds `bytes` in steps of `step`, as a socket would.
Result<Parsed, RequestFault> Parse(std::string_view bytes, size_t step = SIZE_MAX,
                                   RequestLimits limits = {}) {
  RequestParser parser(limits);
  Parsed parsed;
  size_t end = 0;
  while (!parser.done() && end < bytes.size()) {
    end = std::min(bytes.size() - end, step) + end;
    while (!parser.done()) {
      bool had_head = parser.head_done();
      auto taken = parser.Feed(bytes.substr(parsed.taken, end - parsed.taken), parsed.body);
      if (!taken) return taken.error();
      parsed.taken += *taken;
      if (*taken == 0 || had_head) break;
    }
  }
  parsed.done = parser.done();
  if (parser.head_done()) parsed.head = parser.head();
  parsed.trailers = parser.trailers();
  return parsed;
}

TEST(RequestParserTest, KeepsTargetAndFieldsAsReceived) {
  auto parsed = Parse(
      "GET //a/../b%2Fc?x=%20+y&&z= HTTP/1.1\r\nhOST: Example:80\r\nX-A:  two  words \t\r\nX-A: "
      "again\r\nX-Empty:\r\n\r\nrest");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->done);
  EXPECT_EQ(parsed->head.method, "GET");
  EXPECT_EQ(parsed->head.target, "//a/../b%2Fc?x=%20+y&&z=");
  EXPECT_EQ(
      parsed->head.headers,
      (Headers{{"hOST", "Example:80"}, {"X-A", "two  words"}, {"X-A", "again"}, {"X-Empty", ""}}));
  EXPECT_TRUE(parsed->head.keep_alive);
  EXPECT_FALSE(parsed->head.content_length);
}

TEST(RequestParserTest, BodiesInAnyPieces) {
  const std::string sized =
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello worldGET /next";
  const std::string chunked =
      "\r\nPUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n006\r\n world\r\n0\r\nX-Sum: abc\r\nX-More: 1\r\n\r\nGET /next";
  for (const std::string& text : {sized, chunked}) {
    for (size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{50}, SIZE_MAX}) {
      auto parsed = Parse(text, step);
      ASSERT_TRUE(parsed) << parsed.error().reason;
      EXPECT_TRUE(parsed->done);
      EXPECT_EQ(parsed->body, "hello world");
      EXPECT_EQ(text.substr(parsed->taken), "GET /next") << "step " << step;
    }
  }
  EXPECT_EQ(Parse(chunked)->trailers, (Headers{{"X-Sum", "abc"}, {"X-More", "1"}}));
  EXPECT_TRUE(Parse(chunked)->head.chunked);
  EXPECT_EQ(Parse(sized)->head.content_length, 11u);
}

TEST(RequestParserTest, EmptyChunkedBodyInAnyPieces) {
  const std::string text =
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (size_t step = 1; step <= 8; ++step) {
    auto parsed = Parse(text, step);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->done);
    EXPECT_EQ(parsed->body, "");
    EXPECT_EQ(parsed->taken, text.size());
  }
}

TEST(RequestParserTest, KeepAliveByVersion) {
  const std::pair<std::string, bool> cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
  };
  for (const auto& [text, keep_alive] : cases)
    EXPECT_EQ(Parse(text)->head.keep_alive, keep_alive) << text;
}

TEST(RequestParserTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string put = "PUT / HTTP/1.1\r\nHost: h\r\n";
  const std::pair<std::string, int> cases[] = {
      {"hello\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},  // bare LF
      {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35), 400},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {put + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {put + "Content-Length: -1\r\n\r\n", 400},
      {put + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {put + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
      {put + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {put + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {put + "Expect: something\r\n\r\n", 417},
  };
  for (const auto& [text, status] : cases) {
    auto parsed = Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().status, status) << text << parsed.error().reason;
  }
}

TEST(RequestParserTest, HoldsLimitsBeforeTheEndIsSeen) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  std::string many = head;
  while (many.size() < 70'000) many += "X-Field: " + std::string(1000, 'x') + "\r\n";
  const std::pair<std::string, int> cases[] = {
      {"GET /" + std::string(17'000, 'a'), 414},
      {head + "X: " + std::string(17'000, 'a'), 431},
      {many, 431},
      {std::string(40'000, '\n'), 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
           std::string(70'000, 'a'),
       400},
  };
  for (const auto& [text, status] : cases) {
    auto parsed = Parse(text, 1000);
    ASSERT_FALSE(parsed) << text.substr(0, 60);
    EXPECT_EQ(parsed.error().status, status) << parsed.error().reason;
  }
  EXPECT_TRUE(Parse("GET /" + std::string(16'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n")->done);
  std::string large = head;
  for (int i = 0; i < 60; ++i) large += "X-Field: " + std::string(1000, 'x') + "\r\n";
  EXPECT_TRUE(Parse(large + "\r\n", 4096)->done);
}

}  // namespace
}  // namespace penstock
