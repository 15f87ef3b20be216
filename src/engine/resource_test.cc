#include "engine/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

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

// Found by the simulator, seed 1914: what ran on it waited for a worker that was gone.
TEST(ResourceTest, CannotBeMarkedFinishedWhileWorkNeedsIt) {
  Driver d;
  d.Activated(WithResource());
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kR}, "MARK_FINISHED"}), HasSubstr(kA));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kR, kA}, "MARK_FINISHED"}), HasSubstr(kB));
  d.Ok(SetStatus{d.pipeline, {kR, kA, kB}, "MARK_FINISHED"});
  EXPECT_EQ(d.Status(kR), "FINISHED");
  EXPECT_EQ(d.effects.back().kind, EffectKind::kTerminateResource);
}

TEST(ResourceTest, ThatEndedInPeaceServesWhatADeactivationStopped) {
  Driver d;
  d.Activated(WithResource({}, {"maxActiveInstances=1"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const auto a = d.Poll(d.effects[0].name);
  d.Report(a->key);
  d.Ok(Deactivate{d.pipeline, false});
  d.Finish(a->key);
  d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
  EXPECT_EQ(d.Status(kR), "FINISHED");
  d.Restart();
  d.Ok(Activate{d.pipeline, {}, {}});
  EXPECT_EQ(d.Status(kR), "CREATING");
  EXPECT_EQ(d.Waiting(kB), "waits for its resource @R_2014-05-01T00:00:00 to start");
}

TEST(ResourceTest, OfAPreconditionIsKnownWhenItsOwnerRunsAgain) {
  Driver d;
  d.Activated(
      Hourly("cron", {Object("R", {"type=Ec2Resource", "maximumRetries=0"}),
                      Object("P", {"type=ShellCommandPrecondition", "command=true", "runsOn->R",
                                   "maximumRetries=0"}),
                      Object("D", {"type=S3DataNode", "filePath=s3://b/x", "precondition->P"}),
                      Shell("A", {"input->D"})}));
  const std::string node = "@D_2014-05-01T00:00:00", check = "@P_2014-05-01T00:00:00";
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const std::string group = d.effects[0].name;
  const auto task = d.Poll(group);
  ASSERT_TRUE(task);
  d.Report(task->key);
  d.Ok(ResourceGone{d.pipeline, kR, 1, "Gone", "power cut"});
  EXPECT_EQ(d.Status(kR), "FAILED");
  d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
  EXPECT_EQ(d.Status(check), "FAILED");
  EXPECT_EQ(d.Status(node), "FAILED");
  d.Restart();  // what ended is on disk only
  d.Command(node, "RERUN");
  EXPECT_EQ(d.Instance(kR)->attempts, 2);
  EXPECT_EQ(d.effects.back().name, group + "_2");
}

TEST(ResourceTest, InitTimeoutEndsALaunch) {
  Driver d;
  d.Activated(WithResource({"initTimeout=10 minutes", "maximumRetries=0"}));
  d.Run(minutes(9));
  EXPECT_EQ(d.Status(kR), "CREATING");
  d.Run(minutes(1));
  EXPECT_EQ(d.Status(kR), "FAILED");
  EXPECT_EQ(d.Instance(kR)->error_id, "ResourceInitTimeout");
  EXPECT_EQ(d.effects.back().kind, EffectKind::kTerminateResource);
}

TEST(ResourceTest, ActionOnTaskFailureKeepsOrReplacesTheMachine) {
  for (const bool terminate : {false, true}) {
    Driver d;
    d.Activated(
        WithResource({terminate ? "actionOnTaskFailure=terminate" : "actionOnTaskFailure=continue"},
                     {"maximumRetries=0"}));
    d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
    const std::string group = d.Instance(kR)->worker_group;
    const Task a = d.Take(group), b = d.Take(group);
    d.Report(b.key);
    d.Fail(a.key);
    EXPECT_EQ(d.Status(kA), "FAILED");
    EXPECT_EQ(d.Status(kR), terminate ? "SHUTTING_DOWN" : "RUNNING");
    if (!terminate) continue;
    EXPECT_EQ(d.Status(kB), "WAITING_ON_DEPENDENCIES");
    d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
    d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
    EXPECT_EQ(d.Take(group + "_2").key.attempt, 1);  // no retry spent
  }
}

TEST(ResourceTest, RetryNoneFailsWhatRunsOnALostMachine) {
  Driver d;
  d.Activated(WithResource({"actionOnResourceFailure=retrynone"}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const Task a = d.Take(d.Instance(kR)->worker_group);
  d.Report(a.key);
  d.Ok(ResourceGone{d.pipeline, kR, 1, "Gone", "power cut"});
  EXPECT_EQ(d.Status(kR), "FAILED");
  EXPECT_EQ(d.Instance(kR)->error_message, "power cut");
  EXPECT_EQ(d.Status(a.key.instance), "FAILED");
  EXPECT_EQ(d.Instance(a.key.instance)->error_id, "ResourceFailed");
}

TEST(ResourceTest, ARetryRunsOnTheSameMachine) {
  Driver d;
  d.Activated(Hourly("cron", {Object("R", {"type=Ec2Resource"}),
                              Shell("A", {"runsOn->R", "retryDelay=5 minutes"})}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const std::string group = d.Instance(kR)->worker_group;
  d.Fail(d.Take(group).key);
  d.Run(minutes(5));
  EXPECT_EQ(d.Take(group).key.attempt, 2);
  EXPECT_EQ(d.Instance(kR)->attempts, 1);
}

TEST(ResourceTest, CancelingItCancelsWhatRunsOnIt) {
  Driver d;
  d.Activated(WithResource());
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  const Task task = d.Take(d.Instance(kR)->worker_group);
  d.Report(task.key);
  d.Command(kR, "TRY_CANCEL");
  EXPECT_EQ(d.Status(task.key.instance), "CANCELED");
  EXPECT_EQ(d.Report(task.key), Reply(ProgressNoted{true}));
  EXPECT_EQ(d.effects.back().kind, EffectKind::kTerminateResource);
}

// A43: it takes the schedule of whoever uses it.
TEST(ResourceTest, AndADataNodeMayHaveNoScheduleOfTheirOwn) {
  Driver d;
  d.Activated({Object("Default", {"scheduleType=cron", "role=r", "resourceRole=rr"}),
               Object("S", {"type=Schedule", "period=1 hour", "startDateTime=2014-05-01T00:00:00"}),
               Object("R", {"type=Ec2Resource"}),
               Object("X", {"type=S3DataNode", "filePath=s3://b/k"}),
               Shell("A", {"schedule->S", "runsOn->R", "input->X"})});
  EXPECT_EQ(d.Status("@X_2014-05-01T00:00:00"), "FINISHED");
  EXPECT_EQ(d.Status(kR), "CREATING");
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_EQ(d.Status("@X_2014-05-01T01:00:00"), "FINISHED");
  EXPECT_EQ(d.Status("@R_2014-05-01T01:00:00"), "CREATING");
}

}  // namespace
}  // namespace penstock::engine
