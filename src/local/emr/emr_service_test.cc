#include "local/emr/emr_service.h"

#include <gtest/gtest.h>

#include <map>

#include "key_value/memory_key_value.h"
#include "system/system_random.h"

namespace penstock::emr {
namespace {

class FakeClock : public Clock {
 public:
  Instant Now() override { return now_; }
  std::chrono::nanoseconds Monotonic() override { return now_.time_since_epoch(); }
  void Sleep(Duration duration) override { now_ += duration; }

 private:
  Instant now_ = *FromCivil({2026, 1, 2, 3, 4, 5});
};

class FakeWorkers : public WorkerHost {
 public:
  Status Start(const WorkerSpec& spec) override {
    if (!failure.empty()) return IoError(failure);
    specs[spec.worker_group] = spec;
    status[spec.worker_group] = {WorkerCondition::kRunning, ""};
    return {};
  }
  WorkerStatus Look(const std::string& group) override { return status[group]; }
  Status Stop(const std::string& group) override {
    if (status[group].condition != WorkerCondition::kAbsent)
      status[group] = {WorkerCondition::kEnding, ""};
    return {};
  }

  std::string failure;
  std::map<std::string, WorkerSpec> specs;
  std::map<std::string, WorkerStatus> status;
};

struct Answer {
  int status = 0;
  json::Object body;
};

class KeepAnswer : public Responder {
 public:
  explicit KeepAnswer(Answer& answer) : answer_(answer) {}
  void Respond(HttpResponse response) override {
    answer_.status = response.status;
    if (!response.body.empty()) answer_.body = *json::ParseObject(response.body);
  }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }

 private:
  Answer& answer_;
};

class EmrServiceTest : public testing::Test {
 protected:
  Answer Call(const std::string& operation, const std::string& body,
              const std::string& account = "111111111111") {
    HttpRequest request{.method = "POST",
                        .target = "/",
                        .headers = {{"X-Amz-Target", "ElasticMapReduce." + operation}}};
    request.caller =
        Caller{.account = account, .region = "us-east-1", .service = "elasticmapreduce"};
    Answer answer;
    StringSource source(body);
    service_.Serve(request, source, std::make_unique<KeepAnswer>(answer));
    return answer;
  }

  std::string Run(const std::string& group) {
    Answer answer = Call(
        "RunJobFlow",
        R"({"Name":"df-1_@C_2026","Instances":{"InstanceCount":2,"MasterInstanceType":"m4.large"},)"
        R"("Steps":[{"Name":"worker","HadoopJarStep":{"Jar":"command-runner.jar",)"
        R"("Args":["penstock","worker","--worker-group",")" +
            group + R"("]}}]})");
    EXPECT_EQ(answer.status, 200) << json::Write(answer.body);
    return *json::GetString(answer.body, "JobFlowId");
  }

  std::string StateOf(const std::string& id) {
    Answer answer = Call("DescribeCluster", R"({"ClusterId":")" + id + "\"}");
    return std::string(answer.body["Cluster"].at("Status").at("State").as_string());
  }

  MemoryKeyValue store_;
  FakeWorkers workers_;
  FakeClock clock_;
  SystemRandom random_;
  EmrService service_{store_, workers_, clock_, random_, true};
};

TEST_F(EmrServiceTest, AClusterIsAWorkerFromStartToEnd) {
  std::string id = Run("@C_2026");
  EXPECT_EQ(workers_.specs["@C_2026"].account, "111111111111");
  EXPECT_EQ(StateOf(id), "RUNNING");
  Answer steps = Call("ListSteps", R"({"ClusterId":")" + id + "\"}");
  EXPECT_EQ(steps.body["Steps"].at(0).at("Status").at("State"), "RUNNING");
  EXPECT_EQ(Call("ListInstanceGroups", R"({"ClusterId":")" + id + "\"}")
                .body["InstanceGroups"]
                .as_array()
                .size(),
            2u);

  EXPECT_EQ(Call("TerminateJobFlows", R"({"JobFlowIds":[")" + id + "\"]}").status, 200);
  EXPECT_EQ(StateOf(id), "TERMINATING");
  workers_.status["@C_2026"] = {};
  EXPECT_EQ(StateOf(id), "TERMINATED");
  Answer ended = Call("ListClusters", R"({"ClusterStates":["TERMINATED"]})");
  EXPECT_EQ(ended.body["Clusters"].at(0).at("Name"), "df-1_@C_2026");
  EXPECT_TRUE(
      Call("ListClusters", R"({"ClusterStates":["RUNNING"]})").body["Clusters"].as_array().empty());
}

TEST_F(EmrServiceTest, AWorkerThatWasGivenUpEndsItsClusterWithTheReason) {
  std::string id = Run("@C_2026");
  workers_.status["@C_2026"] = {WorkerCondition::kFailed, "it died too often"};
  Answer answer = Call("DescribeCluster", R"({"ClusterId":")" + id + "\"}");
  const json::Value& status = answer.body["Cluster"].at("Status");
  EXPECT_EQ(status.at("State"), "TERMINATED_WITH_ERRORS");
  EXPECT_EQ(status.at("StateChangeReason").at("Message"), "it died too often");
}

TEST_F(EmrServiceTest, AStepItCannotRunFailsSayingSo) {
  std::string id = Run("@C_2026");
  Answer added = Call("AddJobFlowSteps",
                      R"({"JobFlowId":")" + id +
                          R"(","Steps":[{"Name":"x","HadoopJarStep":{"Jar":"s3://b/x.jar"}}]})");
  std::string step(added.body["StepIds"].at(0).as_string());
  Answer answer = Call("DescribeStep", R"({"ClusterId":")" + id + R"(","StepId":")" + step + "\"}");
  EXPECT_EQ(answer.body["Step"].at("Status").at("State"), "FAILED");
  EXPECT_NE(answer.body["Step"]
                .at("Status")
                .at("FailureDetails")
                .at("Message")
                .as_string()
                .find("cannot run"),
            boost::json::string::npos);
}

TEST_F(EmrServiceTest, ItsWorkersStartingFailureIsTheClusters) {
  workers_.failure = "no such program";
  EXPECT_EQ(StateOf(Run("@C_2026")), "TERMINATED_WITH_ERRORS");
}

TEST_F(EmrServiceTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(Call("RunJobFlow", "{}").body["__type"], "ValidationException");
  EXPECT_EQ(Call("RunJobFlow", R"({"Name":"x","Instances":{}})").body["__type"],
            "ValidationException");
  EXPECT_EQ(Call("DescribeCluster", R"({"ClusterId":"j-X"})").body["__type"],
            "InvalidRequestException");
  EXPECT_EQ(Call("Dance", "{}").body["__type"], "UnknownOperationException");
  EXPECT_EQ(Call("ListClusters", "[").body["__type"], "SerializationException");
  std::string id = Run("@C_2026");
  EXPECT_EQ(Call("DescribeCluster", R"({"ClusterId":")" + id + "\"}", "222222222222").status, 400);
}

TEST_F(EmrServiceTest, PagesNewestFirst) {
  for (int i = 0; i < 60; ++i) {
    Run("group" + std::to_string(i));
    clock_.Sleep(Duration(1000));
  }
  Answer first = Call("ListClusters", "{}");
  ASSERT_EQ(first.body["Clusters"].as_array().size(), 50u);
  std::string marker(first.body["Marker"].as_string());
  Answer second = Call("ListClusters", R"({"Marker":")" + marker + "\"}");
  EXPECT_EQ(second.body["Clusters"].as_array().size(), 10u);
  EXPECT_FALSE(second.body.contains("Marker"));
}

}  // namespace
}  // namespace penstock::emr
