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
                     std::vector<PipelineObject> others = {}, int attempt_number = 1,
                     std::stop_token stop = {}) {
    PolledTask task{.task_id = "t",
                    .pipeline_id = "df-1",
                    .attempt_id = fmt::format("@A_2026_Attempt={}", attempt_number)};
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
    return EmrActivity().Run(task, context, std::move(stop));
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

TEST_F(EmrActivityTest, ACompressedExportIsOne) {
  std::string step = Export("T", "s3://b/out");
  const std::string kClass = "tools.DynamoDBExport,";
  step.insert(step.find(kClass) + kClass.size(),
              "-Dmapreduce.output.fileoutputformat.compress=true,-Dother=1,");
  ActivityResult out = Run({step});
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_THAT(log_, HasSubstr("ignored: -Dother=1"));
  size_t packed = 0;
  for (const auto& [name, content] : aws_.objects) {
    if (!name.ends_with(".gz")) continue;
    ++packed;
    EXPECT_TRUE(content.starts_with("\x1f\x8b")) << name;
  }
  EXPECT_GT(packed, 0u);
  ASSERT_TRUE(Run({Import("s3://b/out", "U")}));
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
}

TEST_F(EmrActivityTest, ObjectsAreEncryptedUnlessTheNodeSaysNone) {
  for (const auto& [type, expected] : std::map<std::string, std::string>{
           {"", "AES256"}, {"SERVER_SIDE_ENCRYPTION", "AES256"}, {"NONE", ""}, {"none", ""}}) {
    aws_.objects.clear();
    aws_.encryption.clear();
    PipelineObject node{"Node", "Node", {}};
    if (!type.empty()) node.fields.push_back({"s3EncryptionType", type, false});
    ASSERT_TRUE(Run({Export("T", "s3://b/out")}, {{"output", "Node", true}}, {node}));
    for (const auto& [name, content] : aws_.objects)
      EXPECT_EQ(aws_.encryption[name], expected) << type << ": " << name;
    // So is what an import notes down beside its source.
    aws_.encryption.clear();
    ASSERT_TRUE(Run({Import("s3://b/out", "U")}, {{"input", "Node", true}}, {node}));
    EXPECT_FALSE(aws_.encryption.empty());
    for (const auto& [name, encryption] : aws_.encryption)
      EXPECT_EQ(encryption, expected) << type << ": " << name;
  }
}

TEST_F(EmrActivityTest, EachStepLeavesAPageBesideTheLogs) {
  ASSERT_TRUE(Run({Export("T", "s3://b/out"), Import("s3://b/out", "U")}));
  for (const char* page : {"transfer-1.html", "transfer-2.html"}) {
    auto html = files_.Read(folder_ + "/" + page);
    ASSERT_TRUE(html) << page;
    EXPECT_THAT(*html, HasSubstr("<svg"));
    EXPECT_THAT(*html, HasSubstr("Items</th><td>50"));
  }
  ASSERT_FALSE(Run({Export("Nosuch", "s3://b/other")}));
  EXPECT_THAT(*files_.Read(folder_ + "/transfer-1.html"), HasSubstr("there is no such table"));
}

TEST_F(EmrActivityTest, ARetryGoesOnWhereTheAttemptBeforeWasStopped) {
  for (int i = 50; i < 3000; ++i) aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}}}})", i));
  aws_.faults.page_bytes = 2000;
  aws_.faults.latency = Duration(300);
  int begun = 1;
  auto attempt = [&](const std::string& step, int number, int calls = -1) {
    std::stop_source stop;
    aws_.stop_source = &stop;
    aws_.calls_until_stop = calls;
    return Run({step}, {{"@instanceStartTime", fmt::format("1970-01-01T00:00:0{}", begun), false}},
               {}, number, stop.get_token());
  };
  struct {
    std::string step;
    int calls;
  } cases[] = {{Export("T", "s3://b/out"), 4}, {Import("s3://b/out", "U"), 60}};
  for (const auto& [step, calls] : cases) {
    ActivityResult stopped = attempt(step, 1, calls);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().id, "TransferInterrupted");
    ActivityResult retried = attempt(step, 2);
    ASSERT_TRUE(retried) << retried.error().message;
    EXPECT_EQ(reported_["transferItems"], "3000");
    EXPECT_TRUE(reported_.contains("transferResumedFrom")) << step;
  }
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  // A rerun imports all of it again.
  begun = 2;
  ASSERT_TRUE(attempt(cases[1].step, 1));
  EXPECT_FALSE(reported_.contains("transferResumedFrom"));
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

TEST_F(EmrActivityTest, AFixedPathIsReplacedOnlyByTheUsersWord) {
  const std::vector<Field> first = {{"@instanceStartTime", "1970-01-01T00:00:01", false}};
  std::vector<Field> second = {{"@instanceStartTime", "1970-01-01T00:00:02", false}};
  ASSERT_TRUE(Run({Export("T", "s3://b/out")}, first));
  aws_.Put("T", R"({"Id":{"n":"1000"},"v":{"s":"x"}})");
  ActivityResult refused = Run({Export("T", "s3://b/out")}, second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "DestinationNotEmpty");
  second.push_back({"myAllowFixedExportPath", "true", false});
  ActivityResult replaced = Run({Export("T", "s3://b/out")}, second);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_EQ(reported_["transferItems"], "51");
  second[0].value = "1970-01-01T00:00:03";
  refused = Run({Export("U", "s3://b/out")}, second);
  ASSERT_FALSE(refused) << "it is of another table";
  EXPECT_EQ(refused.error().id, "DestinationNotEmpty");
}

TEST_F(EmrActivityTest, HowManyLinesMayBeRejectedIsTheUsersWord) {
  aws_.objects["/b/in/one"] = "{\"Id\":{\"n\":\"1\"}}\ngarbage\n";
  const std::vector<PipelineObject> node = {
      {"Node", "Node", {{"myImportWithoutManifest", "true", false}}}};
  auto import = [&](const char* allowed) {
    return Run({Import("s3://b/in", "U")},
               {{"input", "Node", true}, {"myMaxRejects", allowed, false}}, node);
  };
  ActivityResult refused = import("0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("1 item rejected (allowed: 0)"));
  ASSERT_TRUE(import("1"));
  EXPECT_EQ(reported_["transferRejectedItems"], "1");
  refused = import("some");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "InvalidInput");
  EXPECT_THAT(refused.error().message, HasSubstr("myMaxRejects is \"some\""));
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
