#include "engine/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

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

// Found by the simulator, seed 18: they had as many tries as the text before the edit gave them.
TEST(LifecycleTest, WhatBeginsAgainAfterAnEditFollowsTheNewText) {
  Driver d;
  const auto text = [](std::string retries) {
    return Hourly("cron", {Shell("A", {"maximumRetries=" + retries, "retryDelay=1 minute"}),
                           Shell("B", {"maximumRetries=" + retries})});
  };
  d.Activated(text("0"));
  const auto tasks = std::vector{d.Take(), d.Take()};
  for (const Task& task : tasks) {
    if (task.key.instance == kA) d.Fail(task.key);
  }
  EXPECT_EQ(d.Status(kA), "FAILED");
  d.Put(text("2"));
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_EQ(d.Status(kB), "CANCELED");
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Command(kA, "RERUN");
  EXPECT_EQ(d.Instance(kA)->tries_left + (d.Instance(kA)->attempts - 1), 3);
  d.Send(Wake{});
  EXPECT_EQ(d.Instance(kB)->tries_left + (d.Instance(kB)->attempts - 1), 3);
}

// Found by the simulator, seed 880: it was of a version that is gone.
TEST(LifecycleTest, AMachineThatIsNeededAgainAfterAnEditFollowsTheNewText) {
  Driver d;
  const auto text = [](const std::string& hours) {
    return Hourly("cron",
                  {Object("Days", {"type=Schedule", "period=1 day", "occurrences=1",
                                   "startDateTime=2014-05-01T00:00:00"}),
                   Object("R", {"type=Ec2Resource", "schedule->Days"}), Shell("A", {"runsOn->R"})},
                  {"occurrences=" + hours});
  };
  d.Activated(text("1"));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  d.Finish(d.Take(d.Instance(kR)->worker_group).key);
  d.Answer(EffectKind::kTerminateResource, EffectOutcome::kSucceeded);
  EXPECT_EQ(d.Status(kR), "FINISHED");
  d.RunTo("2014-05-01T01:00:00");
  d.Put(text("2"));
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Send(Wake{});
  EXPECT_EQ(d.Status(kR), "CREATING");
  EXPECT_EQ(d.Instance(kR)->version, d.Instance("@A_2014-05-01T01:00:00")->version);
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

TEST(LifecycleTest, AFinishedPipelineRevivesOnlyWithMoreToDo) {
  const auto text = [](const std::string& hours) {
    return Hourly("cron", {Shell("A")}, {"occurrences=" + hours});
  };
  Driver d;
  d.Activated(text("1"));
  d.WorkAll();
  EXPECT_EQ(d.PipelineStatus(), "FINISHED");
  d.Restart();
  d.RunTo("2014-05-01T05:00:00");
  Definition same;
  same.objects = text("1");
  EXPECT_THAT(d.Refused(PutDefinition{d.pipeline, same}), HasSubstr("is FINISHED"));
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("is FINISHED"));
  EXPECT_THAT(d.Refused(Deactivate{d.pipeline, true}), HasSubstr("is FINISHED"));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "RERUN"}), HasSubstr("is FINISHED"));
  d.Put(text("2"));
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Send(Wake{});
  EXPECT_EQ(d.PipelineStatus(), "SCHEDULED");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T01:00:00_Attempt=1"));
  EXPECT_EQ(d.PipelineStatus(), "FINISHED");
}

TEST(LifecycleTest, WhatAnEditAddsBeginsWithTheNextInterval) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  d.RunTo("2014-05-01T02:10:00");
  d.WorkAll();
  d.Put(Hourly("cron", {Shell("A"), Shell("B")}));
  d.RunTo("2014-05-01T02:20:00");
  EXPECT_EQ(d.WorkAll().size(), 0u);  // until it is activated
  d.Ok(Activate{d.pipeline, {}, {}});
  d.Send(Wake{});
  EXPECT_EQ(d.WorkAll().size(), 0u);
  d.RunTo("2014-05-01T03:00:00");
  EXPECT_THAT(d.WorkAll(),
              ElementsAre("@A_2014-05-01T03:00:00_Attempt=1", "@B_2014-05-01T03:00:00_Attempt=1"));
}

TEST(LifecycleTest, ADeactivationMayBeMadeHarder) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  const Task task = d.Take();
  d.Report(task.key);
  d.Ok(Deactivate{d.pipeline, false});
  EXPECT_EQ(d.PipelineStatus(), "DEACTIVATING");
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("DEACTIVATING"));
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_EQ(d.PipelineStatus(), "INACTIVE");
  EXPECT_EQ(d.Report(task.key), Reply(ProgressNoted{true}));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "RERUN"}), HasSubstr("activate it first"));
}

TEST(LifecycleTest, ADeactivatedRunOnDemandIsOverForGood) {
  Driver d;
  d.Activated(OnDemand({Shell("A")}));
  d.Take();
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_EQ(d.PipelineStatus(), "INACTIVE");
  d.Run(seconds(1));
  d.Ok(Activate{d.pipeline, {}, {}});
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:01_Attempt=1"));
}

TEST(LifecycleTest, RunsOnDemandAreAsManyAsMayBe) {
  Objects objects = OnDemand({Shell("A")});
  objects.front().fields.push_back({"maxActiveInstances", "2", false});
  Driver d;
  d.Activated(objects);
  d.Ok(Activate{d.pipeline, {}, {}});
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("at most 2"));
  // A46: the newer API's way.
  d.state.options.on_demand_cancels_running = true;
  d.Ok(Activate{d.pipeline, {}, {}});
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:02_Attempt=1"));
}

// A26
TEST(LifecycleTest, ASkippedRunServesOnlySkippedOnes) {
  Driver d;
  d.Activated(Hourly("cron", {Object("Days", {"type=Schedule", "period=1 day",
                                              "startDateTime=2014-05-01T00:00:00"}),
                              Shell("A", {"schedule->Days"}), Shell("B", {"dependsOn->A"})}));
  d.Ok(Deactivate{d.pipeline, true});
  d.RunTo("2014-05-01T02:10:00");
  d.Ok(Activate{d.pipeline, {}, At("2014-05-01T02:00:00")});
  d.Send(Wake{});
  EXPECT_EQ(d.Status(kA), "SKIPPED");
  EXPECT_EQ(d.Status("@B_2014-05-01T01:00:00"), "SKIPPED");
  EXPECT_THAT(d.Waiting("@B_2014-05-01T02:00:00"), HasSubstr("mark it finished"));
  d.Command(kA, "MARK_FINISHED");
  EXPECT_THAT(d.WorkAll(), ElementsAre("@B_2014-05-01T02:00:00_Attempt=1"));
}

}  // namespace
}  // namespace penstock::engine
