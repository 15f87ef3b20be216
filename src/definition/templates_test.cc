// The built-in templates, as definitions: templates/*.json.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "definition/definition_file.h"
#include "definition/definition_for_test.h"
#include "definition/evaluate.h"
#include "definition/validate.h"

namespace penstock {
namespace {

std::string ReadSource(const std::string& path) {
  std::ifstream in(std::string(PENSTOCK_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Templates, ValidateAndNameThemselves) {
  size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PENSTOCK_SOURCE_DIR) + "/templates")) {
    SCOPED_TRACE(entry.path().filename());
    ++count;
    auto file = ParseDefinitionFile(ReadSource("templates/" + entry.path().filename().string()));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->notes.empty());
    EXPECT_FALSE(file->template_name.empty());
    EXPECT_FALSE(file->template_description.empty());
    EXPECT_FALSE(HasErrors(Validate(file->definition))) << Shown(Validate(file->definition));
    for (const ParameterObject& parameter : file->definition.parameters) {
      EXPECT_FALSE(Parameters::Of(file->definition).Find(parameter.id)->description.empty())
          << parameter.id;
    }
    // With every parameter given, nothing stands in the way of activation.
    ValidateOptions options;
    options.moment = Moment::kActivate;
    options.limits = AwsLimits();
    const Parameters parameters = Parameters::Of(file->definition);
    for (const auto& [id, parameter] : parameters.all()) {
      if (!parameter.values.empty() || parameter.optional) continue;
      options.activation_values.push_back(
          {id, parameter.type == ParameterType::kS3ObjectKey ? "s3://bucket/key" : "value"});
    }
    EXPECT_FALSE(HasErrors(Validate(file->definition, options)))
        << Shown(Validate(file->definition, options));
  }
  EXPECT_EQ(count, 11u);
}

TEST(Templates, ExportStepNamesADatedFolder) {
  Definition definition = FromFile(ReadSource("templates/export-dynamodb-to-s3.json"));
  definition.values = {{"myOutputS3Loc", "s3://bucket/exports"}, {"myDDBTableName", "Cities"}};
  class Instance : public ComponentScope {
   public:
    using ComponentScope::ComponentScope;
    std::optional<expr::Value> RuntimeField(std::string_view name) const override {
      if (name == "@scheduledStartTime") return expr::Value(*ParseDateTime("2014-05-01T01:02:03"));
      return std::nullopt;
    }
    const RuntimeScope* Target(std::string_view field, std::string_view) const override {
      return field == "output" ? folder : nullptr;
    }
    const RuntimeScope* folder = nullptr;
  };
  Instance activity("TableBackupActivity"), folder("S3BackupLocation");
  activity.folder = &folder;
  auto step = EvaluateField(Resolve(definition), Parameters::Of(definition), activity, "step");
  ASSERT_TRUE(step) << step.error().message;
  EXPECT_EQ(step->at(0).value,
            "s3://dynamodb-dpl-us-east-1/emr-ddb-storage-handler/4.11.0/"
            "emr-dynamodb-tools-4.11.0-SNAPSHOT-jar-with-dependencies.jar,org.apache.hadoop."
            "dynamodb.tools.DynamoDBExport,"
            "s3://bucket/exports/2014-05-01-01-02-03,Cities,0.25");
}

}  // namespace
}  // namespace penstock
