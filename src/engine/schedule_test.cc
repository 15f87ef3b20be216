#include "engine/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ScheduleTest, CronRunsAtTheStartOfEachInterval) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
  d.RunTo("2014-05-01T02:30:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T01:00:00_Attempt=1", "@A_2014-05-01T02:00:00_Attempt=1"));
}

TEST(ScheduleTest, TimeseriesRunsAtTheEndOfEachInterval) {
  Driver d;
  d.Activated(Hourly("timeseries", {Shell("A")}));
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-05-01T00:59:59");
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "SCHEDULED");  // made a little ahead
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
}

TEST(ScheduleTest, BackfillIsOldestFirstAndBounded) {
  Driver d("2014-05-02T00:30:00");
  d.Activated(Hourly("cron", {Shell("A", {"maxActiveInstances=2"})}));
  EXPECT_THAT(d.PollAll(),
              ElementsAre("@A_2014-05-01T00:00:00_Attempt=1", "@A_2014-05-01T01:00:00_Attempt=1"));
  d.Finish(d.held["@A_2014-05-01T00:00:00_Attempt=1"]);
  d.Send(Wake{});
  EXPECT_THAT(d.PollAll(), ElementsAre("@A_2014-05-01T02:00:00_Attempt=1"));
}

TEST(ScheduleTest, EndsAfterItsOccurrencesAndThePipelineIsFinished) {
  Driver d;
  d.Activated(Hourly("timeseries", {Shell("A")}, {"occurrences=3"}));
  for (int hour = 1; hour <= 3; ++hour) {
    EXPECT_EQ(d.PipelineStatus(), "SCHEDULED");
    d.RunTo(At("2014-05-01T00:00:00") + hours(hour));
    EXPECT_EQ(d.WorkAll().size(), 1u);
  }
  EXPECT_EQ(d.PipelineStatus(), "FINISHED");
  d.Run(hours(10));
  EXPECT_THAT(d.WorkAll(), IsEmpty());
}

TEST(ScheduleTest, StartsAtTheFirstActivation) {
  Driver d("2014-05-07T13:17:42");
  d.Activated({Object("Default", {"scheduleType=cron", "schedule->S", "workerGroup=g", "role=r",
                                  "resourceRole=rr"}),
               Object("S", {"type=Schedule", "period=1 Day", "occurrences=1",
                            "startAt=FIRST_ACTIVATION_DATE_TIME"}),
               Shell("A")});
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-07T13:17:42_Attempt=1"));
}

TEST(ScheduleTest, OnDemandRunsOncePerActivation) {
  Driver d;
  d.Activated(OnDemand({Shell("A"), Shell("B", {"dependsOn->A"})}));
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("still going"));
  EXPECT_EQ(d.WorkAll().size(), 2u);
  EXPECT_EQ(d.PipelineStatus(), "SCHEDULED");
  d.Ok(Activate{d.pipeline, {}, {}});  // within the same second
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T00:00:01_Attempt=1", "@B_2014-05-01T00:00:01_Attempt=1"));
}

TEST(ScheduleTest, TheAwsProfileMakesOneInstanceInFiveMinutes) {
  Driver d("2014-05-01T02:30:00");
  d.state.options.limits = AwsLimits();
  d.Activated(Hourly("cron", {Shell("A")}));
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
  d.RunTo("2014-05-01T02:34:59");
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.Command(kA, "RERUN");  // does not count
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=2"));
  d.RunTo("2014-05-01T02:35:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T01:00:00_Attempt=1"));
  d.RunTo("2014-05-01T02:40:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T02:00:00_Attempt=1"));
}

TEST(ScheduleTest, ATreeOfParentsHandsSchedulesDown) {
  Driver d;
  d.Activated(Hourly(
      "cron",
      {Object("Days", {"type=Schedule", "period=1 day", "startDateTime=2014-05-01T00:00:00"}),
       Object("Daily", {"schedule->Days"}), Shell("A"), Shell("B", {"parent->Daily"})}));
  EXPECT_EQ(d.WorkAll().size(), 2u);
  EXPECT_EQ(d.Instance("@B_2014-05-01T00:00:00")->scheduled_end, At("2014-05-02T00:00:00"));
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T01:00:00_Attempt=1"));
}

// A1
TEST(ScheduleTest, IsTimeseriesUnlessSaidOtherwise) {
  Driver d;
  Objects objects = Hourly("cron", {Shell("A")});
  std::erase_if(objects.front().fields, [](const Field& f) { return f.key == "scheduleType"; });
  d.Activated(objects);
  EXPECT_THAT(d.WorkAll(), IsEmpty());
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
}

TEST(TimetableTest, MonthsAreCountedFromTheStart) {
  const Schedule schedule{"S", Period{1, PeriodUnit::kMonths}, At("2014-01-31T00:00:00"),
                          std::nullopt, std::nullopt};
  const Timetable table(schedule, {}, false);
  EXPECT_EQ(table.At(1).start, At("2014-02-28T00:00:00"));
  EXPECT_EQ(table.At(2).start, At("2014-03-31T00:00:00"));
}

TEST(TimetableTest, AnEndInTheMiddleOfAPeriodCutsByRunTime) {
  const Schedule schedule{"S", Period{1, PeriodUnit::kHours}, At("2014-01-01T00:00:00"),
                          At("2014-01-01T02:30:00"), std::nullopt};
  EXPECT_TRUE(Timetable(schedule, {}, false).Has(2));
  EXPECT_FALSE(Timetable(schedule, {}, false).Has(3));
  EXPECT_FALSE(Timetable(schedule, {}, true).Has(2));
  EXPECT_EQ(Timetable(schedule, {}, false).DueCount(At("2030-01-01T00:00:00")), 3);
  EXPECT_EQ(Timetable(schedule, {}, true).DueCount(At("2014-01-01T01:00:00")), 1);
}

}  // namespace
}  // namespace penstock::engine
