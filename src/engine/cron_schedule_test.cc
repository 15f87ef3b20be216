// Schedules with a cron expression in place of a period, across changes of the clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/forecast.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Activities and a schedule of that expression in Berlin, where 2014-03-30 02:00 was followed by
/// 03:00 (01:00 UTC), and 2014-10-26 03:00 by 02:00 (01:00 UTC).
Objects Berlin(std::string type, std::string expression, std::string start, Objects more,
               std::vector<std::string> schedule = {}) {
  std::vector<std::string> fields = {"type=Schedule", "cronExpression=" + expression,
                                     "timeZone=Europe/Berlin", "startDateTime=" + start};
  fields.insert(fields.end(), schedule.begin(), schedule.end());
  Objects objects = {Object("Default", {"scheduleType=" + type, "schedule->S", "workerGroup=g",
                                        "role=r", "resourceRole=rr"}),
                     Object("S", fields)};
  objects.insert(objects.end(), more.begin(), more.end());
  return objects;
}

TEST(CronScheduleTest, RunsAtEachFiringOverTheSpringChange) {
  Driver d("2014-03-28T12:00:00");
  d.Activated(Berlin("cron", "30 2 * * *", "2014-03-28T12:00:00", {Shell("A")}));
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-03-29T01:29:59");
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-03-31T12:00:00");
  // 02:30, 03:00 for the 02:30 that was skipped, 02:30.
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-03-29T01:30:00_Attempt=1", "@A_2014-03-30T01:00:00_Attempt=1",
                          "@A_2014-03-31T00:30:00_Attempt=1"));
  const auto skipped = d.Instance("@A_2014-03-30T01:00:00");
  EXPECT_EQ(skipped->scheduled_end, At("2014-03-31T00:30:00"));
}

TEST(CronScheduleTest, TimeseriesRunsAtTheNextFiringOverTheAutumnChange) {
  Driver d("2014-10-25T12:00:00");
  d.Activated(Berlin("timeseries", "30 2 * * *", "2014-10-25T00:00:00", {Shell("A")}));
  d.RunTo("2014-10-26T00:29:59");
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-10-26T00:30:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-10-25T00:30:00_Attempt=1"));
  // The second 02:30 of that night is no firing: the interval lasts 25 hours.
  d.RunTo("2014-10-27T01:29:59");
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-10-27T01:30:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-10-26T00:30:00_Attempt=1"));
}

TEST(CronScheduleTest, OccurrencesAndEndsAreCounted) {
  Driver d("2014-03-29T12:00:00");
  d.Activated(Berlin("cron", "30 * * * *", "2014-03-29T23:00:00", {Shell("A")}, {"occurrences=3"}));
  d.RunTo("2014-03-31T00:00:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-03-29T23:30:00_Attempt=1", "@A_2014-03-30T00:30:00_Attempt=1",
                          "@A_2014-03-30T01:30:00_Attempt=1"));
  EXPECT_EQ(d.PipelineStatus(), "FINISHED");
}

TEST(CronScheduleTest, StartsWithTheFirstFiringAfterTheFirstActivation) {
  Driver d("2014-05-07T13:17:42");
  d.Activated({Object("Default", {"scheduleType=cron", "schedule->S", "workerGroup=g", "role=r",
                                  "resourceRole=rr"}),
               Object("S", {"type=Schedule", "cronExpression=*/10 * * * *", "occurrences=1",
                            "startAt=FIRST_ACTIVATION_DATE_TIME"}),
               Shell("A")});
  d.RunTo("2014-05-07T14:00:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-07T13:20:00_Attempt=1"));
}

TEST(CronScheduleTest, BackfillIsCountedAndChosen) {
  Driver d("2014-05-20T12:00:00");
  d.Create(Berlin("cron", "*/15 8-17 * * MON-FRI", "2014-05-01T00:00:00", {Shell("A")}));
  // 13 working days of 40 and 24 of the 20th, until 14:00 in Berlin; that one is not past.
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("544 past instances"));
  d.Put(Berlin("cron", "*/15 8-17 * * MON-FRI", "2014-05-01T00:00:00",
               {Shell("A", {"myBackfill=latest"})}));
  d.Ok(Activate{d.pipeline, {}, {}});
  d.RunTo("2014-05-20T12:01:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-20T11:45:00_Attempt=1", "@A_2014-05-20T12:00:00_Attempt=1"));
}

TEST(CronScheduleTest, ActivationSkipsWhatIsBeforeItsTimestamp) {
  Driver d("2014-03-31T12:00:00");
  d.Create(Berlin("cron", "30 2 * * *", "2014-03-28T12:00:00", {Shell("A")}));
  d.Ok(Activate{d.pipeline, {}, At("2014-03-30T01:00:00")});
  d.RunTo("2014-03-31T12:00:01");
  EXPECT_EQ(d.Status("@A_2014-03-29T01:30:00"), "SKIPPED");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-03-30T01:00:00_Attempt=1", "@A_2014-03-31T00:30:00_Attempt=1"));
}

TEST(CronScheduleTest, DependenciesOfOtherPeriodsOverlap) {
  Driver d("2014-03-29T20:00:00");
  d.Activated(Berlin(
      "cron", "0 0 * * *", "2014-03-29T22:00:00",
      {Object("Every", {"type=Schedule", "period=8 hours", "startDateTime=2014-03-29T23:00:00"}),
       Shell("B", {"dependsOn->A"}), Shell("A", {"schedule->Every"})},
      {"occurrences=1"}));
  // The 30th of March in Berlin has 23 hours: until 22:00 UTC.
  d.RunTo("2014-03-30T14:59:00");
  EXPECT_EQ(d.WorkAll().size(), 2u);
  EXPECT_EQ(d.Status("@B_2014-03-29T23:00:00"), "WAITING_ON_DEPENDENCIES");
  EXPECT_THAT(d.Waiting("@B_2014-03-29T23:00:00"), HasSubstr("@A_2014-03-30T15:00:00"));
  d.RunTo("2014-03-30T15:00:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-03-30T15:00:00_Attempt=1", "@B_2014-03-29T23:00:00_Attempt=1"));
}

TEST(CronScheduleTest, AResourceServesTheRunsOfItsInterval) {
  Driver d("2014-10-25T22:00:00");
  d.Activated(Berlin(
      "cron", "0 0 * * *", "2014-10-25T22:00:00",
      {Object("Hours", {"type=Schedule", "cronExpression=0 */6 * * *", "timeZone=Europe/Berlin",
                        "startDateTime=2014-10-25T22:00:00", "occurrences=5"}),
       Object("R", {"type=Ec2Resource"}), Shell("A", {"schedule->Hours", "runsOn->R"})}));
  std::vector<std::string> done;
  for (int hour = 0; hour <= 30; ++hour) {
    d.RunTo(At("2014-10-25T22:00:00") + std::chrono::hours(hour));
    d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
    d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
    for (const auto& [key, run] : d.state.Find(d.pipeline)->runs) {
      if (run.instance.component != "A") continue;
      if (run.instance.status == RunStatus::kWaitingForRunner)
        done.push_back(run.instance.id + " on " + run.instance.resource);
    }
    std::string group;
    for (const Offer& offer : d.offers) group = offer.worker_group;
    d.WorkAll(group);
  }
  // The 26th of October has 25 hours.
  EXPECT_THAT(done, ElementsAre("@A_2014-10-25T22:00:00 on @R_2014-10-25T22:00:00",
                                "@A_2014-10-26T05:00:00 on @R_2014-10-25T22:00:00",
                                "@A_2014-10-26T11:00:00 on @R_2014-10-25T22:00:00",
                                "@A_2014-10-26T17:00:00 on @R_2014-10-25T22:00:00",
                                "@A_2014-10-26T23:00:00 on @R_2014-10-26T23:00:00"));
}

TEST(CronScheduleTest, LateOnceItsFiringIsLongAgo) {
  Driver d("2014-03-29T12:00:00");
  d.Activated(Berlin("cron", "30 2 * * *", "2014-03-29T12:00:00",
                     {Shell("A", {"lateAfterTimeout=1 hour", "onLateAction->T"}),
                      Object("T", {"type=Terminate"})}));
  d.RunTo("2014-03-30T01:59:59");
  EXPECT_EQ(d.Status("@A_2014-03-30T01:00:00"), "WAITING_FOR_RUNNER");
  d.RunTo("2014-03-30T02:00:00");
  EXPECT_EQ(d.Status("@A_2014-03-30T01:00:00"), "CANCELED");
}

TEST(CronScheduleTest, ResumesWithTheNextFiringAfterARestart) {
  Driver d("2014-03-29T12:00:00");
  d.Activated(Berlin("cron", "30 2 * * *", "2014-03-28T12:00:00", {Shell("A")}));
  d.RunTo("2014-03-30T06:00:00");
  EXPECT_EQ(d.WorkAll().size(), 2u);
  d.Restart();
  d.Ok(Deactivate{d.pipeline, true});
  d.RunTo("2014-03-31T06:00:00");
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.Ok(Activate{d.pipeline, {}, {}});
  d.RunTo("2014-03-31T06:00:01");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-03-31T00:30:00_Attempt=1"));
}

TEST(CronScheduleTest, IsForeseen) {
  ForecastOptions options;
  options.from = At("2014-10-25T00:00:00");
  options.until = At("2014-10-28T00:00:00");
  Definition definition;
  definition.objects = Berlin("cron", "30 2 * * *", "2014-10-25T00:00:00", {Shell("A")});
  const auto forecast = ForecastRuns(definition, options);
  ASSERT_TRUE(forecast);
  std::vector<std::string> starts;
  for (const ForecastRun& run : forecast->runs) starts.push_back(FormatDateTime(run.starts_at));
  EXPECT_THAT(starts,
              ElementsAre("2014-10-25T00:30:00", "2014-10-26T00:30:00", "2014-10-27T01:30:00"));
}

}  // namespace
}  // namespace penstock::engine
