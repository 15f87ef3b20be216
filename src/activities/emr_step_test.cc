#include "activities/emr_step.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(EmrStepTest, SplitsAtCommasAndDropsTwoLevelsOfEscapes) {
  struct Case {
    const char* text;  // as it is after JSON decoding
    EmrStep step;
  };
  const Case kCases[] = {
      {"s3://b/x.jar", {"s3://b/x.jar", {}}},  {"x.jar,a,b", {"x.jar", {"a", "b"}}},
      {"x.jar, a , b", {"x.jar", {"a", "b"}}}, {"x.jar,,b", {"x.jar", {"", "b"}}},
      {R"(x.jar,a\\,b)", {"x.jar", {"a,b"}}},  {R"(x.jar,a\\\\b)", {"x.jar", {R"(a\b)"}}},
      {R"(x.jar,\d+)", {"x.jar", {R"(\d+)"}}},
  };
  for (const Case& c : kCases) EXPECT_EQ(*ParseEmrStep(c.text), c.step) << c.text;
  EXPECT_FALSE(ParseEmrStep(""));
  EXPECT_FALSE(ParseEmrStep(",a"));
}

TEST(EmrStepTest, KnowsTheDynamoDbToolsInAnyJarAndPackage) {
  auto parse = [](const char* text) { return ParseTransferStep(*ParseEmrStep(text)); };
  auto exported = parse(
      "s3://dynamodb-dpl-us-east-1/x.jar,org.apache.hadoop.dynamodb.tools.DynamoDBExport,s3://b/"
      "o,T,0.25");
  ASSERT_TRUE(exported);
  EXPECT_EQ(*exported, (TransferStep{.direction = TransferDirection::kExport,
                                     .path = "s3://b/o",
                                     .table = "T",
                                     .ratio = 0.25}));
  auto imported = parse("x.jar,DynamoDbImport,s3://b/i,T");
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->direction, TransferDirection::kImport);
  EXPECT_EQ(imported->ratio, 0.5);
  auto more = parse("x.jar,a.DynamoDbExport,-D,k=v,-Dm=n,s3://b/o,T,1,20");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->segments, 20);
  EXPECT_EQ(more->properties, (std::vector<std::string>{"k=v", "m=n"}));
}

TEST(EmrStepTest, TakesHadoopsWordForCompression) {
  constexpr const char* kCompress = "-D,mapreduce.output.fileoutputformat.compress=";
  struct {
    std::string properties;
    Compression compression;
  } cases[] = {
      {"-Dk=v", Compression::kNone},
      {fmt::format("{}false,-Dk=v", kCompress), Compression::kNone},
      {fmt::format("{}true,-Dk=v", kCompress), Compression::kGzip},
      {"-Dk=v,-Dmapreduce.output.fileoutputformat.compress=true,-Dmapreduce.output."
       "fileoutputformat.compress.codec=org.apache.hadoop.io.compress.ZStandardCodec",
       Compression::kZstd},
  };
  for (const auto& one : cases) {
    auto step = ParseTransferStep(
        *ParseEmrStep(fmt::format("x.jar,DynamoDBExport,{},s3://b/o,T", one.properties)));
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->compression, one.compression) << one.properties;
    EXPECT_EQ(step->properties, std::vector<std::string>{"k=v"}) << one.properties;
  }
  auto unknown = ParseTransferStep(*ParseEmrStep(
      "x.jar,DynamoDBExport,-Dmapreduce.output.fileoutputformat.compress=true,-Dmapreduce.output."
      "fileoutputformat.compress.codec=org.apache.hadoop.io.compress.SnappyCodec,s3://b/o,T"));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("SnappyCodec"), std::string::npos);
}

TEST(EmrStepTest, SaysWhatIsWrongWithATransferStep) {
  auto parse = [](const char* text) { return ParseTransferStep(*ParseEmrStep(text)); };
  EXPECT_EQ(parse("x.jar,my.Program,s3://b/o,T").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(parse("x.jar").error().code, ErrorCode::kNotFound);
  for (const char* text :
       {"x.jar,DynamoDBExport", "x.jar,DynamoDBExport,s3://b/o",
        "x.jar,DynamoDBExport,s3://b/o,T,0", "x.jar,DynamoDBExport,s3://b/o,T,50",
        "x.jar,DynamoDBExport,s3://b/o,T,x", "x.jar,DynamoDBImport,s3://b/o,T,nan",
        "x.jar,DynamoDBExport,s3://b/o,T,1,0"}) {
    EXPECT_EQ(parse(text).error().code, ErrorCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace penstock
