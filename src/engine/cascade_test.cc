#include "engine/cascade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

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
  d.Activated({Object("Default", {"scheduleType=ondemand", "workerGroup=g",
                                  "failureAndRerunMode=cascade", "maximumRetries=0"}),
               Shell("A"), Shell("B", {"dependsOn->A", "onFail->Alarm"}), Alarm()});
  d.Fail(d.Take().key);
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  EXPECT_EQ(d.effects.size(), 1u);
  d.Run(seconds(1));
  d.Command(kB, "RERUN");
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  EXPECT_EQ(d.effects.size(), 1u) << "nothing ran: no alarm again";
}

constexpr char kC[] = "@C_2014-05-01T00:00:00";

/// With every object's failureAndRerunMode at cascade and no retries.
Objects Cascading(Objects more) {
  Objects objects = Hourly("cron", std::move(more));
  objects.front().fields.push_back({"failureAndRerunMode", "cascade", false});
  objects.front().fields.push_back({"maximumRetries", "0", false});
  return objects;
}

TEST(CascadeTest, AFailedResourceCancelsItsUsersAndTheirConsumersFail) {
  Driver d;
  d.Activated(Cascading({Object("R", {"type=Ec2Resource"}), Shell("A", {"runsOn->R"}),
                         Shell("C", {"dependsOn->A"})}));
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kFailed, "no capacity");
  EXPECT_EQ(d.Status(kR), "FAILED");
  EXPECT_EQ(d.Status(kA), "CANCELED");
  EXPECT_EQ(d.Instance(kA)->cancellation_reason, std::string("its resource ") + kR + " failed");
  EXPECT_EQ(d.Status(kC), "CASCADE_FAILED");
  d.Command(kR, "RERUN");  // attempts to rerun what runs on it
  d.Answer(EffectKind::kLaunchResource, EffectOutcome::kSucceeded);
  EXPECT_THAT(d.WorkAll(d.Instance(kR)->worker_group),
              ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
  EXPECT_THAT(d.WorkAll(), ElementsAre("@C_2014-05-01T00:00:00_Attempt=1"));
}

TEST(CascadeTest, PreconditionsOfTheOriginalAndOfItsConsumersAreCanceled) {
  Driver d;
  d.Activated(Cascading({Object("First", {"type=S3KeyExists", "s3Key=s3://b/1"}),
                         Object("Second", {"type=S3KeyExists", "s3Key=s3://b/2"}),
                         Object("Third", {"type=S3KeyExists", "s3Key=s3://b/3"}),
                         Shell("A", {"precondition->First", "precondition->Second"}),
                         Shell("B", {"dependsOn->A", "precondition->Third"})}));
  ASSERT_EQ(d.effects.size(), 2u);  // B's is checked once A is there
  const auto& check = d.effects[0].object == "First" ? d.effects[0] : d.effects[1];
  d.Ok(EffectDone{d.pipeline, check.key, EffectOutcome::kFailed, "E", "no permission", {}});
  EXPECT_EQ(d.Status("@First_2014-05-01T00:00:00"), "FAILED");
  EXPECT_EQ(d.Status("@Second_2014-05-01T00:00:00"), "CANCELED");
  EXPECT_EQ(d.Status(kA), "FAILED");
  EXPECT_EQ(d.Status("@Third_2014-05-01T00:00:00"), "CANCELED");
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  d.Command(kA, "RERUN");
  EXPECT_EQ(d.Answer(EffectKind::kCheckPrecondition, EffectOutcome::kSucceeded), 2);
  EXPECT_EQ(d.WorkAll().size(), 1u);
  EXPECT_EQ(d.Answer(EffectKind::kCheckPrecondition, EffectOutcome::kSucceeded), 1);
  EXPECT_EQ(d.WorkAll().size(), 1u);
}

TEST(CascadeTest, WhatEndedBeforeIsLeftAlone) {
  Driver d;
  d.Activated(Cascading({Shell("A"), Shell("B", {"dependsOn->A"})}));
  d.WorkAll();
  d.Command(kA, "RERUN");
  d.Fail(d.Take().key);
  EXPECT_EQ(d.Status(kA), "FAILED");
  EXPECT_EQ(d.Status(kB), "FINISHED");
}

TEST(CascadeTest, AResourceWhoseUsersAllFailedIsNeverLaunched) {
  Driver d;
  d.Activated(Cascading({Object("R", {"type=Ec2Resource"}), Shell("First"),
                         Shell("A", {"runsOn->R", "dependsOn->First"})}));
  EXPECT_EQ(d.Status(kR), "WAITING_ON_DEPENDENCIES");
  d.Fail(d.Take().key);
  EXPECT_EQ(d.Status(kA), "CASCADE_FAILED");
  EXPECT_EQ(d.Status(kR), "FINISHED");
  EXPECT_TRUE(d.effects.empty());
}

TEST(CascadeTest, ARerunOfWhatDoesNotCascadeIsItsOwn) {
  Driver d;
  d.Activated(Cascading({Shell("A", {"failureAndRerunMode=none"}), Shell("B", {"dependsOn->A"})}));
  d.Fail(d.Take().key);
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  d.Command(kA, "RERUN");
  EXPECT_EQ(d.WorkAll().size(), 1u);
  EXPECT_EQ(d.Status(kB), "CASCADE_FAILED");
  d.Command(kB, "RERUN");
  EXPECT_EQ(d.WorkAll().size(), 1u);
}

}  // namespace
}  // namespace penstock::engine
