#include "engine/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

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

TEST(LeaseTest, ReportedFieldsAreBounded) {
  const auto fields = [](size_t from, size_t until, const std::string& value) {
    std::vector<Field> made;
    for (size_t i = from; i < until; ++i) made.push_back({"field" + std::to_string(i), value});
    return made;
  };
  for (const auto& [limits, count, bytes] :
       {std::tuple(OpenLimits(), 1'000, 1'048'576), std::tuple(AwsLimits(), 50, 15'360)}) {
    Driver d;
    d.state.options.limits = limits;
    d.Activated(Hourly("cron", {Shell("A", {})}));
    const TaskKey task = d.Poll()->key;
    const auto max = static_cast<size_t>(count);
    d.Ok(ReportProgress{task, fields(0, max, "first")});
    d.Ok(ReportProgress{task, fields(0, max, "second")});  // the same keys: no more of them
    EXPECT_THAT(Driver::RefusalText(d.Send(ReportProgress{task, fields(max, max + 1, "")})),
                HasSubstr("Web service limit exceeded"));
    EXPECT_THAT(Driver::RefusalText(d.Send(ReportProgress{task, fields(0, 300'000, "")})),
                HasSubstr("Web service limit exceeded"));
    const std::string half(static_cast<size_t>(bytes) / 2, 'x');
    EXPECT_THAT(Driver::RefusalText(d.Send(ReportProgress{task, fields(0, 2, half)})),
                HasSubstr("Web service limit exceeded"));
    const std::string key = RecordKey(d.Key(), RecordKind::kAttempt, AttemptId(task.instance, 1));
    const Write write = *DecodeRecord(key, d.rows.at(key));
    EXPECT_THAT(std::get<AttemptRecord>(write.change).fields,
                ElementsAreArray(fields(0, max, "second")));
  }
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
  d.Activated(Hourly("cron", {Object("A", {"type=ShellCommandActivity",
                                           "command=#{makeDate(year(@scheduledStartTime),2,29)}"}),
                              Shell("B")}));
  EXPECT_THAT(d.PollAll(), ElementsAre("@B_2014-05-01T00:00:00_Attempt=1"));
  EXPECT_EQ(d.Status("@A_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Instance("@A_2014-05-01T00:00:00")->error_id, "ExpressionError");
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

}  // namespace
}  // namespace penstock::engine
