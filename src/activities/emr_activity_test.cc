#include "activities/emr_activity.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <map>

#include "system/posix_files.h"
#include "system/posix_processes.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

constexpr char kJar[] = "s3://dynamodb-dpl-us-east-1/emr-ddb-storage-handler/4.11.0/x.jar";

class OnePlace : public ServiceDirectory {
 public:
  Result<ServiceEndpoint> Find(const std::string& service, const std::string& region) override {
    asked.emplace_back(service, region);
    return ServiceEndpoint{"http://aws.test", "us-east-1",
                           StaticCredentials({"AKID", "secret", ""})};
  }
  std::vector<std::pair<std::string, std::string>> asked;
};

class EmrActivityTest : public ::testing::Test {
 protected:
  EmrActivityTest() {
    char name[] = "/tmp/penstock-emr-activity-XXXXXX";
    folder_ = ::mkdtemp(name);
    for (const char* table : {"T", "U"}) aws_.tables[table].key = {{{"Id", AttributeType::kN}}};
    for (int i = 0; i < 50; ++i)
      aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"v":{{"s":"x"}}}})", i));
  }
  ~EmrActivityTest() override { EXPECT_TRUE(files_.RemoveTree(folder_)); }

  ActivityResult Run(std::vector<std::string> steps, std::vector<Field> more = {},
                     std::vector<PipelineObject> others = {}) {
    PolledTask task{.task_id = "t", .pipeline_id = "df-1", .attempt_id = "@A_2026_Attempt=1"};
    PipelineObject attempt{task.attempt_id, "A", {{"type", "EmrActivity", false}}};
    for (std::string& step : steps) attempt.fields.push_back({"step", std::move(step), false});
    attempt.fields.insert(attempt.fields.end(), more.begin(), more.end());
    task.objects.emplace(attempt.id, attempt);
    for (PipelineObject& other : others) task.objects.emplace(other.id, other);
    reported_.clear();
    ActivityContext context{.clients = {&aws_, &clock_, &random_},
                            .services = &places_,
                            .files = &files_,
                            .processes = &processes_,
                            .folder = folder_,
                            .log_folder = folder_,
                            .environment = {},
                            .log = [this](const std::string& line) { log_ += line + "\n"; },
                            .report = [this](const std::string& key,
                                             const std::string& value) { reported_[key] = value; }};
    return EmrActivity().Run(task, context, {});
  }
  static std::string Export(const std::string& table, const std::string& path) {
    return fmt::format("{},org.apache.hadoop.dynamodb.tools.DynamoDBExport,{},{},1.0", kJar, path,
                       table);
  }
  static std::string Import(const std::string& path, const std::string& table) {
    return fmt::format("{},org.apache.hadoop.dynamodb.tools.DynamoDBImport,{},{},1.0", kJar, path,
                       table);
  }

  std::string folder_, log_;
  testing::FakeClock clock_;
  testing::FakeRandom random_;
  testing::FakeAws aws_{&clock_};
  PosixFiles files_;
  PosixProcesses processes_;
  OnePlace places_;
  std::map<std::string, std::string> reported_;
};

TEST_F(EmrActivityTest, ATableGoesOutAndIntoAnother) {
  ActivityResult out = Run({Export("T", "s3://b/out")});
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(reported_["transferItems"], "50");
  EXPECT_THAT(reported_["transferManifest"], HasSubstr("out/manifest"));
  ActivityResult in = Run({Import("s3://b/out", "U")}, {{"output", "Node", true}},
                          {{"Node", "Node", {{"region", "eu-west-1", false}}}});
  ASSERT_TRUE(in) << in.error().message;
  EXPECT_EQ(aws_.tables["U"].items.size(), 50u);
  EXPECT_THAT(places_.asked, ::testing::Contains(::testing::Pair("dynamodb", "eu-west-1")));
  EXPECT_THAT(log_, HasSubstr("step 1: 50 items"));
}

TEST_F(EmrActivityTest, EveryStepIsReadBeforeTheFirstRuns) {
  ActivityResult result = Run({Export("T", "s3://b/out"), "s3://b/wordcount.jar,in,out"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "UnsupportedStep");
  EXPECT_THAT(result.error().message, HasSubstr("wordcount.jar"));
  EXPECT_TRUE(aws_.objects.empty());
}

TEST_F(EmrActivityTest, FailuresHaveAnIdAndSayWhatWasAttempted) {
  ActivityResult result = Run({Export("Nosuch", "s3://b/out")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "NotFound");
  EXPECT_THAT(result.error().message, HasSubstr("exporting Nosuch to s3://b/out: "));

  aws_.objects["/b/taken/photo.jpg"] = "x";
  result = Run({Export("T", "s3://b/taken")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "DestinationNotEmpty");
  EXPECT_THAT(result.error().message, HasSubstr("photo.jpg"));

  for (const char* ratio : {"0", "1.01", "x"}) {
    result = Run({fmt::format("{},DynamoDBExport,s3://b/out,T,{}", kJar, ratio)});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().id, "InvalidInput");
    EXPECT_THAT(result.error().message, HasSubstr("above 0 and at most 1"));
  }
  EXPECT_EQ(Run({}).error().id, "InvalidInput");
  EXPECT_EQ(Run({Export("T", "s3://b/out")}, {{"preStepCommand", "true", false}}).error().id,
            "UnsupportedField");
}

TEST_F(EmrActivityTest, AFolderWithoutManifestNeedsTheUsersWord) {
  aws_.objects["/b/part/one"] = "{\"Id\":{\"n\":\"1\"}}\n";
  EXPECT_FALSE(Run({Import("s3://b/part", "U")}));
  ActivityResult result = Run({Import("s3://b/part", "U")}, {{"input", "Node", true}},
                              {{"Node", "Node", {{"myImportWithoutManifest", "true", false}}}});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(aws_.tables["U"].items.size(), 1u);
}

}  // namespace
}  // namespace penstock
