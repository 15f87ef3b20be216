#include "engine/forecast.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Forecast> Foresee(Objects objects, std::string_view from, std::string_view until,
                         ForecastOptions options = {}) {
  options.from = At(from);
  options.until = At(until);
  Definition definition;
  definition.objects = std::move(objects);
  return ForecastRuns(definition, options);
}

/// "COMPONENT hh:mm of hh:mm": when it starts, and the start of its interval.
std::vector<std::string> Lines(const Result<Forecast>& forecast) {
  std::vector<std::string> lines;
  EXPECT_TRUE(forecast) << forecast.error().message;
  if (!forecast) return lines;
  for (const ForecastRun& run : forecast->runs) {
    lines.push_back(fmt::format("{} {} of {}", run.component,
                                FormatDateTime(run.starts_at).substr(11, 5),
                                FormatDateTime(run.scheduled_start).substr(11, 5)));
  }
  return lines;
}

TEST(ForecastTest, CronStartsWithItsIntervalAndTimeseriesAtItsEnd) {
  EXPECT_THAT(
      Lines(Foresee(Hourly("cron", {Shell("A")}), "2014-05-01T00:00:00", "2014-05-01T02:00:00")),
      ElementsAre("A 00:00 of 00:00", "A 01:00 of 01:00"));
  EXPECT_THAT(Lines(Foresee(Hourly("timeseries", {Shell("A")}), "2014-05-01T00:00:00",
                            "2014-05-01T02:00:01")),
              ElementsAre("A 01:00 of 00:00", "A 02:00 of 01:00"));
}

TEST(ForecastTest, ThePastIsRunFirstAndDependantsWait) {
  ForecastOptions options;
  options.durations = {{"A", {20, PeriodUnit::kMinutes}}};
  EXPECT_THAT(
      Lines(Foresee(
          Hourly("cron", {Shell("B", {"dependsOn->A"}),
                          Shell("A", {"maxActiveInstances=1", "reportProgressTimeout=5 minutes"})}),
          "2014-05-01T01:30:00", "2014-05-01T02:30:00", options)),
      ElementsAre("A 01:30 of 00:00", "A 01:50 of 01:00", "B 01:50 of 00:00", "A 02:10 of 02:00",
                  "B 02:10 of 01:00"));
}

TEST(ForecastTest, AllShowsDataNodesResourcesAndPreconditions) {
  const Objects objects = OnDemand({Shell("A", {"runsOn->R", "output->X", "precondition->P"}),
                                    Object("R", {"type=Ec2Resource"}),
                                    Object("X", {"type=S3DataNode", "filePath=s3://b/k"}),
                                    Object("P", {"type=S3KeyExists", "s3Key=s3://b/k"})});
  EXPECT_THAT(Lines(Foresee(objects, "2014-05-01T00:00:00", "2014-05-02T00:00:00")),
              ElementsAre("A 00:00 of 00:00"));
  ForecastOptions options;
  options.all = true;
  EXPECT_THAT(
      Lines(Foresee(objects, "2014-05-01T00:00:00", "2014-05-02T00:00:00", options)),
      ElementsAre("A 00:00 of 00:00", "P 00:00 of 00:00", "R 00:00 of 00:00", "X 00:00 of 00:00"));
}

TEST(ForecastTest, WorkThatCannotSucceedIsSaidSo) {
  ForecastOptions options;
  options.durations = {{"A", {2, PeriodUnit::kHours}}};
  const auto forecast =
      Foresee(OnDemand({Shell("A", {"attemptTimeout=1 hour", "maximumRetries=0"})}),
              "2014-05-01T00:00:00", "2014-05-02T00:00:00", options);
  EXPECT_THAT(Lines(forecast), ElementsAre("A 00:00 of 00:00"));
  EXPECT_THAT(forecast->warnings, testing::Contains(HasSubstr("longer than its attemptTimeout")));
}

TEST(ForecastTest, ABackfillThatWouldBeRefusedIsShownWithAWarning) {
  const auto forecast =
      Foresee(Hourly("cron", {Shell("A")}), "2014-05-08T00:00:00", "2014-05-08T01:00:00");
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->runs.size(), 7u * 24 + 1);
  EXPECT_THAT(forecast->warnings, testing::Contains(HasSubstr("168 past instances")));
}

TEST(ForecastTest, LongSpansAreCutWithAWarning) {
  ForecastOptions options;
  options.runs_max = 10;
  const auto forecast =
      Foresee(Hourly("cron", {Shell("A")}), "2014-05-01T00:00:00", "2024-05-01T00:00:00", options);
  ASSERT_TRUE(forecast);
  EXPECT_LE(forecast->runs.size(), 11u);
  EXPECT_THAT(forecast->warnings, testing::Contains(HasSubstr("only the first 10 runs")));
}

TEST(ForecastTest, WhatCannotBeActivatedCannotBeForeseen) {
  const auto invalid = Foresee(OnDemand({Object("A", {"type=ShellCommandActivity"})}),
                               "2014-05-01T00:00:00", "2014-05-02T00:00:00");
  ASSERT_FALSE(invalid);
  EXPECT_THAT(invalid.error().message, HasSubstr("A"));
  const auto nothing =
      Foresee(OnDemand({Shell("A")}), "2014-05-01T00:00:00", "2014-05-01T00:00:00");
  ASSERT_FALSE(nothing);
  ForecastOptions options;
  options.durations = {{"Z", {2, PeriodUnit::kHours}}};
  const auto unknown =
      Foresee(OnDemand({Shell("A")}), "2014-05-01T00:00:00", "2014-05-02T00:00:00", options);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("'Z'"));
}

}  // namespace
}  // namespace penstock::engine
