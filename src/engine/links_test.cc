#include "engine/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;

TEST(OrderTest, DependsOnWaitsForFinished) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A"), Shell("B", {"dependsOn->A"})}));
  EXPECT_EQ(d.Status("@B_2014-05-01T00:00:00"), "WAITING_ON_DEPENDENCIES");
  EXPECT_EQ(d.Waiting("@B_2014-05-01T00:00:00"), "waits for @A_2014-05-01T00:00:00 to finish");
  EXPECT_THAT(d.PollAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
  d.Finish(d.held.begin()->second);
  EXPECT_THAT(d.PollAll(), ElementsAre("@B_2014-05-01T00:00:00_Attempt=1"));
}

TEST(OrderTest, DataNodesDriveTheOrder) {
  Driver d;
  d.Activated(
      Hourly("cron", {Shell("Produce", {"output->X"}), Shell("Consume", {"input->X"}),
                      Object("X", {"type=S3DataNode",
                                   "directoryPath=s3://b/#{format(@scheduledStartTime, 'HH')}"})}));
  auto task = d.Poll();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->attempt_id, "@Produce_2014-05-01T00:00:00_Attempt=1");
  EXPECT_FALSE(d.Poll());
  d.Finish(task->key);
  EXPECT_EQ(d.Status("@X_2014-05-01T00:00:00"), "FINISHED");
  task = d.Poll();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->attempt_id, "@Consume_2014-05-01T00:00:00_Attempt=1");
  ASSERT_GE(task->objects.size(), 2u);
  EXPECT_EQ(task->objects[0].fields[0], (Field{"@sphere", "ATTEMPT", false}));
  EXPECT_EQ(task->objects[0].Find("input")->value, "@X_2014-05-01T00:00:00");
  EXPECT_EQ(task->objects[1].id, "@X_2014-05-01T00:00:00");
  EXPECT_EQ(task->objects[1].Find("directoryPath")->value, "s3://b/00");
}

TEST(OrderTest, ALongerPeriodWaitsForEveryOverlappingInterval) {
  Driver d;
  d.Activated(Hourly("cron", {Object("Long", {"type=Schedule", "period=3 hours",
                                              "startDateTime=2014-05-01T00:00:00"}),
                              Shell("A"), Shell("B", {"dependsOn->A", "schedule->Long"})}));
  d.RunTo("2014-05-01T01:30:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T00:00:00_Attempt=1", "@A_2014-05-01T01:00:00_Attempt=1"));
  d.RunTo("2014-05-01T02:00:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T02:00:00_Attempt=1", "@B_2014-05-01T00:00:00_Attempt=1"));
}

TEST(OrderTest, AShorterPeriodFindsWhatFinishedLongAgo) {
  Driver d;
  d.Activated(Hourly("cron", {Object("Long", {"type=Schedule", "period=1 day",
                                              "startDateTime=2014-05-01T00:00:00"}),
                              Shell("A", {"dependsOn->B"}), Shell("B", {"schedule->Long"})}));
  EXPECT_EQ(d.WorkAll().size(), 2u);
  d.Restart();
  d.RunTo("2014-05-01T05:00:00");
  EXPECT_EQ(d.WorkAll().size(), 5u);
}

}  // namespace
}  // namespace penstock::engine
