#include "engine/backfill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kLater[] = "2014-05-11T00:30:00";  // 241 hours after the schedule's start

Objects Choosing(std::string type, std::string choice) {
  Objects objects = Hourly(std::move(type), {Shell("A")});
  if (!choice.empty()) objects.front().fields.push_back({"myBackfill", std::move(choice), false});
  return objects;
}

TEST(BackfillTest, ALongPastIsRefusedWithItsCount) {
  Driver d(kLater);
  d.Create(Choosing("cron", ""));
  const std::string refused = d.Refused(Activate{d.pipeline, {}, {}});
  EXPECT_THAT(refused, HasSubstr("241 past instances"));
  EXPECT_THAT(refused, HasSubstr("myBackfill"));
  EXPECT_THAT(refused, HasSubstr("later start"));
  EXPECT_EQ(d.PipelineStatus(), "PENDING");
  d.Ok(Activate{d.pipeline, {}, At("2014-05-11T00:00:00")});
  d.Run(std::chrono::seconds(1));
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-11T00:00:00_Attempt=1"));
}

TEST(BackfillTest, TheChoiceDecidesWhatRuns) {
  struct Case {
    std::string type, choice, first;
  };
  for (const Case& c : {Case{"cron", "all", "@A_2014-05-01T00:00:00"},
                        Case{"cron", "latest", "@A_2014-05-11T00:00:00"},
                        Case{"cron", "None", "@A_2014-05-11T01:00:00"},
                        Case{"timeseries", "latest", "@A_2014-05-10T23:00:00"},
                        Case{"timeseries", "none", "@A_2014-05-11T00:00:00"}}) {
    for (const bool by_parameter : {false, true}) {
      Driver d(kLater);
      // A parameter value wins over the field.
      d.Create(Choosing(c.type, by_parameter ? "all" : c.choice));
      std::vector<ParameterValue> values;
      if (by_parameter) values.push_back({"myBackfill", c.choice});
      d.Ok(Activate{d.pipeline, values, {}});
      d.RunTo("2014-05-11T02:00:00");
      const auto task = d.Take();
      EXPECT_EQ(task.key.instance, c.first) << c.type << " " << c.choice;
    }
  }
}

TEST(BackfillTest, AnotherWordIsRefused) {
  Driver d(kLater);
  d.Create(Choosing("cron", "some"));
  EXPECT_THAT(d.Refused(Activate{d.pipeline, {}, {}}), HasSubstr("all, latest or none"));
}

TEST(BackfillTest, WhatIsMeantIsNotRefused) {
  Driver few("2014-05-04T00:30:00");  // 73 hours
  few.Activated(Choosing("cron", ""));
  // A schedule that is over was put to be run.
  Driver over(kLater);
  over.Activated(Hourly("cron", {Shell("A")}, {"endDateTime=2014-05-10T00:00:00"}));
  Driver as_aws(kLater);
  as_aws.state.options.limits = AwsLimits();
  as_aws.Activated(Choosing("cron", ""));
  Driver unlimited(kLater);
  unlimited.state.options.backfill_max = 0;
  unlimited.Activated(Choosing("cron", ""));
}

TEST(BackfillTest, WhatADeactivationMissedCountsToo) {
  Driver d;
  d.Activated(Choosing("cron", ""));
  d.Ok(Deactivate{d.pipeline, true});
  d.RunTo(kLater);
  const std::string refused = d.Refused(Activate{d.pipeline, {}, {}});
  EXPECT_THAT(refused, HasSubstr("240 past instances"));
  EXPECT_THAT(refused, Not(HasSubstr("later start")));  // an edit may not change it any more
  d.Ok(Activate{d.pipeline, {{"myBackfill", "none"}}, {}});
  d.Run(std::chrono::seconds(1));
  EXPECT_THAT(d.WorkAll(), ElementsAre("@A_2014-05-01T00:00:00_Attempt=2"));  // it had begun
}

}  // namespace
}  // namespace penstock::engine
