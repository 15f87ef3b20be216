#include "aws/signature_check.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

const Instant kNow = *ParseAmzDate("20240501T120000Z");
constexpr std::string_view kSecret = "a secret";

SigningIdentity Identity(std::string service) {
  return {{"AKID", std::string(kSecret), ""}, "eu-west-1", service};
}

HttpRequest Received(const ClientRequest& sent) {
  HttpRequest request;
  request.method = sent.method;
  request.target = SplitUrl(sent.url).target;
  request.headers = sent.headers;
  return request;
}

HttpRequest SignedRequest(const std::string& service = "dynamodb", const std::string& body = "{}") {
  ClientRequest request;
  request.method = "POST";
  request.url = "http://localhost:7400/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "DynamoDB_20120810.ListTables"}};
  SignRequest(request, Identity(service), HexEncode(Sha256(body)), kNow);
  return Received(request);
}

HttpRequest Presigned(const std::string& url = "http://localhost:7400/bucket/key",
                      int64_t expires_s = 60) {
  ClientRequest request;
  request.url = PresignUrl("GET", url, Identity("s3"), kNow, expires_s);
  request.headers = {{"Host", "localhost:7400"}};
  return Received(request);
}

std::optional<SignatureProblem> Check(const HttpRequest& request, std::string_view payload_hash,
                                      std::string_view secret = kSecret, Instant now = kNow) {
  SigningKeyCache keys;
  auto claim = ParseSignature(request);
  if (!claim) return claim.error().problem;
  if (auto time = CheckTime(*claim, now); !time) return time.error().problem;
  auto done = CheckSignature(*claim, request, {payload_hash, request.target}, secret, keys);
  return done ? std::nullopt : std::optional(done.error().problem);
}

const std::string kBodyHash = HexEncode(Sha256("{}"));

TEST(SignatureCheck, AcceptsWhatTheSignerMakes) {
  EXPECT_EQ(Check(SignedRequest(), kBodyHash), std::nullopt);
  EXPECT_EQ(Check(Presigned(), kUnsignedPayload), std::nullopt);
}

TEST(SignatureCheck, ClaimHasEveryPart) {
  HttpRequest request = SignedRequest();
  auto claim = ParseSignature(request);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->access_key_id, "AKID");
  EXPECT_EQ(claim->scope, (SigningScope{"20240501", "eu-west-1", "dynamodb"}));
  EXPECT_EQ(claim->signed_headers,
            (std::vector<std::string>{"content-type", "host", "x-amz-date", "x-amz-target"}));
  EXPECT_EQ(claim->signed_at, kNow);
  EXPECT_EQ(ClaimedService(request), "dynamodb");
  EXPECT_EQ(ClaimedService(Presigned()), "s3");
}

TEST(SignatureCheck, ReorderedRecasedAndPaddedHeadersStillVerify) {
  HttpRequest request = SignedRequest();
  Headers shuffled;
  for (auto it = request.headers.fields().rbegin(); it != request.headers.fields().rend(); ++it) {
    bool authorization = it->first == "Authorization";
    shuffled.Add(AsciiUpper(it->first), authorization ? it->second : "  " + it->second + " ");
  }
  shuffled.Add("X-Forwarded-For", "not signed");
  request.headers = shuffled;
  EXPECT_EQ(Check(request, kBodyHash), std::nullopt);
}

TEST(SignatureCheck, CommasWithoutBlanksAndAnyOrderOfParts) {
  HttpRequest request = SignedRequest();
  std::string authorization(*request.headers.Get("Authorization"));
  std::vector<std::string_view> parts = Split(std::string_view(authorization).substr(17), ',');
  request.headers.Set("Authorization", "AWS4-HMAC-SHA256 " + std::string(Trim(parts[2])) + "," +
                                           std::string(Trim(parts[0])) + "," +
                                           std::string(Trim(parts[1])));
  EXPECT_EQ(Check(request, kBodyHash), std::nullopt);
}

TEST(SignatureCheck, AnyChangeIsFound) {
  auto change = [](auto edit) {
    HttpRequest request = SignedRequest();
    edit(request);
    return Check(request, kBodyHash);
  };
  using Problem = SignatureProblem;
  EXPECT_EQ(change([](HttpRequest& r) { r.method = "PUT"; }), Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.target = "/x"; }), Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.target = "/?a=b"; }), Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.headers.Set("Host", "localhost"); }), Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) {
              r.headers.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable");
            }),
            Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.headers.Add("Host", "again"); }), Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.headers.Set("X-Amz-Date", "20240501T120001Z"); }),
            Problem::kMismatch);
  EXPECT_EQ(change([](HttpRequest& r) { r.headers.Remove("Content-Type"); }), Problem::kMismatch);
  EXPECT_EQ(Check(SignedRequest(), HexEncode(Sha256("{ }"))), Problem::kMismatch);
  EXPECT_EQ(Check(SignedRequest(), kBodyHash, "another secret"), Problem::kMismatch);
}

TEST(SignatureCheck, MismatchTellsBothStrings) {
  HttpRequest request = SignedRequest();
  SigningKeyCache keys;
  auto claim = ParseSignature(request);
  ASSERT_TRUE(claim);
  auto done = CheckSignature(*claim, request, {kBodyHash, "/"}, "wrong", keys);
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().canonical_request.starts_with(
      "POST\n/\n\ncontent-type:application/x-amz-json-1.0\n"));
  EXPECT_TRUE(done.error().string_to_sign.starts_with(
      "AWS4-HMAC-SHA256\n20240501T120000Z\n20240501/eu-west-1/"));
}

struct Malformed {
  std::string name, authorization, date;
  SignatureProblem problem;
  std::string detail;
};
class MalformedAuthorization : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedAuthorization, IsNamed) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  if (!GetParam().authorization.empty())
    request.headers.Add("Authorization", GetParam().authorization);
  if (!GetParam().date.empty()) request.headers.Add("X-Amz-Date", GetParam().date);
  auto claim = ParseSignature(request);
  ASSERT_FALSE(claim);
  EXPECT_EQ(claim.error().problem, GetParam().problem);
  EXPECT_EQ(claim.error().detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedAuthorization,
    testing::Values(
        Malformed{"Absent", "", "", SignatureProblem::kMissing, ""},
        Malformed{"OtherScheme", "Bearer x", "", SignatureProblem::kUnsupportedType, "Bearer x"},
        Malformed{"Bare", "AWS4-", "", SignatureProblem::kIncomplete,
                  "Authorization header requires 'Credential' parameter. Authorization header "
                  "requires 'Signature' "
                  "parameter. Authorization header requires 'SignedHeaders' parameter. "
                  "Authorization header requires "
                  "existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"},
        Malformed{
            "NoSignature", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
            "20240501T120000Z", SignatureProblem::kIncomplete,
            "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 "
            "Credential=a/b/c/d/e, SignedHeaders=host"},
        Malformed{"BadDate", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=x",
                  "201", SignatureProblem::kBadDate, "201"},
        Malformed{"HostNotSigned",
                  "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=x-amz-date, Signature=x",
                  "20240501T120000Z", SignatureProblem::kHostNotSigned, ""},
        Malformed{"Algorithm", "AWS4-HMAC-SHA25 Credential=a, SignedHeaders=Host, Signature=x",
                  "20240501T120000Z", SignatureProblem::kUnsupportedAlgorithm, "AWS4-HMAC-SHA25"},
        Malformed{"FourParts",
                  "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=x",
                  "20240501T120000Z", SignatureProblem::kBadCredential, "a/b/c/d"},
        Malformed{"Scope", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x",
                  "20240501T120000Z", SignatureProblem::kBadScope,
                  "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. "
                  "Date in Credential "
                  "scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != "
                  "'20240501', from "
                  "'20240501T120000Z'."},
        Malformed{"V2NoColon", "AWS abc", "20240501T120000Z", SignatureProblem::kBadCredential,
                  "abc"}),
    [](const auto& test) { return test.param.name; });

TEST(SignatureCheck, HeaderAndQueryTogetherAreRefused) {
  HttpRequest request = SignedRequest();
  request.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256";
  EXPECT_EQ(Check(request, kBodyHash), SignatureProblem::kTwoSignatures);
}

TEST(SignatureCheck, ClockSkewOfFifteenMinutesBothWays) {
  using namespace std::chrono_literals;
  EXPECT_EQ(Check(SignedRequest(), kBodyHash, kSecret, kNow + 15min), std::nullopt);
  EXPECT_EQ(Check(SignedRequest(), kBodyHash, kSecret, kNow - 15min), std::nullopt);
  EXPECT_EQ(Check(SignedRequest(), kBodyHash, kSecret, kNow + 15min + 1s),
            SignatureProblem::kTooOld);
  EXPECT_EQ(Check(SignedRequest(), kBodyHash, kSecret, kNow - 15min - 1s),
            SignatureProblem::kTooEarly);
  auto claim = ParseSignature(SignedRequest());
  EXPECT_EQ(CheckTime(*claim, kNow + 20min).error().detail,
            "Signature expired: 20240501T120000Z is now earlier than 20240501T120500Z "
            "(20240501T122000Z - 15 min.)");
}

TEST(SignatureCheck, PresignedUrlsExpire) {
  using namespace std::chrono_literals;
  EXPECT_EQ(Check(Presigned(), kUnsignedPayload, kSecret, kNow + 59s), std::nullopt);
  EXPECT_EQ(Check(Presigned(), kUnsignedPayload, kSecret, kNow + 60s), SignatureProblem::kExpired);
  EXPECT_EQ(Check(Presigned("http://localhost:7400/b/k", 0), kUnsignedPayload),
            SignatureProblem::kBadExpires);
  EXPECT_EQ(Check(Presigned("http://localhost:7400/b/k", -1), kUnsignedPayload),
            SignatureProblem::kBadExpires);
  EXPECT_EQ(Check(Presigned("http://localhost:7400/b/k", 604800), kUnsignedPayload), std::nullopt);
  EXPECT_EQ(Check(Presigned("http://localhost:7400/b/k", 604801), kUnsignedPayload),
            SignatureProblem::kBadExpires);
}

TEST(SignatureCheck, PresignedQueryIsCovered) {
  HttpRequest request = Presigned("http://localhost:7400/bucket/key?versionId=3");
  EXPECT_EQ(Check(request, kUnsignedPayload), std::nullopt);
  request.target += "&response-content-type=text%2Fhtml";
  EXPECT_EQ(Check(request, kUnsignedPayload), SignatureProblem::kMismatch);
}

TEST(SignatureCheck, S3Version2InQueryAndHeader) {
  HttpRequest request;
  request.method = "GET";
  std::string expires = std::to_string(kNow.time_since_epoch().count() / 1000 + 60);
  std::string target = "/bucket/a%20key";
  std::string signature = S3V2SignatureOf(kSecret, "GET\n\n\n" + expires + "\n/bucket/a%20key");
  request.target =
      target + "?AWSAccessKeyId=AKID&Signature=" + PercentEncode(signature) + "&Expires=" + expires;
  EXPECT_EQ(Check(request, ""), std::nullopt);
  EXPECT_EQ(Check(request, "", kSecret, kNow + std::chrono::seconds(60)),
            SignatureProblem::kExpired);
  EXPECT_EQ(Check(request, "", "wrong"), SignatureProblem::kMismatch);
  EXPECT_EQ(ClaimedService(request), "s3");

  HttpRequest header;
  header.method = "PUT";
  header.target = "/bucket/key?acl";
  header.headers = {
      {"Date", FormatHttpDate(kNow)}, {"Content-Type", "text/plain"}, {"x-amz-acl", "private"}};
  header.headers.Add(
      "Authorization",
      "AWS AKID:" + S3V2SignatureOf(kSecret, "PUT\n\ntext/plain\n" + FormatHttpDate(kNow) +
                                                 "\nx-amz-acl:private\n/bucket/key?acl"));
  EXPECT_EQ(Check(header, ""), std::nullopt);
  header.headers.Set("x-amz-acl", "public-read");
  EXPECT_EQ(Check(header, ""), SignatureProblem::kMismatch);
}

TEST(SignatureCheck, UncoveredHeaders) {
  HttpRequest request = SignedRequest();
  auto claim = ParseSignature(request);
  EXPECT_TRUE(UncoveredHeaders(*claim, request.headers).empty());
  request.headers.Add("X-Amz-Meta-Added", "later");
  request.headers.Add("X-Amzn-Trace-Id", "proxies add this");
  EXPECT_EQ(UncoveredHeaders(*claim, request.headers),
            std::vector<std::string>{"x-amz-meta-added"});
}

TEST(SignatureCheck, PlusInQueryIsReadBothWays) {
  for (std::string_view canonical : {"prefix=a%20b", "prefix=a%2Bb"}) {
    HttpRequest request;
    request.method = "GET";
    request.target = "/bucket?prefix=a+b";
    request.headers = {{"Host", "h"}, {"X-Amz-Date", "20240501T120000Z"}};
    SigningScope scope{"20240501", "us-east-1", "s3"};
    std::string text = "GET\n/bucket\n" + std::string(canonical) +
                       "\nhost:h\nx-amz-date:20240501T120000Z\n\n" + "host;x-amz-date\n" +
                       std::string(kEmptySha256);
    request.headers.Add(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKID/20240501/us-east-1/s3/aws4_request, SignedHeaders=host;"
        "x-amz-date, Signature=" +
            SignatureOf(SigningKey(kSecret, scope), StringToSign("20240501T120000Z", scope, text)));
    EXPECT_EQ(Check(request, kEmptySha256), std::nullopt) << canonical;
  }
}

TEST(SignatureCheck, PropertySignedVerifiesAndAnyFlippedSignatureDigitDoesNot) {
  rc::check([] {
    ClientRequest sent;
    sent.method = *rc::gen::element<std::string>("GET", "PUT", "POST", "DELETE", "HEAD");
    std::string service = *rc::gen::element<std::string>("s3", "dynamodb", "datapipeline", "sns");
    std::string path = PercentEncode(*rc::gen::arbitrary<std::string>(), true);
    std::string query;
    for (const auto& [key, value] : *rc::gen::arbitrary<std::map<std::string, std::string>>()) {
      query += (query.empty() ? "?" : "&") + PercentEncode(key) + "=" + PercentEncode(value);
    }
    sent.url = "http://127.0.0.1:7400/" + path + query;
    std::string value = *rc::gen::container<std::string>(rc::gen::inRange<char>(32, 126));
    sent.headers = {{"X-Custom", value}, {"Content-Type", "text/plain"}};
    bool presigned = service == "s3" && *rc::gen::arbitrary<bool>();
    if (presigned) {
      sent.url = PresignUrl(sent.method, sent.url, Identity(service), kNow, 60);
      sent.headers = {{"Host", "127.0.0.1:7400"}};
    } else {
      SignRequest(sent, Identity(service), kBodyHash, kNow);
    }
    HttpRequest request = Received(sent);
    std::string_view payload = presigned ? kUnsignedPayload : std::string_view(kBodyHash);
    RC_ASSERT(Check(request, payload) == std::nullopt);

    SigningKeyCache keys;
    auto claim = ParseSignature(request);
    char& digit = claim->signature[*rc::gen::inRange<size_t>(0, claim->signature.size())];
    digit = digit == '0' ? '1' : '0';
    RC_ASSERT(!CheckSignature(*claim, request, {payload, request.target}, kSecret, keys));
  });
}

}  // namespace
}  // namespace penstock
