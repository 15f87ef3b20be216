#include "service/selector.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using engine::RunStatus;

ApiResult<std::vector<Selector>> Parse(std::string_view selectors) {
  json::Object query =
      json::ParseObject(R"({"selectors": )" + std::string(selectors) + "}").value();
  return ParseSelectors(&query);
}

std::string One(std::string_view field, std::string_view type, std::string_view values) {
  return fmt::format(R"([{{"fieldName": "{}", "operator": {{"type": "{}", "values": {}}}}}])",
                     field, type, values);
}

ObjectCondition Condition(std::string_view field, std::string_view type, std::string_view values,
                          ObjectSphere sphere = ObjectSphere::kInstance) {
  auto query = MakeObjectQuery(sphere, Parse(One(field, type, values)).value());
  return query.conditions.at(0);
}

TEST(Selector, NoneMeansAll) {
  EXPECT_TRUE(ParseSelectors(nullptr).value().empty());
  EXPECT_TRUE(Parse("[]").value().empty());
  EXPECT_TRUE(Matches(std::vector<Selector>(), PipelineObject{}));
}

TEST(Selector, StatusWordsOfTheCommandLine) {
  EXPECT_EQ(Condition("@status", "EQ", R"(["RUNNING","FINISHED"])").any_status,
            (std::vector{RunStatus::kRunning, RunStatus::kFinished}));
  EXPECT_EQ(Condition("@status", "EQ", R"(["CANCELLED"])").any_status,
            std::vector{RunStatus::kCanceled});
  EXPECT_EQ(Condition("@status", "EQ", R"(["WAITING"])").any_status,
            (std::vector{RunStatus::kWaitingOnDependencies, RunStatus::kWaitingForRunner}));
  EXPECT_TRUE(Condition("@status", "EQ", R"(["PENDING"])").any_status.empty());
}

TEST(Selector, TimesAreTimesAndADateIsItsMidnight) {
  Instant day = *ParseDateTime("2013-09-02T00:00:00"), noon = *ParseDateTime("2013-09-02T12:00:00");
  using Range = ObjectCondition::Range;
  EXPECT_EQ(
      Condition("@actualStartTime", "BETWEEN", R"(["2013-09-02","2013-09-02T12:00:00"])").ranges,
      std::vector<Range>({{day, noon}}));
  EXPECT_EQ(Condition("@scheduledEndTime", "GE", R"(["2013-09-02"])").ranges,
            std::vector<Range>({{day, std::nullopt}}));
  EXPECT_EQ(Condition("@scheduledEndTime", "LE", R"(["2013-09-02"])").ranges,
            std::vector<Range>({{std::nullopt, day}}));
  EXPECT_EQ(Condition("@actualEndTime", "EQ", R"(["2013-09-02","2013-09-02T12:00:00"])").ranges,
            std::vector<Range>({{day, day}, {noon, noon}}));
}

TEST(Selector, ReferencesNamesAndSpheres) {
  EXPECT_EQ(Condition("@componentParent", "REF_EQ", R"(["A"])").column, ObjectColumn::kComponent);
  EXPECT_EQ(Condition("parent", "EQ", R"(["A","B"])").any_of, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(Condition("name", "EQ", R"(["@A"])").column, ObjectColumn::kId);
  EXPECT_TRUE(MakeObjectQuery(ObjectSphere::kInstance,
                              Parse(One("@sphere", "EQ", R"(["INSTANCE"])")).value())
                  .conditions.empty());
  EXPECT_TRUE(Condition("@sphere", "EQ", R"(["COMPONENT"])").any_of.empty());
}

TEST(Selector, ComponentsAreTestedByTheirFields) {
  PipelineObject component{"A",
                           "name of A",
                           {{"@sphere", "COMPONENT", false},
                            {"parent", "Default", true},
                            {"@status", "SCHEDULED", false}}};
  auto matches = [&](std::string_view field, std::string_view type, std::string_view values) {
    return Matches(Parse(One(field, type, values)).value(), component);
  };
  EXPECT_TRUE(matches("name", "EQ", R"(["x","name of A"])"));
  EXPECT_TRUE(matches("parent", "REF_EQ", R"(["Default"])"));
  EXPECT_TRUE(matches("@sphere", "EQ", R"(["COMPONENT"])"));
  EXPECT_FALSE(matches("@status", "EQ", R"(["PENDING"])"));
  EXPECT_FALSE(matches("@scheduledStartTime", "LE", R"(["2030-01-01T00:00:00"])"));
}

TEST(Selector, BadOnesSayWhy) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"[{}]", "fieldName"},
      {One("myField", "EQ", R"(["x"])"), "myField"},
      {One("name", "GE", R"(["x"])"), "times only"},
      {One("name", "REF_EQ", R"(["x"])"), "reference fields only"},
      {One("name", "EQ", "[]"), "at least one value"},
      {One("@actualStartTime", "BETWEEN", R"(["2013-09-02"])"), "two values"},
      {One("@actualStartTime", "GE", R"(["2013-09-02","2013-09-03"])"), "one value"},
      {One("@actualStartTime", "GE", R"(["yesterday"])"), "is no time"},
      {R"([{"fieldName": "name", "operator": {"values": ["x"]}}])", "no type"},
      {"[{},{},{},{},{},{},{},{},{},{},{}]", "10 selectors"},
  };
  for (const auto& [selectors, word] : cases) {
    auto parsed = Parse(selectors);
    ASSERT_FALSE(parsed) << selectors;
    EXPECT_EQ(parsed.error().type, "InvalidRequestException");
    EXPECT_NE(parsed.error().message.find(word), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace penstock
