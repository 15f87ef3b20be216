#include "cli/templates_command.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "definition/definition_file.h"
#include "definition/validate.h"
#include "json/json.h"

namespace penstock {
namespace {

TEST(Templates, AreTheFilesByteForByte) {
  EXPECT_EQ(AllTemplates().size(), 11u);
  for (const Template& entry : AllTemplates()) {
    std::ifstream in(std::string(PENSTOCK_SOURCE_DIR) + "/templates/" + std::string(entry.name) +
                     ".json");
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_EQ(entry.text, text.str()) << entry.name;
  }
}

TEST(Templates, HaveTitlesDescriptionsAndNoErrors) {
  for (const Template& entry : AllTemplates()) {
    auto file = ParseDefinitionFile(entry.text);
    ASSERT_TRUE(file) << entry.name << ": " << file.error().message;
    EXPECT_NE(file->template_name, "") << entry.name;
    EXPECT_NE(file->template_description, "") << entry.name;
    EXPECT_TRUE(file->notes.empty()) << entry.name;
    EXPECT_FALSE(HasErrors(Validate(file->definition, {.limits = AwsLimits()}))) << entry.name;
  }
}

TEST(Templates, AreListedAndShown) {
  std::ostringstream out, errors;
  EXPECT_EQ(RunTemplates({}, out, errors), 0);
  EXPECT_NE(out.str().find("export-dynamodb-to-s3"), std::string::npos);
  EXPECT_NE(out.str().find("  Export DynamoDB table to S3\n"), std::string::npos) << out.str();

  std::ostringstream shown;
  EXPECT_EQ(RunTemplates({.show = "run-emr-job"}, shown, errors), 0);
  EXPECT_EQ(shown.str(), FindTemplate("run-emr-job")->text);
  EXPECT_EQ(errors.str(), "");

  std::ostringstream nothing;
  EXPECT_EQ(RunTemplates({.show = "run-emr-jb"}, nothing, errors), 2);
  EXPECT_EQ(nothing.str(), "");
  EXPECT_NE(errors.str().find("did you mean 'run-emr-job'?"), std::string::npos) << errors.str();
}

TEST(Templates, AsJsonNameTheirParameters) {
  std::ostringstream out, errors;
  EXPECT_EQ(RunTemplates({.as_json = true}, out, errors), 0);
  json::Object root = json::ParseObject(out.str()).value();
  const json::Array& list = root.at("templates").get_array();
  ASSERT_EQ(list.size(), 11u);
  for (const json::Value& entry : list)
    EXPECT_FALSE(entry.at("parameters").get_array().empty()) << json::Write(entry);
}

}  // namespace
}  // namespace penstock
