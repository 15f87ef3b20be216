#include "local/s3/s3_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/crc.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "local/s3/s3_fixture_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(S3ServiceTest, BucketsComeAndGo) {
  EXPECT_EQ(Call("HEAD", "/bucket").headers.Get("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(Call("PUT", "/bucket").status, 200);  // again, in us-east-1
  EXPECT_EQ(Code((*other_)("PUT", "/bucket")), "BucketAlreadyExists");
  const std::string ireland =
      "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></"
      "CreateBucketConfiguration>";
  EXPECT_EQ(Call("PUT", "/ireland", ireland).status, 200);
  EXPECT_EQ(Code(Call("PUT", "/ireland", ireland)), "BucketAlreadyOwnedByYou");
  EXPECT_THAT(Call("GET", "/ireland?location").body, HasSubstr(">eu-west-1</LocationConstraint>"));
  EXPECT_THAT(Call("GET", "/bucket?location").body, HasSubstr("/\"></LocationConstraint>"));
  HttpResponse list = Call("GET", "/");
  EXPECT_THAT(
      list.body,
      HasSubstr("<Name>bucket</Name><CreationDate>2024-02-03T04:05:06.000Z</CreationDate>"));
  EXPECT_THAT((*other_)("GET", "/").body, Not(HasSubstr("<Name>")));
  EXPECT_EQ(Call("PUT", "/bucket/key", "x").status, 200);
  EXPECT_EQ(Code(Call("DELETE", "/bucket")), "BucketNotEmpty");
  EXPECT_EQ(Call("DELETE", "/bucket/key").status, 204);
  EXPECT_EQ(Call("DELETE", "/bucket").status, 204);
  EXPECT_EQ(Code(Call("GET", "/bucket")), "NoSuchBucket");
  EXPECT_EQ(Code(Call("DELETE", "/bucket")), "NoSuchBucket");
  EXPECT_EQ(Call("HEAD", "/bucket").status, 404);
  EXPECT_EQ(Call("HEAD", "/bucket").body, "");
}

TEST_F(S3ServiceTest, BucketNamesFollowTheRules) {
  for (const char* name : {"ab", "Upper", "under_score", "a..b", "192.168.5.4", "-abc", "abc-",
                           "xn--abc", "abc-s3alias"}) {
    HttpResponse response = Call("PUT", std::string("/") + name);
    EXPECT_EQ(Code(response), "InvalidBucketName") << name;
    EXPECT_EQ(response.status, 400);
  }
  EXPECT_EQ(Code(Call("PUT", "/" + std::string(64, 'a'))), "InvalidBucketName");
  for (const char* name : {"abc", "a.b.c", "1-2", "1.2.3.4.5"}) {
    EXPECT_EQ(Call("PUT", std::string("/") + name).status, 200) << name;
  }
  EXPECT_EQ(Code(Call("PUT", "/abcd",
                      "<CreateBucketConfiguration><LocationConstraint>nowhere</LocationConstraint>"
                      "</CreateBucketConfiguration>")),
            "InvalidLocationConstraint");
  EXPECT_EQ(Code(Call("PUT", "/abcd", "<broken")), "MalformedXML");
}

TEST_F(S3ServiceTest, OthersSeeNothing) {
  Call("PUT", "/bucket/key", "secret");
  EXPECT_EQ(Code((*other_)("GET", "/bucket/key")), "AccessDenied");
  EXPECT_EQ(Code((*other_)("PUT", "/bucket/key", "x")), "AccessDenied");
  EXPECT_EQ(Code((*other_)("GET", "/bucket")), "AccessDenied");
  (*other_)("PUT", "/theirs");
  EXPECT_EQ(Code((*other_)("PUT", "/theirs/copy", {}, {{"x-amz-copy-source", "/bucket/key"}})),
            "AccessDenied");
  EXPECT_EQ(Code(Call("GET", "/bucket/key", {}, {{"x-amz-expected-bucket-owner", "222222222222"}})),
            "AccessDenied");
}

TEST_F(S3ServiceTest, GivesBackWhatWasPut) {
  HttpResponse put = Call("PUT", "/bucket/dir/a%20b%2B%C3%A9", "hello",
                          {{"Content-Type", "text/plain"},
                           {"Cache-Control", "max-age=1"},
                           {"Content-Encoding", "aws-chunked, gzip"},
                           {"x-amz-meta-Name", "Ann"},
                           {"x-amz-meta-name", "Bob"},
                           {"x-amz-storage-class", "STANDARD_IA"},
                           {"x-amz-server-side-encryption", "AES256"},
                           {"x-amz-tagging", "a=1&b=%20"}});
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.headers.Get("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  for (const char* method : {"GET", "HEAD"}) {
    HttpResponse got = Call(method, "/bucket/dir/a%20b%2B%C3%A9");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, method == std::string("GET") ? "hello" : "");
    EXPECT_EQ(got.headers.Get("Content-Length"), "5");
    EXPECT_EQ(got.headers.Get("Content-Type"), "text/plain");
    EXPECT_EQ(got.headers.Get("Content-Encoding"), "gzip");
    EXPECT_EQ(got.headers.Get("Cache-Control"), "max-age=1");
    EXPECT_EQ(got.headers.Get("x-amz-meta-name"), "Ann,Bob");
    EXPECT_EQ(got.headers.Get("x-amz-storage-class"), "STANDARD_IA");
    EXPECT_EQ(got.headers.Get("x-amz-server-side-encryption"), "AES256");
    EXPECT_EQ(got.headers.Get("x-amz-tagging-count"), "2");
    EXPECT_EQ(got.headers.Get("Last-Modified"), "Sat, 03 Feb 2024 04:05:06 GMT");
    EXPECT_TRUE(got.headers.Has("x-amz-request-id"));
  }
  Call("PUT", "/bucket/plain", "");
  EXPECT_EQ(Call("GET", "/bucket/plain").headers.Get("Content-Type"), "binary/octet-stream");
  EXPECT_EQ(Call("GET", "/bucket/plain").headers.Get("ETag"),
            "\"d41d8cd98f00b204e9800998ecf8427e\"");
  EXPECT_EQ(Call("GET", "/bucket/plain?response-content-type=a/b&response-expires=never")
                .headers.Get("Content-Type"),
            "a/b");
}

TEST_F(S3ServiceTest, ReplacedAndDeletedFilesGo) {
  Call("PUT", "/bucket/key", "one");
  Call("PUT", "/bucket/key", "two");
  EXPECT_EQ(FileCount(), 1u);
  EXPECT_EQ(Call("GET", "/bucket/key").body, "two");
  Call("DELETE", "/bucket/key");
  EXPECT_EQ(FileCount(), 0u);
  EXPECT_EQ(Call("DELETE", "/bucket/key").status, 204);
  HttpResponse missing = Call("GET", "/bucket/key");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(Text(missing, "Key"), "key");
}

TEST_F(S3ServiceTest, KeysAreTakenLiterally) {
  for (const char* key :
       {"a//b", "../x", "./y", "%2F%2Fz", "%E2%98%83", "trailing/", "%00", "a%0Ab"}) {
    EXPECT_EQ(Call("PUT", std::string("/bucket/") + key, key).status, 200) << key;
    EXPECT_EQ(Call("GET", std::string("/bucket/") + key).body, key);
  }
  EXPECT_EQ(Call("PUT", "/bucket/" + std::string(1024, 'k'), "x").status, 200);
  EXPECT_EQ(Code(Call("PUT", "/bucket/" + std::string(1025, 'k'), "x")), "KeyTooLongError");
  EXPECT_EQ(Code(Call("PUT", "/bucket/%FF", "x")), "InvalidURI");
}

TEST_F(S3ServiceTest, RangesAndParts) {
  Call("PUT", "/bucket/key", "0123456789");
  struct Case {
    std::string range;
    int status;
    std::string body, content_range;
  };
  for (const Case& c :
       {Case{"bytes=2-4", 206, "234", "bytes 2-4/10"}, Case{"bytes=7-", 206, "789", "bytes 7-9/10"},
        Case{"bytes=-2", 206, "89", "bytes 8-9/10"},
        Case{"bytes=0-1,3-4", 200, "0123456789", ""}}) {
    HttpResponse got = Call("GET", "/bucket/key", {}, {{"Range", c.range}});
    EXPECT_EQ(got.status, c.status) << c.range;
    EXPECT_EQ(got.body, c.body) << c.range;
    EXPECT_EQ(got.headers.Get("Content-Range").value_or(""), c.content_range);
    EXPECT_EQ(got.headers.Get("Content-Length"), std::to_string(c.body.size()));
  }
  HttpResponse outside = Call("GET", "/bucket/key", {}, {{"Range", "bytes=10-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(Text(outside, "ActualObjectSize"), "10");
  EXPECT_EQ(
      Call("GET", "/bucket/key", {}, {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).status,
      200);
  EXPECT_EQ(Call("GET", "/bucket/key?partNumber=1").status, 206);
  EXPECT_EQ(Code(Call("GET", "/bucket/key?partNumber=2")), "InvalidPartNumber");
  EXPECT_EQ(Code(Call("GET", "/bucket/key?partNumber=1", {}, {{"Range", "bytes=0-1"}})),
            "InvalidRequest");
  EXPECT_EQ(
      Call("GET", "/bucket/key", {}, {{"If-None-Match", "\"781e5e245d69b566979b86e28d23f2c7\""}})
          .status,
      304);
}

TEST_F(S3ServiceTest, DigestsAreHeldAgainstTheBytes) {
  const std::string md5 = Base64Encode(Md5("hello")), wrong = Base64Encode(Md5("other"));
  EXPECT_EQ(Call("PUT", "/bucket/k", "hello", {{"Content-MD5", md5}}).status, 200);
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "hello", {{"Content-MD5", wrong}})), "BadDigest");
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "hello", {{"Content-MD5", "short"}})), "InvalidDigest");
  EXPECT_EQ(FileCount(), 1u);
  HttpResponse put = Call("PUT", "/bucket/k", "hello", {{"x-amz-checksum-crc32", "NhCmhg=="}});
  EXPECT_EQ(put.headers.Get("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(put.headers.Get("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "hellO", {{"x-amz-checksum-crc32", "NhCmhg=="}})),
            "BadDigest");
  EXPECT_EQ(Call("GET", "/bucket/k").headers.Get("x-amz-checksum-crc32"), std::nullopt);
  const Headers enabled = {{"x-amz-checksum-mode", "ENABLED"}};
  EXPECT_EQ(Call("HEAD", "/bucket/k", {}, enabled).headers.Get("x-amz-checksum-crc32"), "NhCmhg==");
  // A part of the object does not have the checksum of the whole.
  EXPECT_FALSE(
      Call("GET", "/bucket/k", {}, {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-0"}})
          .headers.Has("x-amz-checksum-crc32"));
}

// A body with a trailer, as the decoder of aws-chunked gives it; or one that fails at the end.
class TrailedSource final : public BodySource {
 public:
  TrailedSource(std::string_view body, Headers trailers, std::optional<Error> failure = {})
      : body_(body), trailers_(std::move(trailers)), failure_(std::move(failure)) {}
  Result<size_t> Read(std::span<char> buffer) override {
    ASSIGN_OR_RETURN(size_t count, body_.Read(buffer));
    if (count == 0 && failure_) return *failure_;
    return count;
  }
  std::optional<uint64_t> Size() const override { return body_.Size(); }
  const Headers& Trailers() const override { return trailers_; }

 private:
  StringSource body_;
  const Headers trailers_;
  const std::optional<Error> failure_;
};

TEST_F(S3ServiceTest, TrailersAndBrokenBodies) {
  const Headers announced = {{"x-amz-trailer", "x-amz-checksum-crc32"}};
  auto put = [&](TrailedSource source) {
    return call_->Send("PUT", "/bucket/k", "hello", announced, &source).response;
  };
  EXPECT_EQ(put({"hello", {{"x-amz-checksum-crc32", "NhCmhg=="}}}).status, 200);
  EXPECT_EQ(Code(put({"hello", {{"x-amz-checksum-crc32", "AAAAAA=="}}})), "BadDigest");
  EXPECT_EQ(Code(put({"hello", {}})), "MalformedTrailerError");
  EXPECT_EQ(put({"broken", {}, Corrupt("XAmzContentSHA256Mismatch: no")}).status, 400);
  EXPECT_EQ(Code(put({"broken", {}, Unavailable("peer gone")})), "IncompleteBody");
  EXPECT_EQ(Call("GET", "/bucket/k").body, "hello");
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(S3ServiceTest, ConditionalWrites) {
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "x", {{"If-Match", "\"x\""}})), "NoSuchKey");
  EXPECT_EQ(Call("PUT", "/bucket/k", "hello", {{"If-None-Match", "*"}}).status, 200);
  HttpResponse refused = Call("PUT", "/bucket/k", "x", {{"If-None-Match", "*"}});
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(Text(refused, "Condition"), "If-None-Match");
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "x", {{"If-Match", "\"x\""}})), "PreconditionFailed");
  EXPECT_EQ(Call("PUT", "/bucket/k", "new", {{"If-Match", "\"5d41402abc4b2a76b9719d911017c592\""}})
                .status,
            200);
  EXPECT_EQ(Code(Call("PUT", "/bucket/k", "x", {{"If-None-Match", "\"x\""}})), "NotImplemented");
  EXPECT_EQ(Code(Call("DELETE", "/bucket/k", {}, {{"If-Match", "\"x\""}})), "PreconditionFailed");
  // The condition holds for a version too.
  EXPECT_EQ(Code(Call("DELETE", "/bucket/k?versionId=null", {}, {{"If-Match", "\"x\""}})),
            "PreconditionFailed");
  auto batch = [](std::string_view etag) {
    return fmt::format(
        "<Delete><Object><Key>k</Key><VersionId>null</VersionId><ETag>{}</ETag></Object></Delete>",
        etag);
  };
  EXPECT_THAT(Call("POST", "/bucket?delete", batch("x")).body,
              HasSubstr("<Error><Key>k</Key><VersionId>null</VersionId>"
                        "<Code>PreconditionFailed</Code>"));
  EXPECT_EQ(Call("GET", "/bucket/k").body, "new");
  EXPECT_THAT(Call("POST", "/bucket?delete", batch(HexEncode(Md5("new")))).body,
              HasSubstr("<Deleted><Key>k</Key><VersionId>null</VersionId></Deleted>"));
  EXPECT_EQ(Code(Call("GET", "/bucket/k")), "NoSuchKey");
  Call("PUT", "/bucket/k", "x");
  EXPECT_EQ(Call("DELETE", "/bucket/k?versionId=null", {}, {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(Code(Call("GET", "/bucket/k")), "NoSuchKey");
}

TEST_F(S3ServiceTest, OfManyWhoCreateOneWins) {
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      S3TestClient client(service_.get());
      for (int i = 0; i < 20; ++i) {
        if (client("PUT", "/bucket/race" + std::to_string(i), std::to_string(t),
                   {{"If-None-Match", "*"}})
                .status == 200) {
          ++won;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 20);
  EXPECT_EQ(FileCount(), 20u);
}

TEST_F(S3ServiceTest, ReadersSeeOneVersionWhole) {
  Call("PUT", "/bucket/k", std::string(1 << 20, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    S3TestClient client(service_.get());
    for (int i = 0; i < 60; ++i)
      client("PUT", "/bucket/k", std::string(1 << 20, static_cast<char>('a' + i % 26)));
    stop = true;
  });
  while (!stop) {
    std::string body = Call("GET", "/bucket/k").body;
    ASSERT_EQ(body.size(), size_t{1} << 20);
    ASSERT_EQ(body.find_first_not_of(body[0]), std::string::npos);
  }
  writer.join();
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(S3ServiceTest, CopiesAndTheRuleAboutItself) {
  Call("PUT", "/bucket/a%20b", "hello",
       {{"Content-Type", "text/plain"}, {"x-amz-meta-m", "1"}, {"x-amz-tagging", "t=1"}});
  HttpResponse copied =
      Call("PUT", "/bucket/c", {}, {{"x-amz-copy-source", "bucket/a%20b?versionId=null"}});
  EXPECT_EQ(copied.status, 200);
  EXPECT_EQ(Text(copied, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  HttpResponse copy = Call("GET", "/bucket/c");
  EXPECT_EQ(copy.body, "hello");
  EXPECT_EQ(copy.headers.Get("x-amz-meta-m"), "1");
  EXPECT_EQ(copy.headers.Get("x-amz-tagging-count"), "1");
  EXPECT_EQ(Code(Call("PUT", "/bucket/c", {}, {{"x-amz-copy-source", "bucket/c"}})),
            "InvalidRequest");
  EXPECT_EQ(Call("PUT", "/bucket/c", {},
                 {{"x-amz-copy-source", "/bucket/c"},
                  {"x-amz-metadata-directive", "REPLACE"},
                  {"x-amz-meta-n", "2"}})
                .status,
            200);
  HttpResponse replaced = Call("GET", "/bucket/c");
  EXPECT_EQ(replaced.body, "hello");
  EXPECT_FALSE(replaced.headers.Has("x-amz-meta-m"));
  EXPECT_EQ(replaced.headers.Get("x-amz-meta-n"), "2");
  EXPECT_EQ(Code(Call("PUT", "/bucket/d", {}, {{"x-amz-copy-source", "bucket/none"}})),
            "NoSuchKey");
  EXPECT_EQ(Code(Call("PUT", "/bucket/d", {}, {{"x-amz-copy-source", "none/x"}})), "NoSuchBucket");
  EXPECT_EQ(Code(Call("PUT", "/bucket/d", {}, {{"x-amz-copy-source", "nokey"}})),
            "InvalidArgument");
  EXPECT_EQ(
      Code(Call("PUT", "/bucket/d", {},
                {{"x-amz-copy-source", "bucket/c"}, {"x-amz-copy-source-if-none-match", "*"}})),
      "PreconditionFailed");
}

TEST_F(S3ServiceTest, ListsAsS3Does) {
  for (const char* key :
       {"a", "b/1", "b/2", "b", "c/d/1", "c/d/2", "c/e", "%C3%A9", "z%20%2B%26"}) {
    Call("PUT", std::string("/bucket/") + key, "x");
  }
  struct Case {
    std::string query, entries, truncated;
  };
  const Case cases[] = {
      {"list-type=2", "a,b,b/1,b/2,c/d/1,c/d/2,c/e,z +&,\xC3\xA9|", "false"},
      {"list-type=2&encoding-type=url", "a,b,b/1,b/2,c/d/1,c/d/2,c/e,z%20%2B%26,%C3%A9|", "false"},
      {"list-type=2&delimiter=/", "a,b,z +&,\xC3\xA9|b/,c/", "false"},
      {"list-type=2&delimiter=/&prefix=c/", "c/e|c/d/", "false"},
      {"list-type=2&delimiter=/&prefix=b", "b|b/", "false"},
      {"list-type=2&delimiter=/&max-keys=3", "a,b|b/", "true"},
      {"list-type=2&delimiter=/&start-after=b/", "z +&,\xC3\xA9|c/", "false"},
      {"list-type=2&start-after=b/", "b/1,b/2,c/d/1,c/d/2,c/e,z +&,\xC3\xA9|", "false"},
      {"list-type=2&delimiter=d/", "a,b,b/1,b/2,c/e,z +&,\xC3\xA9|c/d/", "false"},
      {"list-type=2&max-keys=0", "|", "false"},
      {"list-type=2&prefix=none", "|", "false"},
      {"delimiter=/&max-keys=3", "a,b|b/", "true"},
      {"delimiter=/&marker=b/", "z +&,\xC3\xA9|c/", "false"},
      {"marker=c/e", "z +&,\xC3\xA9|", "false"},
      {"versions&prefix=b", "b,b/1,b/2|", "false"},
  };
  for (const Case& c : cases) {
    HttpResponse listed = Call("GET", "/bucket?" + c.query);
    EXPECT_EQ(EntriesOf(listed), c.entries) << c.query;
    EXPECT_EQ(Text(listed, "IsTruncated"), c.truncated) << c.query;
  }
  EXPECT_EQ(Text(Call("GET", "/bucket?delimiter=/&max-keys=3"), "NextMarker"), "b/");
  EXPECT_EQ(Text(Call("GET", "/bucket?max-keys=3"), "NextMarker"), "");
  EXPECT_EQ(Text(Call("GET", "/bucket?list-type=2&delimiter=/"), "KeyCount"), "6");
  EXPECT_EQ(Text(Call("GET", "/bucket?list-type=2&max-keys=5000"), "MaxKeys"), "1000");
  for (const char* query : {"max-keys=-1", "max-keys=x", "list-type=3", "encoding-type=base64",
                            "list-type=2&continuation-token=forged"}) {
    EXPECT_EQ(Code(Call("GET", std::string("/bucket?") + query)), "InvalidArgument") << query;
  }
}

TEST_F(S3ServiceTest, DeletesInBatches) {
  for (const char* key : {"a", "b", "c"}) Call("PUT", std::string("/bucket/") + key, "x");
  const std::string document =
      "<Delete><Object><Key>a</Key></Object><Object><Key>absent</Key></Object>"
      "<Object><Key>b</Key><VersionId>123</VersionId></Object></Delete>";
  HttpResponse deleted =
      Call("POST", "/bucket?delete", document, {{"Content-MD5", Base64Encode(Md5(document))}});
  EXPECT_THAT(deleted.body,
              HasSubstr("<Deleted><Key>a</Key></Deleted><Deleted><Key>absent</Key></Deleted>"
                        "<Error><Key>b</Key><VersionId>123</VersionId><Code>NoSuchVersion</Code>"));
  EXPECT_EQ(EntriesOf(Call("GET", "/bucket")), "b,c|");
  EXPECT_EQ(
      Code(Call("POST", "/bucket?delete=", document, {{"Content-MD5", Base64Encode(Md5("x"))}})),
      "BadDigest");
  HttpResponse quiet = Call("POST", "/bucket?delete",
                            "<Delete><Quiet>true</Quiet><Object><Key>c</Key></Object></Delete>");
  EXPECT_THAT(quiet.body, Not(HasSubstr("Deleted>")));
  std::string many = "<Delete>";
  for (int i = 0; i < 1001; ++i) many += "<Object><Key>k</Key></Object>";
  for (const std::string& bad :
       {many + "</Delete>", std::string("<Delete></Delete>"), std::string("x"), std::string(),
        std::string("<Delete><Object></Object></Delete>")}) {
    EXPECT_EQ(Code(Call("POST", "/bucket?delete", bad)), "MalformedXML");
  }
}

TEST_F(S3ServiceTest, Tags) {
  Call("PUT", "/bucket/key", "x");
  EXPECT_EQ(Code(Call("GET", "/bucket?tagging")), "NoSuchTagSet");
  EXPECT_EQ(Call("GET", "/bucket/key?tagging").status, 200);
  const std::string tags =
      "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
  for (const char* target : {"/bucket?tagging", "/bucket/key?tagging"}) {
    EXPECT_EQ(Call("PUT", target, tags).status / 100, 2);
    EXPECT_THAT(Call("GET", target).body, HasSubstr("<Tag><Key>k</Key><Value>v</Value></Tag>"));
    EXPECT_EQ(Call("DELETE", target).status, 204);
    EXPECT_THAT(Call("GET", target).body, Not(HasSubstr("<Tag>")));
    EXPECT_EQ(Code(Call("PUT", target, "<Tagging/>")), "MalformedXML");
  }
  EXPECT_EQ(Code(Call("PUT", "/bucket/key", "x", {{"x-amz-tagging", "a=1&a=2"}})), "InvalidTag");
  EXPECT_EQ(Code(Call("GET", "/bucket/none?tagging")), "NoSuchKey");
}

TEST_F(S3ServiceTest, SettingsShowTheirDefaultsAndCannotBeChanged) {
  Call("PUT", "/bucket/key", "x");
  struct Case {
    std::string parameter, code;  // empty: 200
  };
  for (const Case& c :
       {Case{"acl", ""}, Case{"policy", "NoSuchBucketPolicy"},
        Case{"lifecycle", "NoSuchLifecycleConfiguration"}, Case{"publicAccessBlock", ""},
        Case{"ownershipControls", ""}, Case{"logging", ""},
        Case{"object-lock", "ObjectLockConfigurationNotFoundError"},
        Case{"replication", "ReplicationConfigurationNotFoundError"}, Case{"notification", ""},
        Case{"website", "NoSuchWebsiteConfiguration"}, Case{"requestPayment", ""}}) {
    HttpResponse response = Call("GET", "/bucket?" + c.parameter);
    EXPECT_EQ(Code(response), c.code) << c.parameter;
    EXPECT_EQ(response.status, c.code.empty() ? 200 : 404) << c.parameter;
    if (c.parameter == "acl") continue;
    HttpResponse changed = Call("PUT", "/bucket?" + c.parameter, "<X/>");
    EXPECT_EQ(changed.status, 501) << c.parameter;
    EXPECT_EQ(Code(changed), "NotImplemented");
  }
  EXPECT_THAT(Call("GET", "/bucket/key?acl").body,
              HasSubstr("<Permission>FULL_CONTROL</Permission>"));
  EXPECT_EQ(Call("PUT", "/bucket/key?acl", {}, {{"x-amz-acl", "private"}}).status, 200);
  EXPECT_EQ(Code(Call("PUT", "/bucket/key?acl", {}, {{"x-amz-acl", "public-read"}})),
            "AccessControlListNotSupported");
  // What is so anyway can be set.
  for (const char* parameter : {"publicAccessBlock", "ownershipControls", "requestPayment"}) {
    const std::string target = std::string("/bucket?") + parameter;
    EXPECT_EQ(Call("PUT", target, Call("GET", target).body).status, 200) << parameter;
  }
  EXPECT_EQ(Code(Call("PUT", "/bucket?requestPayment",
                      "<RequestPaymentConfiguration><Payer>Requester</Payer>"
                      "</RequestPaymentConfiguration>")),
            "NotImplemented");
  EXPECT_THAT(Text(Call("PUT", "/bucket?lifecycle", "<X/>"), "Message"),
              HasSubstr("lifecycle rules"));
  EXPECT_EQ(Code(Call("GET", "/bucket?inventory&id=x")), "NotImplemented");
  EXPECT_EQ(Code(Call("POST", "/bucket/key?restore", "<X/>")), "NotImplemented");
  EXPECT_EQ(Code(Call("POST", "/bucket/key")), "MethodNotAllowed");
  EXPECT_EQ(Code(Call("PUT", "/bucket/key", "x",
                      {{"x-amz-server-side-encryption-customer-algorithm", "AES256"}})),
            "NotImplemented");
}

TEST_F(S3ServiceTest, FormsAreHeldAgainstTheirPolicy) {
  auto post = [&](std::string_view conditions, std::string_view key, std::string_view file_name) {
    const std::string policy = Base64Encode(
        R"({"expiration":"2024-02-04T00:00:00Z","conditions":[)" + std::string(conditions) + "]}");
    return Call("POST", "/bucket",
                fmt::format("--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{}\r\n"
                            "--XX\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\n{}\r\n"
                            "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                            "filename=\"{}\"\r\n\r\n{}\r\n--XX--\r\n",
                            key, policy, file_name, key),
                {{"Content-Type", "multipart/form-data; boundary=XX"}});
  };
  constexpr std::string_view kUnderUp = R"({"bucket":"bucket"},["starts-with","$key","up/"])";
  EXPECT_EQ(post(kUnderUp, "up/${filename}", "f.txt").status, 204);
  EXPECT_EQ(Call("GET", "/bucket/up/f.txt").body, "up/${filename}");
  // The conditions are about the key that the object gets, and that has no more than the last part
  // of the file's name.
  EXPECT_EQ(post(kUnderUp, "${filename}", "up/f.txt").status, 403);
  EXPECT_EQ(
      post(R"({"bucket":"bucket"},{"key":"x-f.txt"})", "x-${filename}", "C:\\d\\f.txt").status,
      204);
  EXPECT_EQ(post(R"({"bucket":"bucket"},{"key":"y-f.txt"})", "y-${filename}", "/d/f.txt").status,
            204);
  EXPECT_EQ(post(R"({"bucket":"bucket"},{"key":"${filename}"})", "${filename}", "f.txt").status,
            403);
  EXPECT_EQ(post(R"({"bucket":"other"},["starts-with","$key",""])", "k", "f").status, 403);
  EXPECT_EQ(post(R"(["starts-with","$key",""])", "k", "f").status, 403);
  EXPECT_EQ(EntriesOf(Call("GET", "/bucket")), "up/f.txt,x-f.txt,y-f.txt|");
  // Whatever a POST of a form asks for without a query, it is an upload or nothing.
  for (const char* target : {"/", "/bucket/key"}) {
    EXPECT_EQ(
        Call("POST", target, "x", {{"Content-Type", "multipart/form-data; boundary=XX"}}).status,
        405)
        << target;
  }
}

TEST_F(S3ServiceTest, AnUnsignedOrOddRequestGetsAnAnswer) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/bucket";
  CapturedResponse captured;
  StringSource body({});
  service_->Serve(request, body, std::make_unique<CapturingResponder>(&captured));
  EXPECT_EQ(Code(captured.response), "AccessDenied");
  EXPECT_EQ(Code(Call("GET", "//key")), "InvalidURI");
  EXPECT_EQ(Code(Call("BREW", "/bucket/key")), "MethodNotAllowed");
  EXPECT_EQ(Code(Call("GET", "/bucket/key?versionId=abc")), "InvalidArgument");
}

TEST_F(S3ServiceTest, AFullDiskIsSaidAndLeavesNothing) {
  CrashPlan plan{.operations_left = 1'000'000};
  MemoryFiles files(&plan);
  MemoryKeyValue index;
  auto service = *S3Service::Open(
      {.folder = "/d", .files = &files, .index = &index, .clock = &clock_, .random = &random_});
  S3TestClient call(service.get());
  call("PUT", "/bucket");
  plan.operations_left = 1;
  HttpResponse failed = call("PUT", "/bucket/key", "x");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(Code(failed), "InternalError");
  plan.operations_left = 1'000'000;
  EXPECT_EQ(call("PUT", "/bucket/key", "x").status, 200);
}

}  // namespace
}  // namespace penstock
