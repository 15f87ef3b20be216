#include "local/s3/read_condition.h"

#include <gtest/gtest.h>

#include "local/s3/object_store.h"

namespace penstock {
namespace {

TEST(ByteRangeTest, OneRangeOfBytes) {
  struct Case {
    std::string_view header;
    uint64_t size;
    std::optional<ByteRange> range;
  };
  const Case cases[] = {
      {"bytes=0-0", 10, ByteRange{0, 1}},
      {"bytes=2-5", 10, ByteRange{2, 4}},
      {"bytes=2-", 10, ByteRange{2, 8}},
      {"bytes=-3", 10, ByteRange{7, 3}},
      {"bytes=-30", 10, ByteRange{0, 10}},
      {"bytes=9-99", 10, ByteRange{9, 1}},
      {"Bytes=0-1", 10, ByteRange{0, 2}},
      {"bytes= 0 - 1", 10, ByteRange{0, 2}},
      {"bytes=5-2", 10, std::nullopt},
      {"bytes=0-1,3-4", 10, std::nullopt},
      {"bytes=", 10, std::nullopt},
      {"bytes=-", 10, std::nullopt},
      {"bytes=a-b", 10, std::nullopt},
      {"items=0-1", 10, std::nullopt},
      {"bytes=+1-2", 10, std::nullopt},
      {"", 10, std::nullopt},
      {"bytes=99999999999999999999-", 10, std::nullopt},
  };
  for (const Case& c : cases) {
    auto range = ParseByteRange(c.header, c.size);
    ASSERT_TRUE(range) << c.header;
    EXPECT_EQ(*range, c.range) << c.header;
  }
  for (auto [header, size] : {std::pair{"bytes=10-", 10},
                              {"bytes=10-20", 10},
                              {"bytes=-0", 10},
                              {"bytes=0-", 0},
                              {"bytes=-1", 0}}) {
    auto range = ParseByteRange(header, size);
    ASSERT_FALSE(range) << header;
    EXPECT_EQ(range.error().type, "InvalidRange");
    EXPECT_EQ(range.error().http, 416);
  }
}

TEST(ReadConditionTest, Precedence) {
  ObjectRecord record;
  record.etag = "abc";
  record.last_modified = *ParseIso("2011-05-24T17:10:00.789Z");
  const std::string same = "Tue, 24 May 2011 17:10:00 GMT",
                    before = "Tue, 24 May 2011 17:09:59 GMT";
  struct Case {
    Headers headers;
    int http;  // 200 proceed
  };
  const Case cases[] = {
      {{}, 200},
      {{{"If-Match", "\"abc\""}}, 200},
      {{{"If-Match", "abc"}}, 200},
      {{{"If-Match", "*"}}, 200},
      {{{"If-Match", "\"x\", \"abc\""}}, 200},
      {{{"If-Match", "\"x\""}}, 412},
      {{{"If-None-Match", "\"x\""}}, 200},
      {{{"If-None-Match", "W/\"abc\""}}, 304},
      {{{"If-Modified-Since", before}}, 200},
      {{{"If-Modified-Since", same}}, 304},
      {{{"If-Modified-Since", "yesterday"}}, 200},
      {{{"If-Unmodified-Since", before}}, 412},
      {{{"If-Unmodified-Since", same}}, 200},
      {{{"If-Match", "\"abc\""}, {"If-Unmodified-Since", before}}, 200},
      {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", same}}, 200},
      {{{"If-None-Match", "\"abc\""}, {"If-Modified-Since", before}}, 304},
      {{{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, 412},
  };
  for (const Case& c : cases) {
    HttpRequest http;
    http.headers = c.headers;
    S3Request request;
    request.http = &http;
    auto verdict = CheckReadConditions(request, record);
    int got = !verdict ? verdict.error().http : *verdict == ReadVerdict::kProceed ? 200 : 304;
    EXPECT_EQ(got, c.http) << (c.headers.fields().empty() ? "" : c.headers.fields()[0].first);
  }
}

}  // namespace
}  // namespace penstock
