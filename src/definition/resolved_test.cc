#include "definition/resolved.h"

#include <gtest/gtest.h>

#include "definition/definition_for_test.h"

namespace penstock {
namespace {

TEST(Resolved, InheritsFromParentsAndDefault) {
  ResolvedDefinition definition = Resolve(FromObjects(R"(
    {"id":"Default","role":"R","workerGroup":"g","maximumRetries":"1","myUser":"u"},
    {"id":"Base","maximumRetries":"2","onFail":[{"ref":"A1"},{"ref":"A2"}]},
    {"id":"Act","type":"ShellCommandActivity","parent":{"ref":"Base"},"onFail":{"ref":"A3"},"command":"x"},
    {"id":"Db","type":"RdsDatabase"})"));
  const ResolvedObject& act = *definition.Find("Act");
  EXPECT_EQ(act.Value("maximumRetries"), "2");
  EXPECT_EQ(act.Value("workerGroup"), "g");
  EXPECT_EQ(act.References("onFail"), (std::vector<std::string_view>{"A3"}));
  EXPECT_EQ(act.Find("role"), nullptr) << "ShellCommandActivity has no such field";
  EXPECT_EQ(act.Value("myUser"), "u");
  EXPECT_EQ(act.Find("workerGroup")->origin->id, "Default");
  EXPECT_EQ(definition.Find("Base")->References("onFail").size(), 2u);
  EXPECT_EQ(definition.Find("Db")->Find("workerGroup"), nullptr);
  EXPECT_EQ(definition.Find("Nobody"), nullptr);
  EXPECT_TRUE(act.Runnable());
  EXPECT_FALSE(definition.Find("Base")->Runnable());
}

TEST(Resolved, SurvivesCyclesUnknownParentsAndDuplicates) {
  ResolvedDefinition definition = Resolve(FromObjects(R"(
    {"id":"A","parent":{"ref":"B"},"myA":"1"},{"id":"B","parent":{"ref":"A"},"myB":"2"},
    {"id":"C","parent":{"ref":"Nowhere"}},{"id":"A","myA":"3"},{"id":"D","parent":{"ref":"D"}})"));
  EXPECT_EQ(definition.Find("A")->Value("myB"), "2");
  EXPECT_EQ(definition.Find("A")->Value("myA"), "1");
  EXPECT_EQ(definition.objects().size(), 5u);
}

TEST(Resolved, CutsLongChains) {
  std::string objects = R"({"id":"P0","myDeep":"x"})";
  for (int i = 1; i < 100; ++i) {
    objects += R"(,{"id":"P)" + std::to_string(i) + R"(","parent":{"ref":"P)" +
               std::to_string(i - 1) + R"("}})";
  }
  ResolvedDefinition definition = Resolve(FromObjects(objects));
  EXPECT_EQ(definition.Find("P32")->Value("myDeep"), "x");
  EXPECT_EQ(definition.Find("P40")->Value("myDeep"), "");
}

TEST(Resolved, FindsAmongManyFields) {
  std::string object = R"({"id":"A","type":"EmrActivity","step":["s0","s1"],"runsOn":{"ref":"R"})";
  for (int i = 0; i < 100; ++i)
    object += ",\"my" + std::to_string(i) + "\":\"v" + std::to_string(i) + "\"";
  ResolvedDefinition definition =
      Resolve(FromObjects(object + R"(},{"id":"R","type":"EmrCluster"})"));
  const ResolvedObject& a = *definition.Find("A");
  EXPECT_EQ(a.Value("my0"), "v0");
  EXPECT_EQ(a.Value("my99"), "v99");
  EXPECT_EQ(a.Value("type"), "EmrActivity");
  EXPECT_EQ(a.Find("my100"), nullptr);
  EXPECT_EQ(a.Find(""), nullptr);
  ASSERT_EQ(a.FindAll("step").size(), 2u);
  EXPECT_EQ(a.FindAll("step")[1]->value(), "s1");
  EXPECT_EQ(a.References("runsOn"), std::vector<std::string_view>{"R"});
  EXPECT_TRUE(a.References("step").empty());
}

TEST(Resolved, InheritanceIsBounded) {
  Definition definition = FromObjects(R"({"id":"Default"})");
  for (int i = 0; i < 1001; ++i)
    definition.objects[0].fields.push_back({"my" + std::to_string(i), "x"});
  for (int i = 0; i < 1000; ++i) definition.objects.push_back({"A" + std::to_string(i), "A", {}});
  ResolvedDefinition resolved = Resolve(definition);
  EXPECT_TRUE(resolved.InheritsTooMuch());
  EXPECT_EQ(resolved.Find("A0")->fields.size(), 1001u);
  EXPECT_EQ(resolved.Find("A999")->fields.size(), 1u);
  EXPECT_NE(Shown(Validate(resolved, {})).find("error : LIMIT_EXCEEDED: the objects inherit more"),
            std::string::npos);
  definition.objects[0].fields.pop_back();
  EXPECT_FALSE(Resolve(definition).InheritsTooMuch());
}

TEST(Resolved, ParsesExpressionsOnce) {
  ResolvedDefinition definition = Resolve(FromObjects(R"json(
    {"id":"Default","myText":"#{1 + 1}"},
    {"id":"A","type":"Schedule","startDateTime":"makeDate(2011,5,24)","period":"1 day","myBroken":"#{","name":"n"},
    {"id":"B","type":"Schedule"})json"));
  EXPECT_EQ(definition.Find("A")->Find("myText")->text, definition.Find("B")->Find("myText")->text);
  EXPECT_NE(definition.Find("A")->Find("startDateTime")->text, nullptr);
  EXPECT_EQ(definition.Find("A")->Find("period")->text, nullptr);
  EXPECT_EQ(definition.Find("A")->Find("myBroken")->text, nullptr);
}

}  // namespace
}  // namespace penstock
