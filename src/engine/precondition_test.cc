#include "engine/precondition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(PreconditionTest, TheServiceChecksUntilMet) {
  Driver d;
  d.Activated(Hourly("cron", {Object("P", {"type=S3KeyExists", "s3Key=s3://b/k", "role=r"}),
                              Shell("A", {"precondition->P"})}));
  EXPECT_EQ(d.effects.size(), 1u);
  EXPECT_FALSE(d.Poll());
  d.Answer(EffectKind::kCheckPrecondition, EffectOutcome::kUnmet);
  d.Run(seconds(59));
  EXPECT_EQ(d.effects.size(), 1u);
  d.Run(seconds(1));
  EXPECT_EQ(d.effects.size(), 2u);
  EXPECT_THAT(d.Waiting("@P_2014-05-01T00:00:00"), HasSubstr("checked 1 times"));
  d.Answer(EffectKind::kCheckPrecondition, EffectOutcome::kSucceeded);
  EXPECT_EQ(d.WorkAll().size(), 1u);
}

TEST(PreconditionTest, ItsTimeoutFailsItsOwner) {
  Driver d;
  d.Activated(Hourly("cron", {Object("P", {"type=S3KeyExists", "s3Key=s3://b/k", "role=r",
                                           "preconditionTimeout=10 minutes"}),
                              Shell("A", {"precondition->P"})}));
  for (int i = 0; i < 10; ++i) {
    d.Answer(EffectKind::kCheckPrecondition, EffectOutcome::kUnmet);
    d.Run(minutes(1));
  }
  EXPECT_EQ(d.Status("@P_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Status(kA), "FAILED");
  EXPECT_EQ(d.Instance(kA)->error_id, "PreconditionFailed");
}

TEST(PreconditionTest, AWorkersFalseIsAskedAgain) {
  Driver d;
  d.Activated(Hourly("cron", {Object("P", {"type=ShellCommandPrecondition", "command=true"}),
                              Shell("A", {"precondition->P"}), Shell("B", {"precondition->P"})}));
  const auto p = d.Poll();
  ASSERT_TRUE(p);
  EXPECT_EQ(p->attempt_id, "@P_A_2014-05-01T00:00:00_Attempt=1");
  EXPECT_EQ(p->objects[0].Find("node")->value, kA);
  d.Ok(SetTaskStatus{p->key, TaskOutcome::kFalse, "", "", ""});
  EXPECT_EQ(d.Status("@P_A_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");
  d.Run(minutes(1));
  EXPECT_THAT(
      d.WorkAll(),
      ElementsAre("@P_B_2014-05-01T00:00:00_Attempt=1", "@B_2014-05-01T00:00:00_Attempt=1",
                  "@P_A_2014-05-01T00:00:00_Attempt=2", "@A_2014-05-01T00:00:00_Attempt=1"));
}

TEST(PreconditionTest, AWorkersTimesOutEvenIfNoWorkerAsksAgain) {
  Driver d;
  d.Activated(Hourly("cron", {Object("P", {"type=ShellCommandPrecondition", "command=true",
                                           "preconditionTimeout=10 minutes"}),
                              Shell("A", {"precondition->P"})}));
  d.Run(minutes(20));
  EXPECT_EQ(d.Status("@P_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");  // never checked yet
  d.Ok(SetTaskStatus{d.Take().key, TaskOutcome::kFalse, "", "", ""});
  d.Run(minutes(9));
  EXPECT_EQ(d.Status("@P_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");
  d.Run(minutes(1));
  EXPECT_EQ(d.Status("@P_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Instance("@P_2014-05-01T00:00:00")->error_id, "PreconditionTimedOut");
  EXPECT_EQ(d.Status(kA), "FAILED");
  EXPECT_FALSE(d.Poll());
}

TEST(PreconditionTest, TheCheckUnderWayWhenItsTimeEndsStillCounts) {
  Driver d;
  d.Activated(Hourly("cron", {Object("P", {"type=ShellCommandPrecondition", "command=true",
                                           "preconditionTimeout=10 minutes"}),
                              Shell("A", {"precondition->P"})}));
  const Task check = d.Take();
  d.Report(check.key);
  d.Run(minutes(11));
  EXPECT_EQ(d.Status("@P_2014-05-01T00:00:00"), "RUNNING");
  d.Finish(check.key);
  EXPECT_EQ(d.Take().attempt_id, "@A_2014-05-01T00:00:00_Attempt=1");
}

}  // namespace
}  // namespace penstock::engine
