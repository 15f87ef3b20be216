#include "service/api_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock {
namespace {

constexpr std::string_view kPatternText =
    R"(Member must satisfy regular expression pattern: [\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*)";

/// "type: message", or "ok".
std::string Check(std::string_view operation, std::string_view body) {
  auto checked = CheckRequest(*FindOperation(operation), json::ParseObject(body).value());
  return checked ? "ok" : checked.error().type + ": " + checked.error().message;
}

std::string Quoted(size_t size, char c = 'x') { return "\"" + std::string(size, c) + "\""; }

TEST(ApiModel, HasAllOperationsInOrder) {
  EXPECT_EQ(AllOperations().size(), 19u);
  EXPECT_TRUE(std::ranges::is_sorted(AllOperations(), {}, &OperationModel::name));
  EXPECT_EQ(FindOperation("createPipeline"), nullptr);
  EXPECT_EQ(FindOperation(""), nullptr);
}

TEST(ApiModel, SaysWhatTheServiceSays) {
  struct Case {
    std::string_view operation;
    std::string body;
    std::string answer;
  };
  const std::string one = "ValidationException: 1 validation error detected: ";
  const Case cases[] = {
      {"DeletePipeline", "{}",
       one + "Value null at 'pipelineId' failed to satisfy constraint: Member must not be null"},
      {"DeletePipeline", R"({"pipelineId": null})",
       one + "Value null at 'pipelineId' failed to satisfy constraint: Member must not be null"},
      {"CreatePipeline", R"({"name": "", "uniqueId": "u"})",
       one + "Value '' at 'name' failed to satisfy constraint: Member must have length greater "
             "than or equal to 1"},
      {"CreatePipeline", "{}",
       "ValidationException: 2 validation errors detected: Value null at 'name' failed to satisfy "
       "constraint: Member must "
       "not be null; Value null at 'uniqueId' failed to satisfy constraint: Member must not be "
       "null"},
      {"CreatePipeline", R"({"name": )" + Quoted(1025) + R"(, "uniqueId": "u"})",
       one + "Value '" + std::string(1025, 'x') +
           "' at 'name' failed to satisfy constraint: Member must have length less than or equal "
           "to 1024"},
      {"CreatePipeline", R"({"name": "a\u0001", "uniqueId": "u"})",
       one + "Value 'a\x01' at 'name' failed to satisfy constraint: " + std::string(kPatternText)},
      {"CreatePipeline", R"({"name": "n", "uniqueId": "u", "tags": [{"key": "", "value": "v"}]})",
       one + "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have "
             "length greater than or "
             "equal to 1"},
      {"SetTaskStatus", R"({"taskId": "t", "taskStatus": "DONE"})",
       one + "Value 'DONE' at 'taskStatus' failed to satisfy constraint: Member must satisfy enum "
             "value set: [FINISHED, "
             "FAILED, FALSE]"},
      {"DescribePipelines", R"({"pipelineIds": ["a", ""]})",
       one +
           "Value '[a, ]' at 'pipelineIds' failed to satisfy constraint: Member must satisfy "
           "constraint: [Member must "
           "have length less than or equal to 1024, Member must have length greater than or equal "
           "to 1, " +
           std::string(kPatternText) + "]"},
      {"PutPipelineDefinition",
       R"({"pipelineId": "p", "pipelineObjects": [{"id": "a", "name": "a", "fields": []}, {"id": "b", "fields": [{"stringValue": "x"}]}]})",
       "ValidationException: 2 validation errors detected: Value null at "
       "'pipelineObjects.2.member.name' failed to "
       "satisfy constraint: Member must not be null; Value null at "
       "'pipelineObjects.2.member.fields.1.member.key' failed "
       "to satisfy constraint: Member must not be null"},
      {"DescribePipelines", R"({"pipelineIds": "a"})",
       "SerializationException: Unexpected field type"},
      {"CreatePipeline", R"({"name": 3, "uniqueId": "u"})",
       "SerializationException: NUMBER_VALUE can not be converted to a String"},
      {"CreatePipeline", R"({"name": {}, "uniqueId": "u"})",
       "SerializationException: Start of structure or map found where not expected."},
      {"CreatePipeline", R"({"name": [], "uniqueId": "u"})",
       "SerializationException: Start of list found where not expected"},
      {"DeactivatePipeline", R"({"pipelineId": "p", "cancelActive": "true"})",
       "SerializationException: STRING_VALUE can not be converted to a Boolean"},
      {"QueryObjects", R"({"pipelineId": "p", "sphere": "INSTANCE", "limit": 1.5})",
       "SerializationException: NUMBER_VALUE can not be converted to an Integer"},
      {"ActivatePipeline", R"({"pipelineId": "p", "startTimestamp": "now"})",
       "SerializationException: STRING_VALUE can not be converted to a Date"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(Check(c.operation, c.body), c.answer) << c.operation << " " << c.body;
}

TEST(ApiModel, LetsPassWhatTheModelAllows) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"ListPipelines", "{}"},
      {"ListPipelines", R"({"marker": ""})"},
      {"ListPipelines", R"({"marker": null, "unknown": {"x": [1]}})"},
      {"ActivatePipeline", R"({"pipelineId": "p", "startTimestamp": 1428364800})"},
      {"ActivatePipeline", R"({"pipelineId": "p", "startTimestamp": 1428364800.5})"},
      {"CreatePipeline", R"({"name": "Ω\ud83d\ude00\t\r\n", "uniqueId": "u", "tags": []})"},
      {"CreatePipeline", R"({"name": )" + Quoted(1024) + R"(, "uniqueId": "u"})"},
      {"PollForTask",
       R"({"workerGroup": "", "instanceIdentity": {"document": "d", "signature": "s"}})"},
      {"SetTaskStatus",
       R"({"taskId": "t", "taskStatus": "FALSE", "errorMessage": )" + Quoted(100'000) + "}"},
      {"QueryObjects",
       R"({"pipelineId": "p", "sphere": "s", "query": {"selectors": [{}]}, "limit": 0})"},
  };
  for (const auto& [operation, body] : cases)
    EXPECT_EQ(Check(operation, body), "ok") << operation << " " << body;
}

TEST(ApiModel, CountsAsJavaDoes) {
  // 512 characters beyond the basic plane are 1,024 UTF-16 units and 2,048 bytes.
  std::string name;
  for (int i = 0; i < 512; ++i) name += "\U0001F600";
  EXPECT_EQ(Check("CreatePipeline", R"({"uniqueId": "u", "name": ")" + name + "\"}"), "ok");
  EXPECT_NE(Check("CreatePipeline", R"({"uniqueId": "u", "name": ")" + name + "x\"}"), "ok");
}

TEST(ApiModel, TakesTenTagsAndNoMore) {
  auto body = [](int tags) {
    std::string text = R"({"pipelineId": "p", "tags": [)";
    for (int i = 0; i < tags; ++i)
      text += (i ? "," : "") + std::string(R"({"key": "k", "value": ""})");
    return text + "]}";
  };
  EXPECT_EQ(Check("AddTags", body(10)), "ok");
  EXPECT_NE(Check("AddTags", body(11)).find("Member must have length less than or equal to 10"),
            std::string::npos);
}

TEST(ApiModel, AHostileBodyGetsABoundedAnswer) {
  std::string body = R"({"pipelineId": "p", "pipelineObjects": [)";
  for (int i = 0; i < 10'000; ++i) body += i ? ",{}" : "{}";
  EXPECT_LT(Check("PutPipelineDefinition", body + "]}").size(), 100'000u);
  EXPECT_LT(Check("CreatePipeline", R"({"uniqueId": "u", "name": )" + Quoted(1 << 20) + "}").size(),
            10'000u);
}

}  // namespace
}  // namespace penstock
