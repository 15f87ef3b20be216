#include "cli/status_command.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/command_line.h"
#include "json/json.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Fields = std::vector<std::pair<std::string, std::string>>;

// A pipeline of instances and attempts, a few on each page.
class FakeService : public HttpClient {
 public:
  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource*, BodySink*,
                            std::stop_token) override {
    if (fails) return Unavailable("nobody listens");
    std::string operation(request.headers.Get("X-Amz-Target").value_or(""));
    operation.erase(0, operation.find('.') + 1);
    json::Object in = *json::ParseObject(request.body);
    if (operation == "DescribePipelines") {
      if (in["pipelineIds"].at(0) != json::Value("df-1")) {
        return HttpResponse{.status = 400,
                            .headers = {},
                            .body = R"({"__type":"PipelineNotFoundException","message":"no"})"};
      }
      json::Object one{{"pipelineId", "df-1"}, {"name", "nightly\x1b[31m"}};
      one["fields"] = FieldsJson({{"@pipelineState", "SCHEDULED"}});
      return Answer({{"pipelineDescriptionList", json::Array{std::move(one)}}});
    }
    if (operation == "QueryObjects") {
      // One a page.
      std::vector<std::string> ids;
      for (const auto& [id, fields] : objects) {
        if (!id.ends_with("_Attempt=1")) ids.push_back(id);
      }
      size_t at = in.contains("marker")
                      ? static_cast<size_t>(std::stoi(std::string(in["marker"].as_string())))
                      : 0;
      json::Object page{{"ids", json::Array{}}, {"hasMoreResults", at + 1 < ids.size()}};
      if (at < ids.size()) page["ids"].as_array().emplace_back(ids[at]);
      if (at + 1 < ids.size()) page["marker"] = std::to_string(at + 1);
      return Answer(page);
    }
    json::Array found;
    for (const json::Value& id : in["objectIds"].as_array()) {
      std::string name(id.as_string());
      json::Object one{{"id", name}, {"name", name}};
      one["fields"] = FieldsJson(objects.at(name));
      found.push_back(std::move(one));
    }
    return Answer({{"pipelineObjects", std::move(found)}, {"hasMoreResults", false}});
  }

  bool fails = false;
  std::map<std::string, Fields> objects;

 private:
  static HttpResponse Answer(const json::Object& body) {
    return {.status = 200, .headers = {}, .body = json::Write(body)};
  }
  static json::Array FieldsJson(const Fields& fields) {
    json::Array array;
    for (const auto& [key, value] : fields)
      array.push_back(json::Object{{"key", key}, {"stringValue", value}});
    return array;
  }
};

class StatusCommandTest : public ::testing::Test {
 protected:
  int Run(const std::string& pipeline) {
    out_.str("");
    err_.str("");
    DataPipelineClient client(
        {&service_, &clock_, &random_},
        {"http://aws.test", "us-east-1", StaticCredentials({"AKID", "secret", ""})});
    return PrintStatus(client, pipeline, out_, err_);
  }
  testing::FakeClock clock_;
  testing::FakeRandom random_;
  FakeService service_;
  std::ostringstream out_, err_;
};

TEST_F(StatusCommandTest, OneLineForEachInstanceByTime) {
  service_.objects = {
      {"@B_2",
       {{"@status", "FINISHED"}, {"@scheduledStartTime", "2"}, {"@headAttempt", "@B_2_Attempt=1"}}},
      {"@B_2_Attempt=1", {{"@logLocation", "s3://b/logs/"}}},
      {"@A_1",
       {{"@status", "WAITING_FOR_RUNNER"},
        {"@scheduledStartTime", "1"},
        {"@waitingOn", "a worker of group g"}}},
  };
  EXPECT_EQ(Run("df-1"), kExitDone);
  EXPECT_EQ(out_.str(),
            "df-1 nightly [31m SCHEDULED\n"
            "@A_1  WAITING_FOR_RUNNER       waiting on a worker of group g\n"
            "@B_2  FINISHED                 s3://b/logs/\n");
}

TEST_F(StatusCommandTest, ErrorsAndFiguresAreToldOnOneLine) {
  service_.objects = {
      {"@F",
       {{"@status", "FAILED"},
        {"@waitingOn", "nothing"},
        {"errorId", "NotFound"},
        {"errorMessage", "there is\nno table"}}},
      {"@R", {{"@status", "RUNNING"}, {"@headAttempt", "@R_Attempt=1"}}},
      {"@R_Attempt=1",
       {{"transferItems", "7"},
        {"transferUnitsPerSecond", "3"},
        {"transferUnitsPerSecondAllowed", "4"},
        {"transferLimitedBy", "ratio"}}},
      {"@W", {{"@status", "WAITING_ON_DEPENDENCIES"}, {"@headAttempt", "@W_Attempt=1"}}},
      {"@W_Attempt=1", {{"errorId", "X"}, {"errorMessage", "once"}}},
      {"@X", {{"@status", "CASCADE_FAILED"}, {"@cascadeFailedOn", "@F"}}},
  };
  EXPECT_EQ(Run("df-1"), kExitDone);
  EXPECT_THAT(out_.str(), HasSubstr("NotFound: there is no table\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("waiting on nothing")));
  EXPECT_THAT(out_.str(), HasSubstr("7 items, 3 of 4 units/s, limited by ratio\n"));
  EXPECT_THAT(out_.str(), HasSubstr("last attempt: X: once\n"));
  EXPECT_THAT(out_.str(), HasSubstr("failed because of @F\n"));
}

TEST_F(StatusCommandTest, ExitCodes) {
  EXPECT_EQ(Run("df-2"), kExitNo);
  EXPECT_THAT(err_.str(), HasSubstr("PipelineNotFoundException"));
  service_.fails = true;
  EXPECT_EQ(Run("df-1"), kExitUnusable);
  EXPECT_THAT(err_.str(), HasSubstr("nobody listens"));
}

}  // namespace
}  // namespace penstock
