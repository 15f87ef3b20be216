#include "activities/task.h"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<PolledTask> Parse(std::string_view text) {
  return ParseTask(json::ParseObject(text).value());
}

TEST(TaskTest, ReadsAHandOut) {
  auto task =
      Parse(R"({"taskId": "t", "pipelineId": "df-1", "attemptId": "@A_Attempt=1", "objects": {
      "@A_Attempt=1": {"name": "A", "fields": [{"key": "type", "stringValue": "ShellCommandActivity"},
        {"key": "input", "refValue": "N"}, {"key": "input", "refValue": "gone"}, {"key": "input", "refValue": "M"},
        {"key": "scriptArgument", "stringValue": "x"}, {"key": "scriptArgument", "stringValue": ""}, {"key": "stage", "stringValue": "TRUE"}]},
      "N": {"fields": [{"key": "type", "stringValue": "S3DataNode"}]}, "M": {"fields": []}}, "unknown": 1})");
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(task->type(), "ShellCommandActivity");
  EXPECT_EQ(task->attempt().name, "A");
  EXPECT_EQ(task->objects.at("N").name, "N");
  EXPECT_THAT(FieldsOf(task->attempt(), "scriptArgument"), ElementsAre("x", ""));
  EXPECT_EQ(FieldOf(task->attempt(), "absent"), std::nullopt);
  EXPECT_TRUE(BoolField(task->attempt(), "stage", false));
  EXPECT_TRUE(BoolField(task->attempt(), "absent", true));
  std::vector<std::string> followed;
  for (const PipelineObject* object : Follow(*task, task->attempt(), "input"))
    followed.push_back(object->id);
  EXPECT_THAT(followed, ElementsAre("N", "M"));
}

TEST(TaskTest, RegionsHaveHyphens) {
  const std::pair<const char*, const char*> kCases[] = {{"us_west_1", "us-west-1"},
                                                        {"eu-west-1", "eu-west-1"}};
  for (auto [written, region] : kCases)
    EXPECT_EQ(RegionField({.id = "A", .name = "A", .fields = {{"region", written}}}), region);
  EXPECT_EQ(RegionField({.id = "A", .name = "A", .fields = {}}), std::nullopt);
}

TEST(TaskTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"pipelineId": "p", "attemptId": "a", "objects": {}})", "taskId"},
      {R"({"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": {}})",
       "do not hold its attempt \"a\""},
      {R"({"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": []})", "objects"},
      {R"({"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": {"a": 1}})",
       "object \"a\" is not a JSON object"},
      {R"({"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": {"a": {"fields": [1]}}})",
       "a field of object \"a\""},
      {R"({"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": {"a": {"fields": [{"key": 1}]}}})",
       "key"}};
  for (auto [text, message] : kCases) {
    auto task = Parse(text);
    ASSERT_FALSE(task) << text;
    EXPECT_THAT(task.error().message, HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace penstock
