#include "cli/status_command.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/command_line.h"
#include "cli/pipeline_service_for_test.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
  FakePipelineService service_;
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
