#include "activities/precondition.h"

#include <gmock/gmock.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

class PreconditionTest : public WorldTest {
 protected:
  Result<bool> Check(const std::string& type, const std::string& key, const std::string& value) {
    return CheckPrecondition({Object("P", {{"type", type, false}, {key, value, false}})},
                             "eu-west-1", clients(), aws_, {});
  }
  static void ExpectError(const Result<bool>& result, ErrorCode code, const char* message) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(message));
  }
};

TEST_F(PreconditionTest, S3KeyExists) {
  aws_.Put("b/there", "");
  EXPECT_EQ(Check("S3KeyExists", "s3Key", "s3://b/there").value(), true);
  EXPECT_EQ(Check("S3KeyExists", "s3Key", "s3://b/absent").value(), false);
  ExpectError(Check("S3KeyExists", "s3Key", "s3://nobucket/x"), ErrorCode::kNotFound,
              "there is no bucket nobucket");
  ExpectError(Check("S3KeyExists", "s3Key", "http://b/x"), ErrorCode::kInvalidArgument, "s3://");
  ExpectError(Check("S3KeyExists", "s3Key", ""), ErrorCode::kInvalidArgument,
              "precondition \"P\" has no s3Key");
  aws_.set_s3_status(403);
  ExpectError(Check("S3KeyExists", "s3Key", "s3://b/there"), ErrorCode::kPermissionDenied,
              "looking for s3://b/there");
  aws_.set_s3_status(503);
  ExpectError(Check("S3KeyExists", "s3Key", "s3://b/there"), ErrorCode::kUnavailable,
              "s3://b/there");
}

TEST_F(PreconditionTest, S3PrefixNotEmpty) {
  aws_.Put("b/in/a", "");
  EXPECT_EQ(Check("S3PrefixNotEmpty", "s3Prefix", "s3://b/in").value(), true);
  EXPECT_EQ(Check("S3PrefixNotEmpty", "s3Prefix", "s3://b/out/").value(), false);
  ExpectError(Check("S3PrefixNotEmpty", "s3Prefix", "s3://nobucket/x"), ErrorCode::kNotFound,
              "listing s3://nobucket/x");
}

TEST_F(PreconditionTest, DynamoDb) {
  std::string status = "CREATING";
  int64_t count = 0;
  aws_.On("DynamoDB_20120810.DescribeTable", [&](const FakeAws::Call& call) -> FakeAws::Answer {
    if (call.body.at("TableName") == "absent")
      return ErrorAnswer("com.amazonaws#ResourceNotFoundException");
    return JsonAnswer({{"Table", json::Object{{"TableStatus", status}}}});
  });
  aws_.On("DynamoDB_20120810.Scan", [&](const FakeAws::Call& call) -> FakeAws::Answer {
    if (call.body.at("TableName") == "absent") return ErrorAnswer("ResourceNotFoundException");
    if (call.body.at("TableName") == "mine") return ErrorAnswer("AccessDeniedException");
    return JsonAnswer({{"Count", count}});
  });
  EXPECT_EQ(Check("DynamoDBTableExists", "tableName", "t").value(), false);
  status = "ACTIVE";
  EXPECT_EQ(Check("DynamoDBTableExists", "tableName", "t").value(), true);
  EXPECT_EQ(Check("DynamoDBTableExists", "tableName", "absent").value(), false);
  EXPECT_EQ(Check("DynamoDBDataExists", "tableName", "t").value(), false);
  count = 1;
  EXPECT_EQ(Check("DynamoDBDataExists", "tableName", "t").value(), true);
  EXPECT_EQ(Check("DynamoDBDataExists", "tableName", "absent").value(), false);
  ExpectError(Check("DynamoDBDataExists", "tableName", "mine"), ErrorCode::kPermissionDenied,
              "scanning table mine");
}

TEST_F(PreconditionTest, OthersAreRefused) {
  ExpectError(Check("Exists", "a", "b"), ErrorCode::kInvalidArgument,
              "preconditions of type Exists (\"P\")");
  ExpectError(CheckPrecondition({}, "r", clients(), aws_, {}), ErrorCode::kInvalidArgument,
              "without its object");
}

}  // namespace
}  // namespace penstock
