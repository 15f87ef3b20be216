#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/resource.h"

namespace penstock::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Objects = std::vector<PipelineObject>;

Objects Hourly(std::string type, Objects more, std::vector<std::string> schedule = {}) {
  Objects objects = {Object("Default", {"scheduleType=" + type, "schedule->S", "workerGroup=g",
                                        "role=r", "resourceRole=rr"})};
  std::vector<std::string> fields = {"type=Schedule", "period=1 hour",
                                     "startDateTime=2014-05-01T00:00:00"};
  fields.insert(fields.end(), schedule.begin(), schedule.end());
  objects.push_back(Object("S", fields));
  objects.insert(objects.end(), more.begin(), more.end());
  return objects;
}

Objects OnDemand(Objects more) {
  Objects objects = {
      Object("Default", {"scheduleType=ondemand", "workerGroup=g", "role=r", "resourceRole=rr"})};
  objects.insert(objects.end(), more.begin(), more.end());
  return objects;
}

PipelineObject Shell(std::string id, std::vector<std::string> fields = {}) {
  fields.insert(fields.begin(), {"type=ShellCommandActivity", "command=true"});
  return Object(std::move(id), std::move(fields));
}

// ---- schedules

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

TEST(TimetableTest, MonthsAreCountedFromTheStart) {
  const Schedule schedule{
      "S", {1, PeriodUnit::kMonths}, At("2014-01-31T00:00:00"), std::nullopt, std::nullopt};
  const Timetable table(schedule, {}, false);
  EXPECT_EQ(table.At(1).start, At("2014-02-28T00:00:00"));
  EXPECT_EQ(table.At(2).start, At("2014-03-31T00:00:00"));
}

TEST(TimetableTest, AnEndInTheMiddleOfAPeriodCutsByRunTime) {
  const Schedule schedule{"S",
                          {1, PeriodUnit::kHours},
                          At("2014-01-01T00:00:00"),
                          At("2014-01-01T02:30:00"),
                          std::nullopt};
  EXPECT_TRUE(Timetable(schedule, {}, false).Has(2));
  EXPECT_FALSE(Timetable(schedule, {}, false).Has(3));
  EXPECT_FALSE(Timetable(schedule, {}, true).Has(2));
  EXPECT_EQ(Timetable(schedule, {}, false).DueCount(At("2030-01-01T00:00:00")), 3);
  EXPECT_EQ(Timetable(schedule, {}, true).DueCount(At("2014-01-01T01:00:00")), 1);
}

// ---- order

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

// ---- attempts

TEST(AttemptTest, RetriesAfterItsDelayAndFailsWhenTheyAreSpent) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"maximumRetries=1", "retryDelay=5 minutes"})}));
  auto task = d.Poll();
  d.Fail(task->key);
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "WAITING_FOR_RUNNER");
  EXPECT_FALSE(d.Poll());
  d.Run(minutes(5));
  task = d.Poll();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->key.attempt, 2);
  d.Fail(task->key);
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Instance("@A_2014-05-01T00:00:00")->error_message, "it broke");
}

TEST(LeaseTest, AHandOutThatIsNotAcknowledgedIsOfferedAgainAtNoCost) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"maximumRetries=0"})}));
  const auto first = d.Poll();
  d.Run(minutes(2));
  const auto second = d.Poll();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->key.attempt, 1);
  EXPECT_NE(second->key.lease, first->key.lease);
  EXPECT_THAT(Driver::RefusalText(d.Finish(first->key)), HasSubstr("another worker"));
  d.Ok(SetTaskStatus{second->key, TaskOutcome::kFinished, "", "", ""});
  d.Ok(SetTaskStatus{second->key, TaskOutcome::kFinished, "", "", ""});  // its answer was lost
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "FINISHED");
}

TEST(LeaseTest, SilenceFailsTheAttempt) {
  Driver d;
  d.Activated(
      Hourly("cron", {Shell("A", {"reportProgressTimeout=3 minutes", "retryDelay=1 minute"})}));
  const auto task = d.Poll();
  for (int i = 0; i < 5; ++i) {
    d.Run(minutes(2));
    if (i == 0) continue;  // acknowledged in time below
  }
  const auto again = d.Poll();
  ASSERT_TRUE(again);
  d.Report(again->key);
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "RUNNING");
  d.Run(minutes(2));
  d.Report(again->key);
  d.Run(minutes(3));
  EXPECT_EQ(d.Instance("@A_2014-05-01T00:00:00")->error_id, "ReportProgressTimeout");
  EXPECT_THAT(Driver::RefusalText(d.Report(again->key)), HasSubstr("over"));
  d.Run(minutes(1));
  EXPECT_EQ(d.Take().key.attempt, 2);
}

TEST(LeaseTest, AttemptTimeoutCountsFromTheStart) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"attemptTimeout=10 minutes", "maximumRetries=0"})}));
  const auto task = d.Poll();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(std::holds_alternative<Refusal>(d.Report(task->key)));
    d.Run(minutes(1));
  }
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Instance("@A_2014-05-01T00:00:00")->error_id, "AttemptTimeout");
}

TEST(LeaseTest, FirstInFirstOutAndGroupsAreExact) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A"), Shell("B", {"workerGroup=G"})}));
  EXPECT_FALSE(d.Poll("gg"));
  EXPECT_THAT(d.PollAll("G"), ElementsAre("@B_2014-05-01T00:00:00_Attempt=1"));
  EXPECT_THAT(d.PollAll("g"), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
}

TEST(HandOutTest, AnExpressionThatFailsFailsTheInstanceAndTheNextTaskIsHandedOut) {
  Driver d;
  d.Activated(Hourly(
      "cron", {Object("A", {"type=ShellCommandActivity", "command=#{node.@status}"}), Shell("B")}));
  EXPECT_THAT(d.PollAll(), ElementsAre("@B_2014-05-01T00:00:00_Attempt=1"));
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Instance("@A_2014-05-01T00:00:00")->error_id, "ExpressionError");
}

// ---- resources

Objects WithResource(std::vector<std::string> resource = {},
                     std::vector<std::string> activity = {}) {
  resource.insert(resource.begin(), "type=Ec2Resource");
  activity.insert(activity.begin(), "runsOn->R");
  return Hourly("cron", {Object("R", resource), Shell("A", activity), Shell("B", activity)});
}
constexpr char kR[] = "@R_2014-05-01T00:00:00";
constexpr char kA[] = "@A_2014-05-01T00:00:00";
constexpr char kB[] = "@B_2014-05-01T00:00:00";

TEST(ResourceTest, IsLaunchedForItsFirstUserSharedAndEndedAfterItsLast) {
  Driver d;
  d.Activated(WithResource());
  EXPECT_EQ(d.Status(kR), "CREATING");
  ASSERT_EQ(d.effects.size(), 1u);
  const std::string group = d.effects[0].name;
  EXPECT_EQ(group, d.pipeline + "_@R_2014-05-01T00:00:00");
  EXPECT_EQ(d.Waiting(kA), "waits for its resource @R_2014-05-01T00:00:00 to start");
  EXPECT_EQ(d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded), 1);
  EXPECT_EQ(d.Status(kR), "RUNNING");
  const auto a = d.Poll(group), b = d.Poll(group);
  ASSERT_TRUE(a && b);
  d.Finish(a->key);
  EXPECT_EQ(d.Status(kR), "RUNNING");
  d.Finish(b->key);
  EXPECT_EQ(d.Status(kR), "SHUTTING_DOWN");
  EXPECT_EQ(d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded), 1);
  EXPECT_EQ(d.Status(kR), "FINISHED");
}

TEST(ResourceTest, WaitsUntilItsUserIsReady) {
  Driver d;
  d.Activated(Hourly("cron", {Object("R", {"type=Ec2Resource"}), Shell("First"),
                              Shell("A", {"runsOn->R", "dependsOn->First"})}));
  EXPECT_EQ(d.Status(kR), "WAITING_ON_DEPENDENCIES");
  EXPECT_THAT(d.Waiting(kR), HasSubstr("first activity"));
  d.WorkAll();
  EXPECT_EQ(d.Status(kR), "CREATING");
}

TEST(ResourceTest, IsKeptBetweenTheRunsOfItsInterval) {
  Driver d;
  d.Activated(Hourly(
      "cron",
      {Object("Short", {"type=Schedule", "period=20 minutes", "startDateTime=2014-05-01T00:00:00"}),
       Object("R", {"type=Ec2Resource"}), Shell("A", {"runsOn->R", "schedule->Short"})}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const std::string group = d.effects[0].name;
  EXPECT_EQ(d.WorkAll(group).size(), 1u);
  EXPECT_EQ(d.Status(kR), "RUNNING");
  d.RunTo("2014-05-01T00:20:00");
  EXPECT_EQ(d.WorkAll(group).size(), 1u);
  d.RunTo("2014-05-01T00:40:00");
  EXPECT_EQ(d.WorkAll(group).size(), 1u);
  EXPECT_EQ(d.Status(kR), "SHUTTING_DOWN");
}

TEST(ResourceTest, TerminateAfterTimesItOut) {
  Driver d;
  d.Activated(WithResource({"terminateAfter=30 minutes"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const auto a = d.Poll(d.effects[0].name);
  d.Report(a->key);
  for (int i = 0; i < 3; ++i) {
    d.Run(minutes(10));
    d.Report(a->key);
  }
  EXPECT_EQ(d.Status(kR), "TIMEDOUT");
  EXPECT_EQ(d.Status(kA), "FAILED");
  EXPECT_EQ(d.effects.back().kind, EffectKind::kTerminateResource);
}

TEST(ResourceTest, LaunchIsRetriedUnderANewNameAndThenFails) {
  Driver d;
  d.Activated(WithResource({"maximumRetries=1", "retryDelay=1 minute"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kFailed, "no capacity");
  EXPECT_THAT(d.Waiting(kR), HasSubstr("no capacity"));
  d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
  d.Run(minutes(1));
  EXPECT_EQ(d.Status(kR), "CREATING");
  EXPECT_EQ(d.effects.back().name, d.effects[0].name + "_2");
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kFailed, "no capacity");
  EXPECT_EQ(d.Status(kR), "FAILED");
  EXPECT_EQ(d.Status(kA), "WAITING_ON_DEPENDENCIES");
  EXPECT_THAT(d.Waiting(kA), HasSubstr("rerun it"));
  d.Restart();
  d.Command(kA, "try_cancel");
  d.Command(kA, "RERUN");
  EXPECT_EQ(d.Status(kR), "CREATING");
}

TEST(ResourceTest, ReplacedWorkerAndRetryallSpendNoRetry) {
  Driver d;
  d.Activated(WithResource({"actionOnResourceFailure=retryall"}, {"maximumRetries=0"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const std::string group = d.effects[0].name;
  auto a = d.Poll(group);
  d.Report(a->key);
  d.Ok(WorkerReplaced{d.pipeline, kR, 1});
  a = d.Poll(group);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->key.attempt, 1);
  EXPECT_EQ(a->key.lease, 2u);
  d.Ok(ResourceGone{d.pipeline, kR, 1, "Gone", "power cut"});
  EXPECT_EQ(d.Status(kR), "CREATING");
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  a = d.Poll(group + "_2");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->key.attempt, 1);
  d.Ok(ResourceGone{d.pipeline, kR, 1, "Gone", "stale news"});
  EXPECT_EQ(d.Status(kR), "RUNNING");
}

TEST(ResourceTest, AnotherWorkerOfAResourceInheritsWhatTheDeadOneHeld) {
  Driver d;
  d.Activated(WithResource({}, {"maximumRetries=0"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const std::string group = d.effects[0].name;
  std::vector<Task> held;
  while (auto task = d.Poll(group, "one")) {
    d.Report(task->key);
    held.push_back(*task);
  }
  ASSERT_FALSE(held.empty());
  d.Ok(Heartbeat{"one", group, "host"});
  EXPECT_FALSE(d.Poll(group, "one"));
  d.Ok(Heartbeat{"two", group, "host"});
  for (const Task& before : held) {
    auto again = d.Poll(group, "two");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->key.attempt, before.key.attempt);
    EXPECT_EQ(again->key.lease, before.key.lease + 1);
  }
}

TEST(WorkerTest, WhatALostWorkerHeldIsOfferedAgain) {
  Driver d;
  d.Activated(OnDemand({Shell("A", {"maximumRetries=0"}), Shell("B")}));
  auto a = d.Poll("g", "one");
  auto b = d.Poll("g", "two");
  d.Report(a->key);
  d.Report(b->key);
  d.Ok(WorkerLost{"one"});
  auto again = d.Poll("g", "one");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key.instance, a->key.instance);
  EXPECT_EQ(again->key.attempt, 1);
  EXPECT_FALSE(d.Poll("g", "one"));
}

// ---- preconditions

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

// ---- cascade and commands

TEST(CascadeTest, WithoutItDependantsWaitAndWithItTheyFail) {
  for (const bool cascade : {false, true}) {
    Driver d;
    const std::string mode = cascade ? "failureAndRerunMode=CASCADE" : "failureAndRerunMode=none";
    d.Activated(Hourly("cron", {Shell("A", {"output->X", "maximumRetries=0", mode}),
                                Shell("B", {"input->X", mode}),
                                Object("X", {"type=S3DataNode", "filePath=s3://b/k", mode})}));
    d.Fail(d.Take().key);
    EXPECT_EQ(d.Status(kA), "FAILED");
    EXPECT_EQ(d.Status("@X_2014-05-01T00:00:00"),
              cascade ? "CASCADE_FAILED" : "WAITING_ON_DEPENDENCIES");
    EXPECT_EQ(d.Status(kB), cascade ? "CASCADE_FAILED" : "WAITING_ON_DEPENDENCIES");
    if (cascade) {
      EXPECT_THAT(d.Instance(kB)->cascade_failed_on, ElementsAre("@X_2014-05-01T00:00:00", kA));
    }
    d.Command(kA, "RERUN");
    EXPECT_EQ(d.WorkAll().size(), 2u);
    EXPECT_EQ(d.Status(kB), "FINISHED");
  }
}

TEST(CascadeTest, ARerunBehindAFailureFallsBack) {
  Driver d;
  d.Activated(
      {Object("Default", {"scheduleType=ondemand", "workerGroup=g", "failureAndRerunMode=cascade",
                          "maximumRetries=0"}),
       Shell("A"), Shell("B", {"dependsOn->A", "onFail->Alarm"}),
       Object("Alarm", {"type=SnsAlarm", "topicArn=arn:t", "role=r", "subject=s", "message=m"})});
  d.Fail(d.Take().key);
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  EXPECT_EQ(d.effects.size(), 1u);
  d.Run(seconds(1));
  d.Command(kB, "RERUN");
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  EXPECT_EQ(d.effects.size(), 1u) << "nothing ran: no alarm again";
}

TEST(CommandTest, MarkFinishedLetsDependantsProceed) {
  Driver d;
  d.Activated(OnDemand({Shell("A", {"maximumRetries=0"}), Shell("B", {"dependsOn->A"})}));
  d.Fail(d.Take().key);
  EXPECT_FALSE(d.Poll());
  d.Command(kA, "MARK_FINISHED");
  EXPECT_EQ(d.Status(kA), "FINISHED");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@B_2014-05-01T00:00:00_Attempt=1"));
}

TEST(CommandTest, CancelTellsTheWorkerOnItsNextReport) {
  Driver d;
  d.Activated(OnDemand({Shell("A")}));
  const auto a = d.Poll();
  EXPECT_EQ(d.Report(a->key), Reply(ProgressNoted{false}));
  d.Command(kA, "TRY_CANCEL");
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_EQ(d.Report(a->key), Reply(ProgressNoted{true}));
  d.Ok(SetTaskStatus{a->key, TaskOutcome::kFailed, "", "", ""});
  EXPECT_EQ(d.Status(kA), "CANCELED");
}

TEST(CommandTest, RerunGoesOnCountingWithAFreshBudget) {
  Driver d;
  d.Activated(OnDemand({Shell("A", {"maximumRetries=0"})}));
  d.Finish(d.Take().key);
  d.Command(kA, "RERUN");
  const auto task = d.Poll();
  EXPECT_EQ(task->key.attempt, 2);
  EXPECT_EQ(d.Instance(kA)->tries_left, 0);
}

TEST(CommandTest, RerunOfAFinishedDependencyHoldsThoseThatHaveNotBegun) {
  Driver d;
  d.Activated(OnDemand({Shell("A"), Shell("C", {"workerGroup=other"}),
                        Shell("B", {"dependsOn->A", "dependsOn->C"})}));
  d.WorkAll("g");
  d.Command(kA, "RERUN");
  d.WorkAll("other");
  EXPECT_EQ(d.Waiting(kB), std::string("waits for ") + kA + " to finish");
  EXPECT_EQ(d.WorkAll("g").size(), 2u);
}

TEST(CommandTest, PauseHoldsAndResumeReleases) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  d.Command("A", "pause");
  EXPECT_FALSE(d.Poll());
  EXPECT_THAT(d.Waiting(kA), HasSubstr("paused"));
  d.RunTo("2014-05-01T03:30:00");
  EXPECT_FALSE(d.Poll());
  d.Restart();
  d.Command("A", "RESUME");
  d.Send(Wake{});
  EXPECT_EQ(d.WorkAll().size(), 4u);
}

TEST(CommandTest, RefusalsNameTheReason) {
  Driver d;
  d.Activated(OnDemand({Shell("A")}));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {"@Z_2014-05-01T00:00:00"}, "RERUN"}),
              HasSubstr("no instance"));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "RERUN"}), HasSubstr("has not ended"));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "PAUSE"}), HasSubstr("PAUSE"));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "FINISHED"}), HasSubstr("cannot be set"));
  EXPECT_THAT(d.Refused(SetStatus{"df-NONE", {kA}, "RERUN"}), HasSubstr("does not exist"));
  d.WorkAll();
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "TRY_CANCEL"}), HasSubstr("FINISHED"));
}

// ---- actions

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

// ---- lifecycle

TEST(LifecycleTest, CreateIsIdempotentByUniqueId) {
  Driver d;
  const Reply first = d.Send(CreatePipeline{"p", "token", "", "me", {}});
  EXPECT_EQ(first, d.Send(CreatePipeline{"p", "token", "", "me", {}}));
  EXPECT_NE(first, d.Send(CreatePipeline{"p", "other", "", "me", {}}));
  EXPECT_EQ(std::get<Created>(first).pipeline.size(), 23u);
}

TEST(LifecycleTest, DeactivateStopsAndActivateResumesAfterTheLastCompletedRun) {
  Driver d;
  d.Activated(Hourly(
      "cron", {Shell("A", {"output->X"}), Object("X", {"type=S3DataNode", "filePath=s3://b/k"})}));
  d.WorkAll();
  d.RunTo("2014-05-01T01:00:00");
  const auto running = d.Poll();
  d.Report(running->key);
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_EQ(d.PipelineStatus(), "INACTIVE");
  EXPECT_EQ(d.Status("@A_2014-05-01T01:00:00"), "CANCELED");
  EXPECT_EQ(d.Report(running->key), Reply(ProgressNoted{true}));
  d.RunTo("2014-05-01T03:10:00");
  EXPECT_FALSE(d.Poll());
  d.Restart();
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Send(Wake{});
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T01:00:00_Attempt=2", "@A_2014-05-01T02:00:00_Attempt=1",
                          "@A_2014-05-01T03:00:00_Attempt=1"));
  EXPECT_EQ(d.Status("@X_2014-05-01T03:00:00"), "FINISHED");
}

// Found by the simulator, seed 18: what waited for it was never told.
TEST(LifecycleTest, CancelingWhatADeactivationStoppedBlocksItsDependants) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A"), Shell("B", {"dependsOn->A"})}));
  d.Ok(Deactivate{d.pipeline, true});
  d.Command(kA, "TRY_CANCEL");
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Run(seconds(1));
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_THAT(d.Waiting(kB), HasSubstr("rerun it or mark it finished"));
  d.Command(kA, "RERUN");
  EXPECT_EQ(d.WorkAll().size(), 2u);
}

TEST(LifecycleTest, AStartTimestampSkips) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  d.Ok(Deactivate{d.pipeline, true});
  d.RunTo("2014-05-01T03:10:00");
  d.Ok(Activate{d.pipeline, {}, At("2014-05-01T03:00:00")});
  d.Send(Wake{});
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T03:00:00_Attempt=1"));
  EXPECT_EQ(d.Status(kA), "SKIPPED");
  EXPECT_EQ(d.Status("@A_2014-05-01T01:00:00"), "SKIPPED");
}

TEST(LifecycleTest, DeactivateWithoutCancelLetsRunningWorkFinish) {
  Driver d;
  d.Activated(WithResource());
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const auto a = d.Poll(d.effects[0].name);
  d.Report(a->key);
  d.Ok(Deactivate{d.pipeline, false});
  EXPECT_EQ(d.PipelineStatus(), "DEACTIVATING");
  EXPECT_FALSE(d.Poll(d.effects[0].name));
  d.Finish(a->key);
  EXPECT_EQ(d.Status(kR), "SHUTTING_DOWN");
  d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
  EXPECT_EQ(d.PipelineStatus(), "INACTIVE");
}

// Found by the simulator, seed 1041: the pipeline stayed DEACTIVATING for ever.
TEST(LifecycleTest, AMachineKeptForLaterWorkEndsWithTheDeactivation) {
  Driver d;
  d.Activated(Hourly(
      "cron",
      {Object("Short", {"type=Schedule", "period=20 minutes", "startDateTime=2014-05-01T00:00:00"}),
       Object("R", {"type=Ec2Resource"}), Shell("A", {"runsOn->R", "schedule->Short"})}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  d.WorkAll(d.effects[0].name);
  EXPECT_EQ(d.Status(kR), "RUNNING");
  d.Ok(Deactivate{d.pipeline, false});
  EXPECT_EQ(d.Status(kR), "SHUTTING_DOWN");
}

TEST(LifecycleTest, DeleteEndsMachinesAndLeavesATombstone) {
  Driver d;
  d.Activated(WithResource());
  d.Ok(DeletePipeline{d.pipeline});
  EXPECT_EQ(d.effects.back().kind, EffectKind::kTerminateResource);
  const Reply again = d.Send(Deactivate{d.pipeline, true});
  EXPECT_EQ(std::get<Refusal>(again).kind, RefusalKind::kPipelineDeleted);
  d.Restart();
  EXPECT_EQ(d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded), 1);
  EXPECT_EQ(d.rows.size(), 1u);
}

TEST(LifecycleTest, AnotherAccountSeesNothing) {
  Driver d;
  d.Create(OnDemand({Shell("A")}));
  const Event foreign{d.now(), {1, 2}, {"000000000002", "us-east-1"}, DeletePipeline{d.pipeline}};
  EXPECT_EQ(std::get<Refusal>(Decide(d.state, foreign).reply).kind, RefusalKind::kPipelineNotFound);
}

TEST(LifecycleTest, ADefinitionOfDefaultOnlyCanBeActivated) {
  Driver d;
  d.Activated({Object("Default", {"workerGroup=g", "role=r", "resourceRole=rr"})});
  EXPECT_EQ(d.PipelineStatus(), "SCHEDULED");
}

// ---- state

TEST(UndoTest, RevertTakesAnApplyBackExactly) {
  Driver d;
  d.Activated(WithResource());
  const auto snapshot = [&] {
    std::string text;
    for (const Timer& timer : d.state.timers)
      text += FormatIsoMillis(timer.at) + timer.pipeline + timer.subject + "\n";
    for (const auto& [id, work] : d.state.pipelines) {
      text += EncodeRecord(work.record);
      for (const auto& [name, run] : work.runs)
        text += EncodeRecord(run.instance) + (run.attempt ? EncodeRecord(*run.attempt) : "");
      for (const auto& [key, effect] : work.effects) text += EncodeRecord(effect);
      for (const auto& [a, b] : work.dependents) text += a + ">" + b;
      for (const auto& [a, b] : work.users) text += a + "<" + b;
    }
    return text;
  };
  const std::string before = snapshot();
  const std::vector<EventBody> bodies = {
      EffectDone{d.pipeline, d.effects[0].key, EffectOutcome::kSucceeded, "", "", {}},
      DeletePipeline{d.pipeline}, Deactivate{d.pipeline, true},
      CreatePipeline{"q", "q", "", "", {}}, SetStatus{d.pipeline, {kA}, "TRY_CANCEL"}};
  for (const EventBody& body : bodies) {
    const Decision decision = Decide(d.state, {d.now(), {5, 6}, d.Key().scope, body});
    EXPECT_FALSE(decision.writes.empty());
    Undo undo = ApplyWithUndo(d.state, decision.writes);
    EXPECT_NE(snapshot(), before);
    Revert(d.state, std::move(undo));
    EXPECT_EQ(snapshot(), before);
  }
}

TEST(CodecTest, RecordsReadBackAndForeignBytesAreRefused) {
  InstanceRecord instance;
  instance.id = "@A_2014-05-01T00:00:00";
  instance.waiting_on = {"x", "y"};
  instance.retry_at = At("2014-05-01T00:00:00");
  instance.fields = {{"k", "v", true}};
  const Write write{{{"1", "r"}, "df-1"}, instance};
  const std::string key = RecordKey(write), value = EncodeRecord(write.change);
  EXPECT_EQ(*DecodeRecord(key, value), write);
  EXPECT_FALSE(DecodeRecord(key, value + "x"));
  EXPECT_FALSE(DecodeRecord(key + "x", value));
  EXPECT_FALSE(DecodeRecord("nonsense", value));
  for (size_t size = 1; size < 40; ++size) (void)DecodeRecord(key, value.substr(0, size));
}

TEST(ScaleTest, OtherPipelinesDoNotMatter) {
  Driver d;
  for (int i = 0; i < 50; ++i) d.Activated(Hourly("cron", {Shell("A")}));
  EXPECT_EQ(d.WorkAll().size(), 50u);
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_EQ(d.WorkAll().size(), 50u);
}

}  // namespace
}  // namespace penstock::engine
