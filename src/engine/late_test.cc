#include "engine/late.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::minutes;

PipelineObject LateShell(std::vector<std::string> fields) {
  fields.insert(fields.end(), {"lateAfterTimeout=20 minutes", "onLateAction->Alarm"});
  return Shell("A", std::move(fields));
}

/// Late alarms about the first hour's instance.
int64_t Alarms(const Driver& d) {
  return std::count_if(d.effects.begin(), d.effects.end(), [](const EffectRecord& effect) {
    return effect.key.starts_with("@A_2014-05-01T00:00:00_onLateAction=");
  });
}

TEST(LateTest, WhatHasNotBegunInTimeIsLateOnce) {
  Driver d;
  d.Activated(Hourly("cron", {LateShell({}), Alarm()}));
  d.Run(minutes(19));
  EXPECT_EQ(Alarms(d), 0);
  d.Run(minutes(30));
  EXPECT_EQ(Alarms(d), 1);
  d.Take();
  d.Run(minutes(5));  // not acknowledged: offered again
  EXPECT_EQ(Alarms(d), 1);
}

TEST(LateTest, TheRetryOfWhatBeganInTimeIsNotLate) {
  Driver d;
  d.Activated(Hourly("cron", {LateShell({"retryDelay=30 minutes"}), Alarm()}));
  const Task task = d.Take();
  d.Report(task.key);
  d.Run(minutes(10));
  d.Fail(task.key);
  d.Run(minutes(40));
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");
  EXPECT_EQ(Alarms(d), 0);
}

TEST(LateTest, WhatItsWorkerLostAfterItBeganInTimeIsNotLate) {
  Driver d;
  d.Activated(Hourly("cron", {LateShell({"reportProgressTimeout=1 hour"}), Alarm()}));
  d.Report(d.Take().key);
  d.Run(minutes(30));
  d.Send(WorkerLost{"w"});
  d.Run(minutes(10));
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");
  EXPECT_EQ(Alarms(d), 0);
}

TEST(LateTest, ByLaterEditionsWhatHasNotFinishedIsLate) {
  Driver d;
  d.state.options.late_until_finished = true;
  d.Activated(Hourly("cron", {LateShell({}), Alarm()}));
  const Task task = d.Take();
  d.Report(task.key);
  d.Run(minutes(10));
  d.Report(task.key);
  EXPECT_EQ(Alarms(d), 0);
  d.Run(minutes(10));
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "RUNNING");
  EXPECT_EQ(Alarms(d), 1);
  d.Report(task.key);
  d.Run(minutes(10));
  EXPECT_EQ(Alarms(d), 1);
  d.Finish(task.key);
  d.RunTo("2014-05-01T01:00:00");
  d.Finish(d.Take().key);
  d.Run(minutes(30));  // the next one finished in time
  EXPECT_EQ(d.effects.size(), 1u);
}

TEST(LateTest, NothingIsLateOnDemand) {
  Driver d;
  d.Activated(OnDemand({LateShell({}), Alarm()}));
  d.Run(minutes(60));
  EXPECT_TRUE(d.effects.empty());
}

}  // namespace
}  // namespace penstock::engine
