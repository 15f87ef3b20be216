#include "cli/why_command.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/command_line.h"
#include "cli/pipeline_service_for_test.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

class WhyCommandTest : public ::testing::Test {
 protected:
  int Run(const std::string& instance, const std::string& pipeline = "df-1") {
    out_.str("");
    err_.str("");
    DataPipelineClient client(
        {&service_, &clock_, &random_},
        {"http://aws.test", "us-east-1", StaticCredentials({"AKID", "secret", ""})});
    return PrintWhy(client, pipeline, instance, out_, err_);
  }
  testing::FakeClock clock_;
  testing::FakeRandom random_;
  FakePipelineService service_;
  std::ostringstream out_, err_;
};

TEST_F(WhyCommandTest, FollowsWhatWaitsToItsRoot) {
  service_.objects = {
      {"@C",
       {{"@sphere", "INSTANCE"},
        {"@status", "WAITING_ON_DEPENDENCIES"},
        {"@waitingOn", "@B"},
        {"@waitingOn", "@A"},
        {"@waitingOn", "@Z"},
        {"@waitingReason", "waits for @B, @A, @Z to finish"}}},
      {"@B",
       {{"@sphere", "INSTANCE"},
        {"@status", "WAITING_ON_DEPENDENCIES"},
        {"@waitingOn", "@A"},
        {"@waitingReason", "waits for @A to finish"}}},
      {"@A",
       {{"@sphere", "INSTANCE"},
        {"@status", "WAITING_FOR_RUNNER"},
        {"@waitingReason", "waits for a worker of group 'g' to take it"}}},
  };
  EXPECT_EQ(Run("@C"), kExitDone) << err_.str();
  EXPECT_EQ(out_.str(),
            "@C  WAITING_ON_DEPENDENCIES  waits for @B, @A, @Z to finish\n"
            "  @Z  -  is not there yet: it is made when its time comes\n"
            "  @B  WAITING_ON_DEPENDENCIES  waits for @A to finish\n"
            "    @A  WAITING_FOR_RUNNER  waits for a worker of group 'g' to take it\n"
            "  @A  WAITING_FOR_RUNNER  see above\n");
}

TEST_F(WhyCommandTest, FollowsAFailureToItsLog) {
  service_.objects = {
      {"@C",
       {{"@sphere", "INSTANCE"},
        {"@status", "CASCADE_FAILED"},
        {"errorId", "CascadeFailed"},
        {"errorMessage", "@A failed"},
        {"@cascadeFailedOn", "@B"},
        {"@cascadeFailedOn", "@A"}}},
      {"@B", {{"@sphere", "INSTANCE"}, {"@status", "CASCADE_FAILED"}, {"@cascadeFailedOn", "@A"}}},
      {"@A",
       {{"@sphere", "INSTANCE"},
        {"@status", "FAILED"},
        {"errorId", "ResourceFailed"},
        {"errorMessage", "its resource @R ended: FAILED"},
        {"runsOn", "@R"},
        {"precondition", "@P"},
        {"@headAttempt", "@A_Attempt=1"}}},
      {"@A_Attempt=1", {{"@sphere", "ATTEMPT"}, {"@logLocation", "s3://b/logs/"}}},
      {"@P", {{"@sphere", "INSTANCE"}, {"@status", "FINISHED"}}},
      {"@R", {{"@sphere", "INSTANCE"}, {"@status", "FAILED"}, {"errorMessage", "no\ncapacity"}}},
  };
  EXPECT_EQ(Run("@C_Attempt=2"), kExitDone) << err_.str();
  EXPECT_EQ(out_.str(),
            "@C  CASCADE_FAILED  CascadeFailed: @A failed\n"
            "  @B  CASCADE_FAILED\n"
            "    @A  FAILED  ResourceFailed: its resource @R ended: FAILED; log: s3://b/logs/\n"
            "      @R  FAILED  no capacity\n");
}

TEST_F(WhyCommandTest, SaysWhatThereIsNot) {
  EXPECT_EQ(Run("@A"), kExitNo);
  EXPECT_THAT(err_.str(), HasSubstr("no instance '@A'"));
  EXPECT_EQ(Run("@A", "df-2"), kExitNo);
  service_.fails = true;
  EXPECT_EQ(Run("@A"), kExitUnusable);
}

}  // namespace
}  // namespace penstock
