#include "gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/chunked_body.h"
#include "aws/sigv4.h"
#include "aws/world_for_test.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

using test::FakeClock;
using test::FakeRandom;
using testing::HasSubstr;
using testing::StartsWith;

struct Answer {
  int status = 0;  // 0: closed without an answer
  Headers headers;
  std::string body;
};

class FakeResponder : public Responder {
 public:
  explicit FakeResponder(Answer& answer) : answer_(answer) {}
  void Respond(HttpResponse response) override {
    answer_ = {response.status, std::move(response.headers), std::move(response.body)};
  }
  Status Begin(int status, Headers headers, std::optional<uint64_t>) override {
    answer_ = {status, std::move(headers), {}};
    return {};
  }
  Status Write(std::string_view bytes) override {
    answer_.body += bytes;
    return {};
  }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }

 private:
  Answer& answer_;
};

// Remembers what reached it, and answers with the body or the body's error.
class EchoService : public HttpService {
 public:
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    ++calls;
    auto bytes = ReadAll(body, 1 << 20);
    last = std::move(request);
    trailers = body.Trailers();
    if (!bytes) {
      responder->Respond({400, {}, BodyError(bytes.error()).type});
      return;
    }
    responder->Respond({200, {}, *bytes});
  }
  int calls = 0;
  HttpRequest last;
  Headers trailers;
};

class LastRecord : public AccessObserver {
 public:
  void OnCall(const AccessRecord& record) override { records.push_back(record); }
  std::vector<AccessRecord> records;
};

constexpr std::string_view kAccount = "123456789012";
const std::string kBase = "http://127.0.0.1:7400";

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() : gateway_(Options()) {
    ring_.Add({"AKID", "secret", std::string(kAccount), RootArn(kAccount), true, "", {}});
    ring_.Add({"ASIA", "secret", std::string(kAccount), "arn:aws:iam::123456789012:user/worker",
               false, "token", clock_.now + std::chrono::hours(1)});
    gateway_.Register("s3", &s3_);
    gateway_.Register("dynamodb", &dynamodb_);
    gateway_.Register("datapipeline", &datapipeline_);
    gateway_.Register("sns", &sns_);
    gateway_.RegisterPath("/_penstock/health", &health_);
    gateway_.RegisterPath("/_penstock/metrics", &metrics_, PathAccess::kMetrics);
    gateway_.RegisterPath("/_penstock/console/", &console_);
  }
  GatewayOptions Options() {
    GatewayOptions options;
    options.clock = &clock_;
    options.random = &random_;
    options.key_ring = &ring_;
    options.observer = &observer_;
    options.s3_domain = "s3.test";
    options.metrics_token = "let me in";
    return options;
  }

  Answer Send(HttpRequest request, std::string_view body = {}) {
    Answer answer;
    StringSource source(body);
    gateway_.Serve(std::move(request), source, std::make_unique<FakeResponder>(answer));
    return answer;
  }
  static HttpRequest Plain(std::string method, std::string target, Headers headers = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    request.peer_address = "10.0.0.1:1";
    return request;
  }
  HttpRequest Signed(const std::string& service, std::string method, const std::string& target,
                     Headers headers = {}, std::string_view body = {},
                     Credentials credentials = {"AKID", "secret", ""},
                     std::string payload_hash = "", const std::string& base = kBase) {
    ClientRequest sent;
    sent.method = method;
    sent.url = base + target;
    sent.headers = std::move(headers);
    if (payload_hash.empty()) payload_hash = HexEncode(Sha256(body));
    SignRequest(sent, {credentials, "eu-west-1", service}, payload_hash, clock_.now);
    return Plain(method, target, sent.headers);
  }
  HttpRequest SignedJson(const std::string& service, const std::string& target,
                         std::string_view body, Credentials credentials = {"AKID", "secret", ""}) {
    std::string version = service == "dynamodb" ? "1.0" : "1.1";
    return Signed(service, "POST", "/",
                  {{"Content-Type", "application/x-amz-json-" + version}, {"X-Amz-Target", target}},
                  body, credentials);
  }

  FakeClock clock_;
  FakeRandom random_;
  KeyRing ring_;
  LastRecord observer_;
  EchoService s3_, dynamodb_, datapipeline_, sns_, health_, metrics_, console_;
  Gateway gateway_;
};

TEST_F(GatewayTest, RoutesByScopeAndTellsTheServiceWhoCalls) {
  Answer answer = Send(SignedJson("dynamodb", "DynamoDB_20120810.ListTables", "{}"), "{}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, "{}");
  EXPECT_TRUE(answer.headers.Has("x-amzn-RequestId"));
  ASSERT_TRUE(dynamodb_.last.caller);
  EXPECT_EQ(*dynamodb_.last.caller,
            (Caller{std::string(kAccount), "AKID", RootArn(kAccount), "eu-west-1", "dynamodb"}));
  ASSERT_EQ(observer_.records.size(), 1u);
  EXPECT_EQ(observer_.records[0].operation, "ListTables");
  EXPECT_EQ(observer_.records[0].account, kAccount);
  EXPECT_EQ(observer_.records[0].status, 200);

  EXPECT_EQ(Send(SignedJson("datapipeline", "DataPipeline.ListPipelines", "{}"), "{}").status, 200);
  EXPECT_EQ(datapipeline_.calls, 1);
  EXPECT_EQ(Send(Signed("s3", "GET", "/bucket/key?acl")).status, 200);
  EXPECT_EQ(s3_.last.target, "/bucket/key?acl");
  EXPECT_EQ(observer_.records.back().operation, "GET /bucket/key");
}

TEST_F(GatewayTest, ForgedCallerIsDropped) {
  HttpRequest request = Plain("GET", "/_penstock/health");
  request.caller = Caller{};
  Send(request);
  EXPECT_FALSE(health_.last.caller);
}

struct JsonFault {
  std::string name, service, target;
  std::function<void(HttpRequest&)> edit;
  std::string type, message_begin;
};

TEST_F(GatewayTest, JsonServicesErrors) {
  const std::vector<JsonFault> faults = {
      {"missing", "dynamodb", "DynamoDB_20120810.ListTables",
       [](HttpRequest& r) { r.headers.Remove("Authorization"); },
       "com.amazon.coral.service#MissingAuthenticationTokenException",
       "Request is missing Authentication Token"},
      {"missing bare", "datapipeline", "DataPipeline.ListPipelines",
       [](HttpRequest& r) { r.headers.Remove("Authorization"); },
       "MissingAuthenticationTokenException", "Request is missing Authentication Token"},
      {"incomplete", "dynamodb", "DynamoDB_20120810.ListTables",
       [](HttpRequest& r) { r.headers.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a"); },
       "com.amazon.coral.service#IncompleteSignatureException",
       "Authorization header requires 'Signature' parameter. Authorization header requires "
       "'SignedHeaders' parameter. "
       "Authorization=AWS4-HMAC-SHA256 Credential=a"},
      {"tampered", "dynamodb", "DynamoDB_20120810.ListTables",
       [](HttpRequest& r) { r.headers.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable"); },
       "com.amazon.coral.service#InvalidSignatureException",
       "The request signature we calculated does not match the signature you provided. Check your "
       "AWS Secret Access Key "
       "and signing method. Consult the service documentation for details.\\n\\nThe Canonical "
       "String for this request "
       "should have been\\n'POST\\n/\\n\\ncontent-type:application/x-amz-json-1.0\\n"},
      {"both", "dynamodb", "DynamoDB_20120810.ListTables",
       [](HttpRequest& r) { r.target = "/?X-Amz-Algorithm=x"; },
       "com.amazon.coral.service#InvalidSignatureException",
       "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
      {"scope against target", "datapipeline", "DynamoDB_20120810.ListTables", [](HttpRequest&) {},
       "com.amazon.coral.service#InvalidSignatureException",
       "Credential should be scoped to correct service: 'dynamodb'. "},
      {"unknown operation first", "dynamodb", "Nonsense",
       [](HttpRequest& r) { r.headers.Remove("Authorization"); },
       "com.amazon.coral.service#UnknownOperationException", ""},
  };
  for (const JsonFault& fault : faults) {
    HttpRequest request = SignedJson(fault.service, fault.target, "{}");
    if (fault.name == "scope against target")
      request.headers.Set("Content-Type", "application/x-amz-json-1.0");
    fault.edit(request);
    Answer answer = Send(request, "{}");
    EXPECT_EQ(answer.status, 400) << fault.name;
    std::string begin = "{\"__type\":\"" + fault.type + "\"";
    if (!fault.message_begin.empty()) begin += ",\"message\":\"" + fault.message_begin;
    EXPECT_THAT(answer.body, StartsWith(begin)) << fault.name;
  }
  EXPECT_EQ(dynamodb_.calls + datapipeline_.calls, 0);
}

TEST_F(GatewayTest, WrongKeySecretDateAndToken) {
  auto type = [&](Credentials credentials) {
    return Send(SignedJson("dynamodb", "DynamoDB_20120810.ListTables", "{}", credentials), "{}")
        .body;
  };
  EXPECT_EQ(type({"AKNOBODY", "secret", ""}),
            R"({"__type":"com.amazon.coral.service#UnrecognizedClientException",)"
            R"("message":"The security token included in the request is invalid."})");
  EXPECT_THAT(type({"AKID", "wrong", ""}), HasSubstr("InvalidSignatureException"));
  EXPECT_THAT(type({"AKID", "secret", "token"}), HasSubstr("UnrecognizedClientException"));
  EXPECT_THAT(type({"ASIA", "secret", ""}), HasSubstr("UnrecognizedClientException"));
  EXPECT_EQ(type({"ASIA", "secret", "token"}), "{}");

  HttpRequest old = SignedJson("dynamodb", "DynamoDB_20120810.ListTables", "{}");
  clock_.now += std::chrono::minutes(16);
  EXPECT_THAT(Send(old, "{}").body,
              HasSubstr("Signature expired: 20240501T120000Z is now earlier than "
                        "20240501T120100Z (20240501T121600Z - 15 min.)"));
  clock_.now += std::chrono::hours(1);
  EXPECT_THAT(type({"ASIA", "secret", "token"}), HasSubstr("ExpiredTokenException"));
}

TEST_F(GatewayTest, BodyIsPartOfTheSignature) {
  EXPECT_THAT(Send(SignedJson("datapipeline", "DataPipeline.ListPipelines", "{}"), "{ }").body,
              StartsWith(R"({"__type":"InvalidSignatureException")"));
}

TEST_F(GatewayTest, DynamoDbBeforeSignatures) {
  EXPECT_EQ(Send(Plain("GET", "/")).body, "healthy: dynamodb.us-east-1.amazonaws.com ");
  HttpRequest wrong_type = SignedJson("dynamodb", "DynamoDB_20120810.ListTables", "{}");
  wrong_type.headers.Set("Content-Type", "application/x-amz-json-1.1");
  Answer answer = Send(wrong_type, "{}");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "<UnknownOperationException/>\n");
  EXPECT_EQ(*answer.headers.Get("x-amz-crc32"), "3552371480");
  EXPECT_EQ(Send(Signed("dynamodb", "PUT", "/")).status, 404);

  HttpRequest unsigned_junk = Plain("POST", "/", {{"Content-Type", "application/x-amz-json-1.0"}});
  EXPECT_EQ(Send(unsigned_junk, "{").body,
            R"({"__type":"com.amazon.coral.service#SerializationException"})");

  std::string big((16 << 20) + 1, ' ');
  answer = Send(SignedJson("dynamodb", "DynamoDB_20120810.ListTables", big), big);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "");
}

TEST_F(GatewayTest, QueryServicesErrors) {
  std::string body = "Action=Publish&Version=2010-03-31";
  Headers form = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  EXPECT_EQ(Send(Signed("sns", "POST", "/", form, body), body).status, 200);
  EXPECT_EQ(observer_.records.back().operation, "Publish");
  Answer answer = Send(Signed("sns", "POST", "/", form, body, {"AKNOBODY", "x", ""}), body);
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(
      answer.body,
      StartsWith("<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"));
  answer = Send(Signed("sns", "POST", "/", form, body, {"AKID", "x", ""}), body);
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
  answer = Send(Plain("POST", "/", form), body);
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("<Code>MissingAuthenticationToken</Code>"));
}

TEST_F(GatewayTest, SnsLinksNeedNoSignature) {
  EXPECT_EQ(Send(Plain("GET", "/?Action=ConfirmSubscription&TopicArn=t&Token=1")).status, 200);
  EXPECT_EQ(Send(Plain("GET", "/?Action=Unsubscribe&Token=1")).status, 200);
  EXPECT_EQ(Send(Plain("GET", "/?Action=ConfirmSubscription")).status, 403);
  EXPECT_EQ(Send(Plain("GET", "/?Action=DeleteTopic&Token=1&Version=2010-03-31")).status, 403);
  EXPECT_EQ(sns_.calls, 2);
  EXPECT_FALSE(sns_.last.caller);
}

TEST_F(GatewayTest, S3Errors) {
  auto send = [&](HttpRequest request, std::string_view body = {}) {
    Answer answer = Send(std::move(request), body);
    std::string code = answer.body.substr(answer.body.find("<Code>") + 6);
    return std::pair(answer.status, code.substr(0, code.find('<')));
  };
  using Pair = std::pair<int, std::string>;
  EXPECT_EQ(send(Plain("GET", "/bucket/key")), Pair(403, "AccessDenied"));
  EXPECT_EQ(send(Signed("s3", "GET", "/b/k", {}, {}, {"AKNOBODY", "x", ""})),
            Pair(403, "InvalidAccessKeyId"));
  EXPECT_EQ(send(Signed("s3", "GET", "/b/k", {}, {}, {"AKID", "x", ""})),
            Pair(403, "SignatureDoesNotMatch"));
  EXPECT_EQ(send(Signed("s3", "GET", "/b/k", {}, {}, {"AKID", "secret", "x"})),
            Pair(400, "InvalidToken"));
  EXPECT_EQ(send(Plain("GET", "/b/k", {{"Authorization", "Bearer x"}})),
            Pair(400, "InvalidArgument"));
  HttpRequest added = Signed("s3", "PUT", "/b/k");
  added.headers.Add("x-amz-acl", "public-read");
  EXPECT_EQ(send(added), Pair(403, "AccessDenied"));
  HttpRequest no_hash = Signed("s3", "GET", "/b/k");
  no_hash.headers.Remove("x-amz-content-sha256");
  EXPECT_EQ(send(no_hash), Pair(400, "InvalidRequest"));
  EXPECT_EQ(send(Signed("s3", "PUT", "/b/k", {}, {}, {"AKID", "secret", ""}, "nonsense")),
            Pair(400, "InvalidArgument"));
  EXPECT_EQ(send(Signed("s3", "PUT", "/b/k", {}, {}, {"AKID", "secret", ""},
                        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")),
            Pair(501, "NotImplemented"));
  HttpRequest head = Signed("s3", "HEAD", "/b/k", {}, {}, {"AKID", "x", ""});
  EXPECT_EQ(Send(head).body, "");
  HttpRequest old = Signed("s3", "GET", "/b/k");
  clock_.now += std::chrono::minutes(16);
  Answer answer = Send(old);
  EXPECT_THAT(answer.body, HasSubstr("<Code>RequestTimeTooSkewed</Code>"));
  EXPECT_THAT(answer.body,
              HasSubstr("<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"));
  EXPECT_TRUE(answer.headers.Has("x-amz-request-id"));
  EXPECT_TRUE(answer.headers.Has("x-amz-id-2"));
  EXPECT_EQ(s3_.calls, 0);
}

TEST_F(GatewayTest, S3BodyIsHeldAgainstItsHash) {
  HttpRequest request = Signed("s3", "PUT", "/b/k", {}, "hello");
  EXPECT_EQ(Send(request, "hello").body, "hello");
  EXPECT_EQ(Send(request, "hallo").body, "XAmzContentSHA256Mismatch");
}

TEST_F(GatewayTest, S3ChunkedUploads) {
  std::string body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  HttpRequest request =
      Signed("s3", "PUT", "/b/k",
             {{"Content-Encoding", "gzip,aws-chunked"}, {"x-amz-decoded-content-length", "5"}},
             body, {"AKID", "secret", ""}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  EXPECT_EQ(Send(request, body).body, "hello");
  EXPECT_EQ(s3_.last.headers.Get("content-encoding"), "gzip");
  EXPECT_EQ(s3_.trailers.Get("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(Send(request, "5\r\nhel").body, "IncompleteBody");

  HttpRequest no_length = Signed("s3", "PUT", "/b/k", {}, body, {"AKID", "secret", ""},
                                 "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  EXPECT_EQ(Send(no_length, body).status, 411);

  HttpRequest chunked = Signed("s3", "PUT", "/b/k", {{"x-amz-decoded-content-length", "5"}}, {},
                               {"AKID", "secret", ""}, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
  SigningScope scope{"20240501", "eu-west-1", "s3"};
  std::string key = SigningKey("secret", scope);
  std::string previous(*chunked.headers.Get("Authorization"));
  previous = previous.substr(previous.rfind('=') + 1);
  std::string framed;
  for (std::string_view chunk : {"hello", ""}) {
    previous = SignatureOf(key, "AWS4-HMAC-SHA256-PAYLOAD\n20240501T120000Z\n" +
                                    FormatScope(scope) + "\n" + previous + "\n" +
                                    std::string(kEmptySha256) + "\n" + HexEncode(Sha256(chunk)));
    framed += std::to_string(chunk.size()) + ";chunk-signature=" + previous + "\r\n" +
              std::string(chunk) + "\r\n";
  }
  EXPECT_EQ(Send(chunked, framed).body, "hello");
  framed[framed.find("hello")] = 'j';
  EXPECT_EQ(Send(chunked, framed).body, "SignatureDoesNotMatch");
}

TEST_F(GatewayTest, PresignedUrls) {
  SigningIdentity identity{{"ASIA", "secret", "token"}, "eu-west-1", "s3"};
  std::string url = PresignUrl("GET", kBase + "/bucket/a%20b", identity, clock_.now, 60);
  Headers host = {{"Host", "127.0.0.1:7400"}};
  EXPECT_EQ(Send(Plain("GET", SplitUrl(url).target, host)).status, 200);
  EXPECT_EQ(s3_.last.caller->access_key_id, "ASIA");
  EXPECT_EQ(Send(Plain("PUT", SplitUrl(url).target, host)).status, 403);
  clock_.now += std::chrono::seconds(60);
  EXPECT_THAT(Send(Plain("GET", SplitUrl(url).target, host)).body,
              HasSubstr("<Message>Request has expired</Message>"));

  std::string expires = std::to_string(clock_.now.time_since_epoch().count() / 1000 + 60);
  std::string signature = S3V2SignatureOf("secret", "GET\n\n\n" + expires + "\n/bucket/key");
  std::string target = "/bucket/key?AWSAccessKeyId=AKID&Signature=" + PercentEncode(signature) +
                       "&Expires=" + expires;
  EXPECT_EQ(Send(Plain("GET", target)).status, 200);
  EXPECT_EQ(s3_.last.caller->region, "us-east-1");
  EXPECT_EQ(Send(Plain("DELETE", target)).status, 403);
}

TEST_F(GatewayTest, VirtualHostBuckets) {
  HttpRequest request = Signed("s3", "GET", "/key?acl", {}, {}, {"AKID", "secret", ""}, "",
                               "http://my.bucket.s3.test:7400");
  EXPECT_EQ(Send(request).status, 200);
  EXPECT_EQ(s3_.last.target, "/my.bucket/key?acl");
  EXPECT_EQ(Send(Plain("GET", "/", {{"Host", "bucket.s3.test"}})).status, 403);
  EXPECT_EQ(VirtualHostBucket("s3.test", "s3.test"), std::nullopt);
  EXPECT_EQ(VirtualHostBucket("xs3.test", "s3.test"), std::nullopt);
  EXPECT_EQ(VirtualHostBucket("b.S3.Test:1", "s3.test"), "b");
}

TEST_F(GatewayTest, OldRegionsBecomeTheServersOwn) {
  ClientRequest sent;
  sent.method = "POST";
  sent.url = "http://127.0.0.1/";  // boto2 signs the host without its port
  sent.headers = {{"X-Amz-Target", "DataPipeline.ListPipelines"}};
  SignRequest(sent, {{"AKID", "secret", ""}, "0", "datapipeline"}, HexEncode(Sha256("{}")),
              clock_.now);
  EXPECT_EQ(Send(Plain("POST", "/", sent.headers), "{}").status, 200);
  EXPECT_EQ(datapipeline_.last.caller->region, "us-east-1");
}

TEST_F(GatewayTest, UnknownServicesSayWhatIsServed) {
  Answer answer = Send(Signed("ec2", "POST", "/",
                              {{"Content-Type", "application/x-www-form-urlencoded"}}, "Action=X"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("does not serve 'ec2'"));
  EXPECT_THAT(answer.body, HasSubstr("It serves: datapipeline, dynamodb, s3, sns."));
}

TEST_F(GatewayTest, OwnPaths) {
  EXPECT_EQ(Send(Plain("GET", "/_penstock/health")).status, 200);
  EXPECT_EQ(Send(Plain("GET", "/_penstock/console/app.js")).status, 200);
  EXPECT_EQ(Send(Plain("GET", "/_penstock/healthy")).status, 404);
  EXPECT_EQ(Send(Plain("GET", "/_penstock")).status, 404);
  EXPECT_EQ(Send(Plain("GET", "/_penstock/metrics")).status, 401);
  EXPECT_EQ(
      Send(Plain("GET", "/_penstock/metrics", {{"Authorization", "Bearer let me out"}})).status,
      401);
  EXPECT_EQ(
      Send(Plain("GET", "/_penstock/metrics", {{"Authorization", "Bearer let me in"}})).status,
      200);
  HttpRequest local = Plain("GET", "/_penstock/metrics");
  local.peer_address = "127.0.0.1:5";
  EXPECT_EQ(Send(local).status, 200);
}

TEST_F(GatewayTest, Cors) {
  const Headers preflight = {{"Origin", "http://x"},
                             {"Access-Control-Request-Method", "PUT"},
                             {"Access-Control-Request-Headers", "authorization,x-amz-date"}};
  Answer answer = Send(Plain("OPTIONS", "/", preflight));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.Get("access-control-allow-headers"), "authorization,x-amz-date");
  // Buckets have rules of their own.
  EXPECT_EQ(s3_.calls, 0);
  EXPECT_EQ(Send(Plain("OPTIONS", "/bucket/key", preflight)).status, 200);
  EXPECT_EQ(s3_.last.target, "/bucket/key");
  EXPECT_FALSE(s3_.last.caller);
  EXPECT_EQ(Send(Plain("OPTIONS", "/_penstock/console/x", preflight)).status, 200);
  EXPECT_EQ(s3_.calls, 1);
  for (const auto& [headers, message] : std::vector<std::pair<Headers, std::string>>{
           {{}, "Insufficient information. Origin request header needed."},
           {{{"Access-Control-Request-Method", "PUT"}},
            "Insufficient information. Origin request header needed."},
           {{{"Origin", "http://x"}}, "Invalid Access-Control-Request-Method: null"}}) {
    answer = Send(Plain("OPTIONS", "/bucket/key", headers));
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("<Code>BadRequest</Code><Message>" + message));
  }
  EXPECT_EQ(s3_.calls, 1);
  HttpRequest request = SignedJson("dynamodb", "DynamoDB_20120810.ListTables", "{}");
  request.headers.Add("Origin", "http://x");
  EXPECT_EQ(Send(request, "{}").headers.Get("access-control-allow-origin"), "*");
}

TEST_F(GatewayTest, UploadsByFormAreSignedByTheirPolicy) {
  const std::string policy = "cG9saWN5";
  const SigningScope scope{"20240501", "eu-west-1", "s3"};
  auto form = [&](const std::string& signature, const std::string& key_id) {
    std::string body;
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"key", "k"},
             {"policy", policy},
             {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
             {"X-Amz-Credential", key_id + "/" + FormatScope(scope)},
             {"X-Amz-Date", "20240501T000000Z"},
             {"X-Amz-Signature", signature}}) {
      body +=
          "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    return body +
           "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhello\r\n--XX--\r\n";
  };
  const Headers headers = {{"Content-Type", "multipart/form-data; boundary=XX"}};
  const std::string right = SignatureOf(SigningKey("secret", scope), policy);
  const std::string body = form(right, "AKID");
  Answer answer = Send(Plain("POST", "/bucket", headers), body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, body);  // the service reads the form again
  ASSERT_TRUE(s3_.last.caller);
  EXPECT_EQ(s3_.last.caller->account, kAccount);
  EXPECT_THAT(Send(Plain("POST", "/bucket", headers), form(std::string(64, '0'), "AKID")).body,
              HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
  EXPECT_THAT(Send(Plain("POST", "/bucket", headers), form(right, "NOBODY")).body,
              HasSubstr("<Code>InvalidAccessKeyId</Code>"));
  EXPECT_THAT(Send(Plain("POST", "/bucket", headers), form(right, "ASIA")).body,
              HasSubstr("<Code>InvalidToken</Code>"));
  EXPECT_THAT(Send(Plain("POST", "/bucket", headers),
                   "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--XX--\r\n")
                  .body,
              HasSubstr("<Code>AccessDenied</Code>"));
  // The policy allows an upload, and no other operation that a POST may ask for.
  for (const char* target : {"/bucket?delete", "/bucket?delete=", "/bucket/k?uploads",
                             "/bucket/k?uploadId=x", "/bucket?x-id=PostObject"}) {
    answer = Send(Plain("POST", target, headers), body);
    EXPECT_EQ(answer.status, 403) << target;
    EXPECT_THAT(answer.body, HasSubstr("<Code>AccessDenied</Code>")) << target;
  }
  for (auto [host, target] :
       {std::pair{"bucket.s3.test", "/?delete"}, {"bucket?delete&x=.s3.test", "/"}}) {
    Headers with_host = headers;
    with_host.Add("Host", host);
    EXPECT_EQ(Send(Plain("POST", target, with_host), body).status, 403) << host;
  }
  EXPECT_EQ(s3_.calls, 1);
}

TEST(KeyRing, AddFindRemoveExpire) {
  KeyRing ring;
  FakeRandom random;
  Credentials pair = NewKeyPair(random, true);
  EXPECT_EQ(pair.access_key_id.size(), 20u);
  EXPECT_EQ(pair.secret_access_key.size(), 40u);
  EXPECT_FALSE(pair.session_token.empty());
  EXPECT_TRUE(NewKeyPair(random, false).session_token.empty());
  ring.Add({pair.access_key_id, "s", "1", "arn", false, "", Instant(Duration(1000))});
  EXPECT_EQ(ring.Find(pair.access_key_id)->secret, "s");
  EXPECT_EQ(ring.RemoveExpired(Instant(Duration(999))), 0u);
  EXPECT_EQ(ring.RemoveExpired(Instant(Duration(1000))), 1u);
  EXPECT_EQ(ring.Find(pair.access_key_id), std::nullopt);
  ring.Remove("not there");
}

TEST(RequestRoute, OrderOfRules) {
  auto route = [](std::string method, std::string target, Headers headers) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    Route found = RouteOf(request);
    return std::pair(found.service, found.protocol);
  };
  using Pair = std::pair<std::string, WireProtocol>;
  std::string scope = "AWS4-HMAC-SHA256 Credential=a/20240501/us-east-1/";
  EXPECT_EQ(route("POST", "/", {{"Authorization", scope + "monitoring/aws4_request, Signature=x"}}),
            Pair("monitoring", WireProtocol::kQuery));
  EXPECT_EQ(route("POST", "/",
                  {{"Authorization", scope + "monitoring/aws4_request"},
                   {"Content-Type", "application/x-amz-json-1.0"}}),
            Pair("monitoring", WireProtocol::kJson10));
  EXPECT_EQ(route("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                  {{"Smithy-Protocol", "rpc-v2-cbor"}}),
            Pair("monitoring", WireProtocol::kCbor));
  EXPECT_EQ(route("PUT", "/service/x/operation/y", {}), Pair("s3", WireProtocol::kRestXml));
  EXPECT_EQ(route("GET", "/b?X-Amz-Credential=a%2F20240501%2Fus-east-1%2Fs3%2Faws4_request", {}),
            Pair("s3", WireProtocol::kRestXml));
  EXPECT_EQ(route("POST", "/", {{"X-Amz-Target", "ElasticMapReduce.ListClusters"}}),
            Pair("elasticmapreduce", WireProtocol::kJson11));
  EXPECT_EQ(route("POST", "/", {{"X-Amz-Target", "DataPipeline_20121129.ListPipelines"}}),
            Pair("datapipeline", WireProtocol::kJson11));
  EXPECT_EQ(route("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", {}),
            Pair("sts", WireProtocol::kQuery));
  EXPECT_EQ(route("GET", "/bucket", {}), Pair("s3", WireProtocol::kRestXml));
}

}  // namespace
}  // namespace penstock
