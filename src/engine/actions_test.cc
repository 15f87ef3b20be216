#include "engine/actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(ActionTest, AlarmsAreDecidedOnceWithTheFieldsOfTheirNode) {
  Driver d;
  d.Activated(OnDemand(
      {Shell("A", {"maximumRetries=0", "onFail->Alarm", "onSuccess->Alarm"}),
       Object("Alarm", {"type=SnsAlarm", "topicArn=arn:t", "role=r", "subject=#{node.@status}",
                        "message=#{node.@scheduledStartTime} #{node.name}"})}));
  d.Fail(d.Take().key);
  ASSERT_EQ(d.effects.size(), 1u);
  const PipelineObject alarm{"", "", d.effects[0].fields};
  EXPECT_EQ(alarm.Find("subject")->value, "FAILED");
  EXPECT_EQ(alarm.Find("topicArn")->value, "arn:t");
  EXPECT_THAT(alarm.Find("message")->value, HasSubstr("2014-05-01T00:00:00"));
  d.Command(kA, "RERUN");
  d.Run(seconds(1));
  d.WorkAll();
  EXPECT_EQ(d.effects.size(), 2u);
}

TEST(ActionTest, LatenessFiresOnceAndTerminateCancels) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"lateAfterTimeout=10 minutes", "onLateAction->T"}),
                              Object("T", {"type=Terminate"})}));
  d.Run(minutes(9));
  EXPECT_EQ(d.Status(kA), "WAITING_FOR_RUNNER");
  d.Run(minutes(1));
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_FALSE(d.Poll());
}

TEST(ActionTest, NothingIsToldBeforeAllRetriesAreSpent) {
  Driver d;
  d.Activated(OnDemand(
      {Shell("A", {"maximumRetries=1", "retryDelay=1 minute", "onFail->Alarm"}), Alarm()}));
  d.Fail(d.Take().key);
  EXPECT_TRUE(d.effects.empty());
  d.Run(minutes(1));
  d.Fail(d.Take().key);
  EXPECT_EQ(d.effects.size(), 1u);
}

TEST(ActionTest, ACancelIsNoFailure) {
  Driver d;
  d.Activated(OnDemand({Shell("A", {"onFail->Alarm", "onSuccess->Alarm"}), Alarm()}));
  d.Command(kA, "TRY_CANCEL");
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_TRUE(d.effects.empty());
}

// A39
TEST(ActionTest, AMachineThatTimedOutIsAFailure) {
  Driver d;
  Objects objects = WithResource({"terminateAfter=30 minutes", "onFail->Alarm"});
  objects.push_back(Alarm());
  d.Activated(objects);
  d.Run(minutes(30));
  EXPECT_EQ(d.Status(kR), "TIMEDOUT");
  EXPECT_EQ(d.Answer(EffectKind::kPublishAlarm, EffectOutcome::kSucceeded), 1);
  d.Run(minutes(60));
  EXPECT_EQ(d.Instance(kR)->attempts, 1);  // no retry
}

}  // namespace
}  // namespace penstock::engine
