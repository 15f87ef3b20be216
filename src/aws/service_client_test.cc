#include "aws/service_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/data_pipeline_client.h"
#include "aws/dynamodb_client.h"
#include "aws/emr_client.h"
#include "aws/s3_client.h"
#include "aws/signature_check.h"
#include "aws/world_for_test.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

using testing::HasSubstr;

class ClientTest : public testing::Test {
 protected:
  HttpResponse Json(int status, std::string body) {
    return {status, {{"x-amzn-RequestId", "id-1"}}, std::move(body)};
  }
  HttpResponse Xml(int status, std::string body, Headers headers = {}) {
    return {status, std::move(headers), std::move(body)};
  }

  test::FakeClock clock_;
  test::FakeRandom random_;
  test::ScriptedHttp http_;
  ClientContext context_{&http_, &clock_, &random_};
  ServiceEndpoint endpoint_{"http://127.0.0.1:7400", "eu-west-1",
                            StaticCredentials({"AKID", "secret", ""})};
  DynamoDbClient dynamodb_{context_, endpoint_};
  S3Client s3_{context_, endpoint_};

  void ExpectVerifies(const ClientRequest& sent, std::string_view service) {
    HttpRequest request;
    request.method = sent.method;
    request.target = SplitUrl(sent.url).target;
    request.headers = sent.headers;
    auto claim = ParseSignature(request);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->scope.service, service);
    SigningKeyCache keys;
    EXPECT_TRUE(
        CheckSignature(*claim, request, {HexEncode(Sha256(sent.body)), ""}, "secret", keys));
    EXPECT_TRUE(UncoveredHeaders(*claim, request.headers).empty());
  }
};

TEST_F(ClientTest, DynamoDbCallIsSignedAndAddressed) {
  http_.answers.push_back(Json(200, R"({"TableNames":[]})"));
  EXPECT_EQ(*dynamodb_.Call("ListTables", "{}"), R"({"TableNames":[]})");
  const ClientRequest& sent = http_.requests.at(0);
  EXPECT_EQ(sent.url, "http://127.0.0.1:7400/");
  EXPECT_EQ(sent.headers.Get("x-amz-target"), "DynamoDB_20120810.ListTables");
  EXPECT_EQ(sent.headers.Get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(sent.body, "{}");
  ExpectVerifies(sent, "dynamodb");
}

TEST_F(ClientTest, OtherJsonServices) {
  http_.answers = {Json(200, "{}"), Json(200, "")};
  EXPECT_EQ(*EmrClient(context_, endpoint_).Call("ListClusters", "{}"), "{}");
  EXPECT_EQ(*DataPipelineClient(context_, endpoint_).Call("SetStatus", "{}"), "");
  EXPECT_EQ(http_.requests[0].headers.Get("x-amz-target"), "ElasticMapReduce.ListClusters");
  EXPECT_EQ(http_.requests[1].headers.Get("x-amz-target"), "DataPipeline.SetStatus");
  EXPECT_EQ(http_.requests[1].headers.Get("content-type"), "application/x-amz-json-1.1");
  ExpectVerifies(http_.requests[0], "elasticmapreduce");
  ExpectVerifies(http_.requests[1], "datapipeline");
}

TEST_F(ClientTest, ABucketElsewhereIsSaidWithItsRegion) {
  const std::string body =
      "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must "
      "be addressed using the specified endpoint.</Message></Error>";
  const Headers region = {{"x-amz-bucket-region", "eu-west-2"}};
  for (const auto& [answer, expected] : {
           std::pair(Xml(301, body, region), "the bucket is in region eu-west-2; ask there"),
           std::pair(Xml(301, "", region), "the bucket is in region eu-west-2; ask there"),
           std::pair(Xml(301, body), "must be addressed using the specified endpoint"),
           std::pair(Xml(301, ""), "the bucket is in another region"),
       }) {
    CallError error = ReadCallError(answer);
    EXPECT_EQ(error.type, "PermanentRedirect");
    EXPECT_THAT(error.message, HasSubstr(expected));
  }
}

TEST_F(ClientTest, JsonErrorsLoseTheirNameSpace) {
  http_.answers.push_back(Json(
      400,
      R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"})"));
  auto answer = dynamodb_.Call("Scan", "{}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().type, "ResourceNotFoundException");
  EXPECT_EQ(answer.error().message, "no table");
  EXPECT_EQ(answer.error().request_id, "id-1");
  EXPECT_FALSE(answer.error().IsRetryable());
  EXPECT_EQ(answer.error().ToError("reading table T").message,
            "reading table T: ResourceNotFoundException: no table (HTTP 400, request id-1)");
  EXPECT_EQ(http_.requests.size(), 1u);
}

TEST_F(ClientTest, TheCanonicalRequestIsForThoseWhoWriteClients) {
  http_.answers.push_back(Json(
      403,
      R"({"__type":"InvalidSignatureException","message":"It does not match.\n\nThe Canonical String was\n'POST"})"));
  auto answer = dynamodb_.Call("Scan", "{}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().ToError("reading table T").message,
            "reading table T: InvalidSignatureException: It does not match. (HTTP 403, request "
            "id-1)");
}

TEST_F(ClientTest, ThrottlesAndFaultsAreTriedThreeTimes) {
  Instant before = clock_.now;
  http_.answers = {Json(400, R"({"__type":"x#ThrottlingException"})"), Unavailable("reset"),
                   Json(500, "")};
  auto answer = dynamodb_.Call("Scan", "{}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().type, "InternalFailure");
  EXPECT_EQ(http_.requests.size(), 3u);
  EXPECT_GT(clock_.now, before);
  EXPECT_LE(clock_.now - before, Duration(600));
}

TEST_F(ClientTest, APatientCallWaitsThrottlesOut) {
  for (int i = 0; i < 20; ++i)
    http_.answers.push_back(Json(400, R"({"__type":"x#ThrottlingException"})"));
  http_.answers.push_back(Json(200, "{}"));
  EXPECT_TRUE(dynamodb_.Call("DescribeTable", "{}", RetryPolicy::kPatient));
  EXPECT_EQ(http_.requests.size(), 21u);

  // Not for ever, and nothing else.
  http_.requests.clear();
  http_.answers.assign(10'000, Json(400, R"({"__type":"x#ThrottlingException"})"));
  const Instant before = clock_.now;
  auto answer = dynamodb_.Call("DescribeTable", "{}", RetryPolicy::kPatient);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().IsThrottle());
  EXPECT_GE(clock_.now - before, std::chrono::minutes(10));
  EXPECT_LE(clock_.now - before, std::chrono::minutes(11));
  http_.requests.clear();
  http_.answers = {Json(500, ""), Json(500, ""), Json(500, ""), Json(200, "{}")};
  EXPECT_FALSE(dynamodb_.Call("DescribeTable", "{}", RetryPolicy::kPatient));
  EXPECT_EQ(http_.requests.size(), 3u);
}

TEST_F(ClientTest, NoRetryPolicyMeansOneTry) {
  http_.answers = {Json(400, R"({"__type":"ProvisionedThroughputExceededException"})")};
  auto answer = dynamodb_.Call("Scan", "{}", RetryPolicy::kNone);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().IsThrottle());
  EXPECT_EQ(http_.requests.size(), 1u);
}

TEST_F(ClientTest, StopEndsTheTries) {
  std::stop_source stop;
  stop.request_stop();
  http_.answers = {Json(500, ""), Json(200, "{}")};
  EXPECT_FALSE(dynamodb_.Call("Scan", "{}", RetryPolicy::kStandard, stop.get_token()));
  EXPECT_EQ(http_.requests.size(), 1u);
}

TEST_F(ClientTest, NoCredentialsIsNoNetworkFault) {
  endpoint_.credentials = nullptr;
  auto answer = DynamoDbClient(context_, endpoint_).Call("Scan", "{}");
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().IsRetryable());
  EXPECT_EQ(answer.error().ToError("x").code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(ClientTest, S3PutCarriesItsChecksum) {
  http_.answers.push_back(Xml(200, "", {{"ETag", "\"abc\""}}));
  S3PutOptions options;
  options.only_if_absent = true;
  EXPECT_EQ(*s3_.PutObject({"bucket", "a b/\xC3\xA4+"}, "hello", options), "abc");
  const ClientRequest& sent = http_.requests.at(0);
  EXPECT_EQ(sent.url, "http://127.0.0.1:7400/bucket/a%20b/%C3%A4%2B");
  EXPECT_EQ(sent.headers.Get("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(sent.headers.Get("if-none-match"), "*");
  ExpectVerifies(sent, "s3");
}

TEST_F(ClientTest, S3GetRangeWritesExactlyTheRange) {
  test::StringSink sink;
  http_.answers = {Xml(206, "hello"), Xml(200, "hello, world"), Xml(206, "hell"),
                   Xml(404, "<Error><Code>NoSuchKey</Code></Error>")};
  EXPECT_TRUE(s3_.GetRange({"b", "k"}, 7, 5, "etag", sink));
  EXPECT_EQ(http_.requests[0].headers.Get("range"), "bytes=7-11");
  EXPECT_EQ(http_.requests[0].headers.Get("if-match"), "\"etag\"");
  EXPECT_FALSE(s3_.GetRange({"b", "k"}, 0, 5, "", sink));
  EXPECT_EQ(sink.text, "hello");
  EXPECT_FALSE(s3_.GetRange({"b", "k"}, 0, 5, "", sink));
  auto missing = s3_.GetRange({"b", "k"}, 0, 5, "", sink);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().type, "NoSuchKey");
  EXPECT_TRUE(s3_.GetRange({"b", "k"}, 0, 0, "", sink));
  EXPECT_EQ(http_.requests.size(), 4u);
}

TEST_F(ClientTest, S3ListDecodesKeysOnlyIfTheAnswerSaysSo) {
  http_.answers = {
      Xml(200,
          "<?xml version=\"1.0\"?><ListBucketResult "
          "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<EncodingType>url</EncodingType><IsTruncated>true</"
          "IsTruncated><NextContinuationToken>t=</NextContinuationToken>"
          "<Contents><Key>a+b%2Fc%0A</Key><LastModified>2024-05-01T12:00:00.000Z</LastModified>"
          "<ETag>&quot;e&quot;</ETag><Size>5</Size></Contents><CommonPrefixes><Prefix>p%2F</"
          "Prefix></CommonPrefixes>"
          "</ListBucketResult>"),
      Xml(200,
          "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b</Key></Contents></"
          "ListBucketResult>")};
  auto listing = s3_.List("bucket", "p&", "/", std::nullopt);
  ASSERT_TRUE(listing);
  EXPECT_EQ(http_.requests[0].url,
            "http://127.0.0.1:7400/"
            "bucket?encoding-type=url&list-type=2&max-keys=1000&prefix=p%26&delimiter=%2F");
  EXPECT_EQ(listing->objects.at(0).key, "a b/c\n");
  EXPECT_EQ(listing->objects.at(0).etag, "e");
  EXPECT_EQ(listing->objects.at(0).size, 5u);
  EXPECT_EQ(listing->objects.at(0).last_modified, clock_.now);
  EXPECT_EQ(listing->common_prefixes, std::vector<std::string>{"p/"});
  EXPECT_EQ(listing->continuation_token, "t=");
  ExpectVerifies(http_.requests[0], "s3");
  listing = s3_.List("bucket", "", "", listing->continuation_token);
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->objects.at(0).key, "a+b");
  EXPECT_THAT(http_.requests[1].url, HasSubstr("continuation-token=t%3D"));
}

TEST_F(ClientTest, S3MultipartUpload) {
  http_.answers = {
      Xml(200,
          "<InitiateMultipartUploadResult><UploadId>up/1</UploadId></"
          "InitiateMultipartUploadResult>"),
      Xml(200, "", {{"ETag", "\"p2\""}}), Xml(200, "", {{"ETag", "\"p1\""}}),
      // A 200 that turns out to be an error is tried again.
      Xml(200,
          "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>m</Message></Error>"),
      Xml(200,
          "<CompleteMultipartUploadResult><ETag>&quot;whole-2&quot;</ETag></"
          "CompleteMultipartUploadResult>")};
  std::string id = *s3_.CreateMultipartUpload({"b", "k"});
  EXPECT_EQ(id, "up/1");
  S3Part second = *s3_.UploadPart({"b", "k"}, id, 2, "world");
  S3Part first = *s3_.UploadPart({"b", "k"}, id, 1, "hello");
  EXPECT_EQ(http_.requests[1].url, "http://127.0.0.1:7400/b/k?partNumber=2&uploadId=up%2F1");
  EXPECT_EQ(*s3_.CompleteMultipartUpload({"b", "k"}, id, {second, first}), "whole-2");
  EXPECT_EQ(http_.requests.size(), 5u);
  EXPECT_THAT(http_.requests[4].body,
              HasSubstr("<Part><PartNumber>1</PartNumber><ETag>&quot;p1&quot;</ETag></"
                        "Part><Part><PartNumber>2<"));
  for (const ClientRequest& sent : http_.requests) ExpectVerifies(sent, "s3");
}

TEST_F(ClientTest, S3ErrorInside200ThatIsFinalIsNotTriedAgain) {
  http_.answers = {Xml(
      200, "<Error><Code>InvalidPart</Code><Message>m</Message><RequestId>r</RequestId></Error>")};
  auto done = s3_.CompleteMultipartUpload({"b", "k"}, "id", {{1, "e", 1}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().type, "InvalidPart");
  EXPECT_EQ(done.error().request_id, "r");
  EXPECT_EQ(http_.requests.size(), 1u);
}

TEST_F(ClientTest, S3HeadWithoutBodyNamesTheErrorByStatus) {
  http_.answers = {Xml(404, "")};
  auto head = s3_.HeadObject({"b", "k"});
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().type, "NotFound");
}

TEST_F(ClientTest, S3AbortOfWhatIsGoneIsNoError) {
  http_.answers = {Xml(404, "<Error><Code>NoSuchUpload</Code></Error>")};
  EXPECT_TRUE(s3_.AbortMultipartUpload({"b", "k"}, "id"));
}

TEST_F(ClientTest, S3CreateBucketNamesItsRegion) {
  http_.answers = {Xml(200, "")};
  EXPECT_TRUE(s3_.CreateBucket("b"));
  EXPECT_THAT(http_.requests[0].body,
              HasSubstr("<LocationConstraint>eu-west-1</LocationConstraint>"));
}

TEST(S3Uri, ParseAndFormat) {
  EXPECT_EQ(ParseS3Uri("s3://b/k/l"), (S3Location{"b", "k/l"}));
  EXPECT_EQ(ParseS3Uri("S3N://b"), (S3Location{"b", ""}));
  EXPECT_EQ(ParseS3Uri("s3a://b//x"), (S3Location{"b", "/x"}));
  EXPECT_EQ(FormatS3Uri({"b", "k/l"}), "s3://b/k/l");
  for (const char* wrong :
       {"", "b/k", "http://b/k", "s3:///k", "s3://", "s3://b?d/k", "s3://../k"}) {
    EXPECT_FALSE(ParseS3Uri(wrong)) << wrong;
  }
  EXPECT_EQ(ParseS3Uri("s3://b/\xC3\xA9"), (S3Location{"b", "\xC3\xA9"}));
  EXPECT_THAT(ParseS3Uri("s3://b/k\xFF").error().message,
              HasSubstr("\"s3://b/k\\xff\" is not valid UTF-8"));
}

}  // namespace
}  // namespace penstock
