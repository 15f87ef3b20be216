#include "activities/emr_cluster.h"

#include <gmock/gmock.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

constexpr char kName[] = "df-1_@Cluster_2026-01-01T00:00:00";

class EmrClusterTest : public WorldTest {
 protected:
  EmrClusterTest() {
    aws_.On("ElasticMapReduce.ListClusters", [this](const FakeAws::Call& call) -> FakeAws::Answer {
      const json::Value* after = json::Find(call.body, "CreatedAfter");
      const json::Value* states = json::Find(call.body, "ClusterStates");
      json::Array found;
      for (const json::Object& cluster : clusters_) {
        const json::Object& status = cluster.at("Status").as_object();
        if (after != nullptr && cluster.at("created").as_double() <= after->as_double()) continue;
        if (states != nullptr && std::find(states->as_array().begin(), states->as_array().end(),
                                           status.at("State")) == states->as_array().end()) {
          continue;
        }
        found.push_back(cluster);
      }
      // One a page.
      size_t at = 0;
      if (const json::Value* marker = json::Find(call.body, "Marker"))
        at = *ParseUint64(std::string(marker->as_string()));
      json::Object page;
      page["Clusters"] = at < found.size() ? json::Array{found[at]} : json::Array{};
      if (at + 1 < found.size()) page["Marker"] = std::to_string(at + 1);
      return JsonAnswer(page);
    });
    aws_.On("ElasticMapReduce.DescribeCluster",
            [this](const FakeAws::Call& call) -> FakeAws::Answer {
              for (const json::Object& cluster : clusters_) {
                if (cluster.at("Id") == call.body.at("ClusterId"))
                  return JsonAnswer({{"Cluster", cluster}});
              }
              return ErrorAnswer("InvalidRequestException");
            });
    aws_.On("ElasticMapReduce.RunJobFlow", [this](const FakeAws::Call& call) -> FakeAws::Answer {
      std::string id = fmt::format("j-{}", clusters_.size());
      Add(id, std::string(call.body.at("Name").as_string()), "STARTING", Duration(0));
      return JsonAnswer({{"JobFlowId", id}});
    });
    aws_.On("ElasticMapReduce.TerminateJobFlows",
            [](const FakeAws::Call&) -> FakeAws::Answer { return HttpResponse{}; });
  }

  void Add(const std::string& id, const std::string& name, const std::string& state, Duration age) {
    clusters_.push_back(
        {{"Id", id},
         {"Name", name},
         {"Status", json::Object{{"State", state},
                                 {"StateChangeReason", json::Object{{"Message", "told so"}}}}},
         {"created", ToEpochSeconds(clock_.Now() - age)}});
  }
  ResourceRequest Request(std::vector<Field> fields = {}) {
    fields.push_back({"type", "EmrCluster", false});
    return {.name = kName,
            .account = "1",
            .region = "us-east-1",
            .asked_at = clock_.Now(),
            .objects = {Object("Cluster", fields)}};
  }
  ResourceContext Context() {
    return {.clients = clients(), .services = &aws_, .workers = nullptr, .endpoint_url = ""};
  }
  static std::string IdIn(const ResourceReport& report) {
    for (const Field& field : report.fields) {
      if (field.key == "@resourceId") return field.value;
    }
    return "";
  }

  std::vector<json::Object> clusters_;
  EmrCluster resource_;
};

TEST_F(EmrClusterTest, TheRequestSaysWhatTheObjectMeans) {
  auto body = RunJobFlowRequest(Request({{"releaseLabel", "emr-5.23.0", false},
                                         {"coreInstanceCount", "3", false},
                                         {"coreInstanceType", "m5.xlarge", false},
                                         {"coreInstanceBidPrice", "0.10", false},
                                         {"taskInstanceCount", "2", false},
                                         {"taskInstanceBidPrice", "OnDemandPrice", false},
                                         {"keyPair", "key", false},
                                         {"subnetId", "subnet-1", false},
                                         {"role", "Service", false},
                                         {"resourceRole", "Machine", false},
                                         {"pipelineLogUri", "s3://b/logs", false},
                                         {"bootstrapAction", "s3://b/boot.sh,one,two", false},
                                         {"applications", "Hadoop", false},
                                         {"applications", "Hive", false}}),
                                "https://penstock.example:7400");
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(
      json::Write(*body),
      R"({"Name":"df-1_@Cluster_2026-01-01T00:00:00","ReleaseLabel":"emr-5.23.0","ServiceRole":"Service",)"
      R"("JobFlowRole":"Machine","LogUri":"s3://b/logs","Instances":{"InstanceGroups":[)"
      R"({"Name":"master instance group","InstanceRole":"MASTER","InstanceType":"m4.large","InstanceCount":1,"Market":"ON_DEMAND"},)"
      R"({"Name":"core instance group","InstanceRole":"CORE","InstanceType":"m5.xlarge","InstanceCount":3,"Market":"SPOT","BidPrice":"0.10"},)"
      R"({"Name":"task instance group","InstanceRole":"TASK","InstanceType":"m4.large","InstanceCount":2,"Market":"ON_DEMAND"}],)"
      R"("KeepJobFlowAliveWhenNoSteps":true,"Ec2KeyName":"key","Ec2SubnetId":"subnet-1"},)"
      R"("BootstrapActions":[{"Name":"bootstrapAction 1","ScriptBootstrapAction":{"Path":"s3://b/boot.sh","Args":["one","two"]}}],)"
      R"("Applications":[{"Name":"Hadoop"},{"Name":"Hive"}],)"
      R"("Steps":[{"Name":"Penstock worker","ActionOnFailure":"TERMINATE_CLUSTER","HadoopJarStep":{"Jar":"command-runner.jar",)"
      R"("Args":["penstock","worker","--worker-group","df-1_@Cluster_2026-01-01T00:00:00","--endpoint","https://penstock.example:7400"]}}],)"
      R"("VisibleToAllUsers":true})");

  body = RunJobFlowRequest(Request({{"coreInstanceCount", "many", false}}), "");
  ASSERT_FALSE(body);
  EXPECT_THAT(body.error().message, HasSubstr("coreInstanceCount of \"Cluster\" is \"many\""));
  EXPECT_FALSE(RunJobFlowRequest({.name = kName, .account = {}, .region = {}, .objects = {}}, ""));
}

TEST_F(EmrClusterTest, ARepeatedLaunchMakesNoSecondCluster) {
  Add("j-other", "df-1_@Other_2026-01-01T00:00:00", "RUNNING", Duration(0));
  auto made = resource_.Launch(Request(), Context(), {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->state, ResourceState::kStarting);
  EXPECT_EQ(IdIn(*made), "j-1");
  auto again = resource_.Launch(Request(), Context(), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(IdIn(*again), "j-1");
  EXPECT_EQ(aws_.Calls("RunJobFlow").size(), 1u);
}

TEST_F(EmrClusterTest, TheServicesClockMayBeBehindOurs) {
  Add("j-mine", kName, "WAITING", Duration(30'000));
  auto found = resource_.Launch(Request(), Context(), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, ResourceState::kReady);
  EXPECT_TRUE(aws_.Calls("RunJobFlow").empty());
}

TEST_F(EmrClusterTest, LookTellsTheState) {
  const std::pair<const char*, ResourceState> kStates[] = {
      {"STARTING", ResourceState::kStarting},
      {"BOOTSTRAPPING", ResourceState::kStarting},
      {"RUNNING", ResourceState::kReady},
      {"WAITING", ResourceState::kReady},
      {"TERMINATING", ResourceState::kEnding},
      {"TERMINATED", ResourceState::kEnded},
      {"TERMINATED_WITH_ERRORS", ResourceState::kEnded}};
  EXPECT_EQ(resource_.Look(Request(), Context(), {}).value().state, ResourceState::kAbsent);
  for (auto [name, state] : kStates) {
    clusters_.clear();
    Add("j-1", kName, name, Duration(0));
    auto report = resource_.Look(Request(), Context(), {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->state, state) << name;
    std::string message =
        state == ResourceState::kEnded ? fmt::format("cluster j-1 is {}: told so", name) : "";
    EXPECT_EQ(report->message, message);
  }
}

TEST_F(EmrClusterTest, AnOldClusterIsEndedToo) {
  Add("j-old", kName, "RUNNING", std::chrono::hours(30));
  for (bool id_known : {true, false}) {
    ResourceRequest request = id_known ? Request({{"@resourceId", "j-old", false}}) : Request();
    auto report = resource_.Terminate(request, Context(), {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->state, ResourceState::kEnding);
  }
  auto calls = aws_.Calls("TerminateJobFlows");
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(json::Write(calls[0].body), R"({"JobFlowIds":["j-old"]})");
}

TEST_F(EmrClusterTest, NothingIsEndedThatIsNotOurs) {
  Add("j-1", "another", "RUNNING", Duration(0));
  Add("j-2", kName, "TERMINATED", Duration(0));
  EXPECT_EQ(
      resource_.Terminate(Request({{"@resourceId", "j-1", false}}), Context(), {}).value().state,
      ResourceState::kAbsent);
  EXPECT_EQ(
      resource_.Terminate(Request({{"@resourceId", "j-2", false}}), Context(), {}).value().state,
      ResourceState::kEnded);
  EXPECT_EQ(
      resource_.Terminate(Request({{"@resourceId", "j-none", false}}), Context(), {}).value().state,
      ResourceState::kAbsent);
  EXPECT_TRUE(aws_.Calls("TerminateJobFlows").empty());
}

TEST_F(EmrClusterTest, ErrorsSayWhetherToTryAgain) {
  aws_.On("ElasticMapReduce.RunJobFlow", [](const FakeAws::Call&) -> FakeAws::Answer {
    return ErrorAnswer("ValidationException");
  });
  auto refused = resource_.Launch(Request(), Context(), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("creating cluster df-1_@Cluster"));
  aws_.On("ElasticMapReduce.RunJobFlow", [](const FakeAws::Call&) -> FakeAws::Answer {
    return ErrorAnswer("ThrottlingException");
  });
  EXPECT_EQ(resource_.Launch(Request(), Context(), {}).error().code, ErrorCode::kUnavailable);
  aws_.On("ElasticMapReduce.ListClusters",
          [](const FakeAws::Call&) -> FakeAws::Answer { return Unavailable("no route"); });
  EXPECT_EQ(resource_.Look(Request(), Context(), {}).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace penstock
