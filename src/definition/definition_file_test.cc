#include "definition/definition_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "definition/definition_for_test.h"

namespace penstock {
namespace {

TEST(DefinitionFile, ReadsWhatTheCliSends) {
  auto file = ParseDefinitionFile(R"({
  "metadata": {"templateName": "T", "templateDescription": "D"},
  "objects": [
    {"id": "A", "type": "EmrActivity", "step": ["one", "two"], "input": {"ref": "X"}, "myRefs": [{"ref": "P"}, "q"],
     "empty": []},
    {"id": "B", "name": "Bee"}
  ],
  "parameters": [{"id": "myX", "type": "String", "allowedValues": ["b", "a"], "default": "a"}],
  "values": {"myX": "a", "myList": ["1", "2"]}
})");
  ASSERT_TRUE(file) << file.error().message;
  const Definition expected{
      {{"A",
        "A",
        {{"input", "X", true},
         {"myRefs", "P", true},
         {"myRefs", "q", false},
         {"step", "one", false},
         {"step", "two", false},
         {"type", "EmrActivity", false}}},
       {"B", "Bee", {}}},
      {{"myX",
        {{"allowedValues", "b"}, {"allowedValues", "a"}, {"default", "a"}, {"type", "String"}}}},
      {{"myX", "a"}, {"myList", "1"}, {"myList", "2"}}};
  EXPECT_EQ(file->definition, expected);
  EXPECT_EQ(file->template_name, "T");
  EXPECT_EQ(file->template_description, "D");
  EXPECT_TRUE(file->notes.empty());
}

TEST(DefinitionFile, RepeatedKeysAreLists) {
  Definition definition = FromObjects(R"({"id":"A","step":"one","type":"T","step":"two"})");
  EXPECT_EQ(definition.objects[0].fields,
            (std::vector<Field>{{"step", "one"}, {"step", "two"}, {"type", "T"}}));
}

TEST(DefinitionFile, UnquotedNumbersAreTakenWithANote) {
  auto file =
      ParseDefinitionFile(R"({"objects":[{"id":"S","occurrences":1,"x":-0.50e1,"stage":true}]})");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->definition.objects[0].Find("occurrences")->value, "1");
  EXPECT_EQ(file->definition.objects[0].Find("x")->value, "-0.50e1");
  EXPECT_EQ(file->definition.objects[0].Find("stage")->value, "true");
  EXPECT_EQ(file->notes.size(), 3u);
}

TEST(DefinitionFile, NotesWhatStandsForAnId) {
  auto file = ParseDefinitionFile(R"({"objects":[{"id":"A","name":7,"id":"B","type":"CSV"}]})");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->definition.objects[0].id, "B");
  EXPECT_EQ(file->definition.objects[0].name, "7");
  EXPECT_EQ(Shown(file->notes),
            "warning B.id: 'id' is given more than once; the last one counts\n"
            "warning B.name: 7 is taken as \"7\"; put it in quotes, the AWS CLI refuses it "
            "otherwise\n");
}

TEST(DefinitionFile, KnowsWhereThingsStand) {
  auto file = ParseDefinitionFile(
      "{\"objects\": [\n  {\"id\": \"A\",\n   \"step\": "
      "\"x\"}],\n\"parameters\":[{\"id\":\"myP\"}],\n\"values\":{\"myP\":\"1\",\"myQ\":\"2\"}}");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->PositionOf({"A", "", "", Severity::kError}), (FilePosition{2, 3}));
  EXPECT_EQ(file->PositionOf({"A", "step", "", Severity::kError}), (FilePosition{3, 4}));
  EXPECT_EQ(file->PositionOf({"A", "missing", "", Severity::kError}), (FilePosition{2, 3}));
  EXPECT_EQ(file->PositionOf({"myP", "", "", Severity::kError}), (FilePosition{4, 15}));
  EXPECT_EQ(file->PositionOf({"myQ", "", "", Severity::kError}), (FilePosition{5, 21}));
  EXPECT_EQ(file->PositionOf({"", "", "", Severity::kError}), (FilePosition{1, 1}));
}

TEST(DefinitionFile, SaysWhereItIsBroken) {
  std::string many = "[";
  for (int i = 0; i < 2'000'000; ++i) many += "0,";
  const std::pair<std::string, const char*> cases[] = {
      {"", "1:1: found the end of the file where a value should be"},
      {"[]", "1:1: a definition must be an object with the member \"objects\", not a list"},
      {"{}", "1:1: the member \"objects\" is missing"},
      {"{\"objects\": {}}", "1:13: \"objects\" must be a list of objects, not an object"},
      {"{\"objects\": [1]}", "1:14: a pipeline object must be an object, not a number"},
      {"{\"objects\": []\n \"values\": {}}", "2:2: found '\"' where ',' or '}' should be"},
      {"{\"objects\": [],\n}", "2:1: remove the comma before this '}'"},
      {"{\"objects\": [{\"id\": \"A\", \"x\": [\"1\",]}]}",
       "1:36: remove the comma before this ']'"},
      {"{\"objects\": [{\"id\": \"A\", \"x\": null}]}",
       "1:31: \"x\" must be a string, a reference or a list, not null"},
      {"{\"objects\": [{\"id\": \"A\", \"x\": {\"ref\":\"Z\",\"y\":\"1\"}}]}",
       "1:31: \"x\" must be a string, a list or a reference {\"ref\": \"id\"}"},
      {"{\"objects\": [{\"id\": \"A\", \"fields\": [{\"key\":\"type\",\"stringValue\":\"CSV\"}]}]}",
       "1:37: \"fields\" must be a string, a list or a reference {\"ref\": \"id\"}; this is how "
       "the "
       "API writes fields, a file has them as members of the object, e.g. \"type\": \"Schedule\""},
      {"{\"objects\": [{\"id\": \"A\", \"x\": [[\"1\"]]}]}", "1:32: \"x\" is a list inside a list"},
      {"{\"objects\": [{\"id\": \"A\n\"}]}",
       "1:21: the string is not closed on its line; write line breaks as \\n"},
      {"{\"objects\": [{\"id\": \"\\ud800\"}]}", "1:22: a high surrogate stands alone"},
      {"{\"objects\": [{\"id\": \"\\udc00\"}]}", "1:22: a low surrogate stands alone"},
      {"{\"objects\": [{\"id\": \"\xff\"}]}", "1:21: the string is not valid UTF-8"},
      {"{\"objects\": [{\"id\": \"\\q\"}]}", "1:22: unknown escape; write \\\\ for a backslash"},
      {"{\"objects\": [{\"id\": \"a\tb\"}]}",
       "1:23: a string cannot hold byte 0x09 as it is; write \\u0009"},
      {"{\"objects\": []} x", "1:17: there is something after the end of the definition"},
      {"{\"objects\": [], \"parameters\": [{}]}",
       "1:32: a parameter needs an \"id\", e.g. \"myBucket\""},
      {"{\"objects\": [], \"values\": []}",
       "1:27: \"values\" must be an object from parameter ids to values, not a list"},
      {"{\"objects\": [{\"id\": \"A\", \"x\": 01}]}",
       "1:31: a number cannot begin with 0; put it in quotes"},
      {std::string(100'000, '['), "1:66: nested more than 64 levels deep"},
      {many, "1:4000000: the file has more than 2000000 values"},
  };
  for (const auto& [text, message] : cases) {
    auto file = ParseDefinitionFile(text);
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().message, message) << text.substr(0, 100);
  }
}

TEST(DefinitionFile, DecodesEscapes) {
  Definition definition = FromObjects(R"({"id":"A","x":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"})");
  EXPECT_EQ(definition.objects[0].fields[0].value, "é😀\"\\/\b\f\n\r\t");
}

TEST(DefinitionFile, ARepeatedIdStandsWhereItIsRepeated) {
  DefinitionFile file = ParseDefinitionFile(
                            "{\"objects\":[\n {\"id\":\"F\",\"type\":\"CSV\"},\n"
                            "  {\"type\":\"CSV\",\"id\":\"F\"}]}")
                            .value();
  EXPECT_EQ(file.PositionOf({"F", "id", ""}).line, 3);
  EXPECT_EQ(file.PositionOf({"F", "id", ""}).column, 17);
  EXPECT_EQ(file.PositionOf({"F", "type", ""}).line, 2);
}

TEST(DefinitionFile, MetadataComesBack) {
  constexpr std::string_view kText =
      R"({"metadata":{"templateName":"N","templateDescription":"D"},"objects":[{"id":"F","type":"CSV"}]})";
  DefinitionFile file = ParseDefinitionFile(kText).value();
  DefinitionFile again = ParseDefinitionFile(WriteDefinitionFile(file)).value();
  EXPECT_EQ(again.template_name, "N");
  EXPECT_EQ(again.template_description, "D");
  EXPECT_EQ(again.definition, file.definition);
  file.template_name.clear();
  file.template_description.clear();
  EXPECT_EQ(WriteDefinitionFile(file), WriteDefinitionFile(file.definition));
}

RC_GTEST_PROP(DefinitionFile, WritesWhatItReads, ()) {
  Definition definition;
  int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    PipelineObject object{
        "Id" + std::to_string(i), *rc::gen::element<std::string>("Id0", "Name"), {}};
    for (const char* key : {"a", "b", "c"}) {
      int values = *rc::gen::inRange(0, 3);
      for (int n = 0; n < values; ++n) {
        object.fields.push_back({key,
                                 *rc::gen::element<std::string>("", "x", "é\"\\\n", "#{a}", "[1]"),
                                 *rc::gen::arbitrary<bool>()});
      }
    }
    definition.objects.push_back(object);
  }
  if (*rc::gen::arbitrary<bool>()) {
    definition.parameters.push_back(
        {"myX", {{"allowedValues", "a"}, {"allowedValues", "b"}, {"type", "String"}}});
    definition.values.push_back({"myX", "a"});
    definition.values.push_back({"myX", "b"});
  }
  auto again = ParseDefinitionFile(WriteDefinitionFile(definition));
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->definition == definition);
}

}  // namespace
}  // namespace penstock
