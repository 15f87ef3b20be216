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

}  // namespace
}  // namespace penstock::engine
