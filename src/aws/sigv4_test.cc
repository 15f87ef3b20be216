#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

// AWS's published test suite ("aws-sig-v4-test-suite"): one key, one moment, one service.
const SigningScope kSuiteScope{"20150830", "us-east-1", "service"};
constexpr std::string_view kSuiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kSuiteDate = "20150830T123600Z";

struct SuiteCase {
  std::string name, method, target;
  Headers headers;
  std::vector<std::string> signed_headers;
  std::string body, signature;
};

class SigV4Suite : public testing::TestWithParam<SuiteCase> {};

TEST_P(SigV4Suite, SignatureIsThePublishedOne) {
  SuiteCase test = GetParam();
  test.headers.Add("Host", "example.amazonaws.com");
  test.headers.Add("X-Amz-Date", std::string(kSuiteDate));
  std::string canonical =
      CanonicalRequest(test.method, test.target, test.headers, test.signed_headers,
                       HexEncode(Sha256(test.body)), PathRule::kNormalized);
  std::string signature = SignatureOf(SigningKey(kSuiteSecret, kSuiteScope),
                                      StringToSign(kSuiteDate, kSuiteScope, canonical));
  EXPECT_EQ(signature, test.signature) << canonical;
}

INSTANTIATE_TEST_SUITE_P(
    Published, SigV4Suite,
    testing::Values(
        SuiteCase{"get_vanilla",
                  "GET",
                  "/",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_vanilla_empty_query_key",
                  "GET",
                  "/?Param1=value1",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        SuiteCase{"get_vanilla_query_order_key_case",
                  "GET",
                  "/?Param2=value2&Param1=value1",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        SuiteCase{"get_vanilla_query_order_value",
                  "GET",
                  "/?Param1=value2&Param1=value1",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        SuiteCase{"get_slash",
                  "GET",
                  "//",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_slash_dot_slash",
                  "GET",
                  "/./",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_relative",
                  "GET",
                  "/example/..",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_relative_relative",
                  "GET",
                  "/example1/example2/../..",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_slashes",
                  "GET",
                  "//example//",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        SuiteCase{"get_slash_pointless_dot",
                  "GET",
                  "/./example",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
        SuiteCase{"get_space",
                  "GET",
                  "/example space/",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        SuiteCase{"get_utf8",
                  "GET",
                  "/\xE1\x88\xB4",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        SuiteCase{"get_header_key_duplicate",
                  "GET",
                  "/",
                  {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
                  {"host", "my-header1", "x-amz-date"},
                  "",
                  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        SuiteCase{"get_header_value_order",
                  "GET",
                  "/",
                  {{"My-Header1", "value4"},
                   {"My-Header1", "value1"},
                   {"My-Header1", "value3"},
                   {"My-Header1", "value2"}},
                  {"host", "my-header1", "x-amz-date"},
                  "",
                  "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        SuiteCase{"get_header_value_trim",
                  "GET",
                  "/",
                  {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
                  {"host", "my-header1", "my-header2", "x-amz-date"},
                  "",
                  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        SuiteCase{"post_vanilla",
                  "POST",
                  "/",
                  {},
                  {"host", "x-amz-date"},
                  "",
                  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        SuiteCase{"post_x_www_form_urlencoded",
                  "POST",
                  "/",
                  {{"Content-Type", "application/x-www-form-urlencoded"}},
                  {"content-type", "host", "x-amz-date"},
                  "Param1=value1",
                  "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"}),
    [](const auto& test) { return test.param.name; });

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const SigningScope kS3Scope{"20130524", "us-east-1", "s3"};
constexpr std::string_view kS3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kS3Date = "20130524T000000Z";
const SigningIdentity kS3Identity{
    {"AKIAIOSFODNN7EXAMPLE", std::string(kS3Secret), ""}, "us-east-1", "s3"};
const Instant kS3Now = *ParseAmzDate(kS3Date);

std::string SignatureIn(const ClientRequest& request) {
  std::string_view authorization = *request.headers.Get("Authorization");
  return std::string(authorization.substr(authorization.rfind('=') + 1));
}

TEST(SigV4, S3GetObjectRange) {
  ClientRequest request;
  request.url = "https://examplebucket.s3.amazonaws.com/test.txt";
  request.headers = {{"Range", "bytes=0-9"}};
  SignRequest(request, kS3Identity, kEmptySha256, kS3Now);
  EXPECT_EQ(*request.headers.Get("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, S3PutObject) {
  ClientRequest request;
  request.method = "PUT";
  request.url = "https://examplebucket.s3.amazonaws.com/test%24file.text";
  request.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  SignRequest(request, kS3Identity, HexEncode(Sha256("Welcome to Amazon S3.")), kS3Now);
  EXPECT_EQ(SignatureIn(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, S3GetBucketLifecycle) {
  ClientRequest request;
  request.url = "https://examplebucket.s3.amazonaws.com/?lifecycle";
  SignRequest(request, kS3Identity, kEmptySha256, kS3Now);
  EXPECT_EQ(SignatureIn(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, S3ListObjects) {
  ClientRequest request;
  request.url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
  SignRequest(request, kS3Identity, kEmptySha256, kS3Now);
  EXPECT_EQ(SignatureIn(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, S3Presign) {
  EXPECT_EQ(PresignUrl("GET", "https://examplebucket.s3.amazonaws.com/test.txt", kS3Identity,
                       kS3Now, 86400),
            "https://examplebucket.s3.amazonaws.com/"
            "test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
            "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
            "20130524T000000Z&X-Amz-Expires="
            "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: the seed of the chunked
// upload example.
TEST(SigV4, S3StreamingSeed) {
  ClientRequest request;
  request.method = "PUT";
  request.url = "https://s3.amazonaws.com/examplebucket/chunkObject.txt";
  request.headers = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                     {"Content-Encoding", "aws-chunked"},
                     {"x-amz-decoded-content-length", "66560"},
                     {"Content-Length", "66824"}};
  SignRequest(request, kS3Identity, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", kS3Now);
  EXPECT_EQ(SignatureIn(request),
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}

TEST(SigV4, SigningKeyOfTheGuide) {
  // https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
  EXPECT_EQ(HexEncode(SigningKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                 {"20120215", "us-east-1", "iam"})),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

TEST(SigV4, CanonicalQueryGivesValuelessKeysAnEqualsSignAndSortsEncoded) {
  EXPECT_EQ(CanonicalQuery("uploads"), "uploads=");
  EXPECT_EQ(CanonicalQuery("b=2&a=1&a=0&A=x"), "A=x&a=0&a=1&b=2");
  EXPECT_EQ(CanonicalQuery("k=a%20b~c*"), "k=a%20b~c%2A");
  EXPECT_EQ(CanonicalQuery("k=a+b", PlusRule::kLiteral), "k=a%2Bb");
  EXPECT_EQ(CanonicalQuery("k=a+b", PlusRule::kSpace), "k=a%20b");
  EXPECT_EQ(CanonicalQuery("X-Amz-Signature=1&a=b"), "a=b");
  EXPECT_EQ(CanonicalQuery("&&a=b&"), "a=b");
}

TEST(SigV4, CanonicalPathRules) {
  EXPECT_EQ(CanonicalPath("/a%20b//c/../d", PathRule::kAsSent), "/a%20b//c/../d");
  EXPECT_EQ(CanonicalPath("/a(b)", PathRule::kReencoded), "/a%28b%29");
  EXPECT_EQ(CanonicalPath("/a%20b", PathRule::kNormalized), "/a%2520b");
  EXPECT_EQ(CanonicalPath("", PathRule::kAsSent), "/");
  EXPECT_EQ(CanonicalPath("/..", PathRule::kNormalized), "/");
}

TEST(SigV4, SplitUrl) {
  EXPECT_EQ(SplitUrl("http://127.0.0.1:7400").host, "127.0.0.1:7400");
  EXPECT_EQ(SplitUrl("http://127.0.0.1:7400").target, "/");
  EXPECT_EQ(SplitUrl("http://h:80/a?b#c").host, "h");
  EXPECT_EQ(SplitUrl("http://h:80/a?b#c").target, "/a?b");
  EXPECT_EQ(SplitUrl("https://h:443?x=1").target, "/?x=1");
  EXPECT_EQ(SplitUrl("https://h:80").host, "h:80");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html: the examples of the
// page.
TEST(SigV2, S3Examples) {
  EXPECT_EQ(S3V2SignatureOf(kS3Secret, S3V2StringToSign("GET", "/johnsmith/photos/puppy.jpg", {},
                                                        "Tue, 27 Mar 2007 19:36:42 +0000")),
            "bWq2s1WEIj+Ydj0vQ697zp+IXMU=");
  EXPECT_EQ(S3V2SignatureOf(kS3Secret, S3V2StringToSign("PUT", "/johnsmith/photos/puppy.jpg",
                                                        {{"Content-Type", "image/jpeg"},
                                                         {"Content-Length", "94328"}},
                                                        "Tue, 27 Mar 2007 21:15:45 +0000")),
            "MyyxeRY7whkBe+bq8fHCL/2kKUg=");
  EXPECT_EQ(S3V2SignatureOf(kS3Secret, S3V2StringToSign("GET", "/johnsmith/?acl", {},
                                                        "Tue, 27 Mar 2007 19:44:46 +0000")),
            "c2WLPFtWHVgbEmeEG93a4cG37dM=");
  EXPECT_EQ(S3V2StringToSign("GET", "/b/k?Expires=1&response-content-type=text%2Fplain&max-keys=1",
                             {}, "1"),
            "GET\n\n\n1\n/b/k?response-content-type=text/plain");
}

}  // namespace
}  // namespace penstock
