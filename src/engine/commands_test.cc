#include "engine/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

// Found by the simulator, seed 3088: it waited for a precondition that was never made.
TEST(CommandTest, RerunOfWhatWasSkippedMakesItsPreconditions) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"precondition->P"}),
                              Object("P", {"type=ShellCommandPrecondition", "command=true"})}));
  d.Ok(Deactivate{d.pipeline, true});
  d.RunTo("2014-05-01T02:10:00");
  d.Ok(Activate{d.pipeline, {}, At("2014-05-01T02:00:00")});
  d.Send(Wake{});
  const std::string skipped = "@A_2014-05-01T01:00:00";
  EXPECT_EQ(d.Status(skipped), "SKIPPED");
  d.Command(skipped, "MARK_FINISHED");
  d.Command(skipped, "RERUN");
  d.WorkAll();
  EXPECT_EQ(d.Status("@P_2014-05-01T01:00:00"), "FINISHED");
  EXPECT_EQ(d.Status(skipped), "FINISHED");
}

TEST(CommandTest, AMixOfSpheresChangesNothing) {
  Driver d;
  d.Activated(OnDemand({Shell("A")}));
  const auto rows = d.rows;
  for (const char* command : {"PAUSE", "RESUME", "TRY_CANCEL", "RERUN", "MARK_FINISHED"}) {
    d.Refused(SetStatus{d.pipeline, {"A", kA}, command});
    EXPECT_EQ(d.rows, rows) << command;
  }
}

TEST(CommandTest, WhatWasSkippedIsNotRerun) {
  Driver d("2014-05-01T01:30:00");
  d.Create(Hourly("cron", {Shell("A")}));
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "RERUN"}), HasSubstr("never activated"));
  d.Ok(Activate{d.pipeline, {}, At("2014-05-01T01:00:00")});
  d.Send(Wake{});
  EXPECT_THAT(d.Refused(SetStatus{d.pipeline, {kA}, "RERUN"}), HasSubstr("SKIPPED"));
}

// A25
TEST(CommandTest, PauseLetsFinishWhatRunsAndHoldsItsRetry) {
  Driver d;
  d.Activated(OnDemand({Shell("A", {"retryDelay=1 minute"}), Shell("B")}));
  const Task a = d.Take(), b = d.Take();
  d.Report(a.key);
  d.Report(b.key);
  d.Command("A", "PAUSE");
  d.Command("B", "PAUSE");
  EXPECT_EQ(d.Status(kA), "RUNNING");
  d.Finish(b.key);
  EXPECT_EQ(d.Status(kB), "FINISHED");
  d.Fail(a.key);
  d.Run(std::chrono::minutes(5));
  EXPECT_FALSE(d.Poll());
  d.Command("A", "RESUME");
  EXPECT_EQ(d.Take().key.attempt, 2);
}

}  // namespace
}  // namespace penstock::engine
