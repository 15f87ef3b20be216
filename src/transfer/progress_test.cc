#include "transfer/progress.h"

#include <gtest/gtest.h>

#include "transfer/time_for_test.h"

namespace penstock {
namespace {

using testing::FakeClock;

TEST(ProgressMeter, TimeThatIsStillRunningCounts) {
  FakeClock clock;
  std::vector<std::string> limiters;
  ProgressCallback callback = [&](const Progress& now) { limiters.push_back(now.limited_by); };
  {
    ProgressMeter meter("exporting", callback, &clock, nullptr);
    {
      TimedSpan waits(&meter, TimeSpent::kThrottle);
      clock.Sleep(Duration(1500));
      meter.Tick();
      clock.Sleep(Duration(1500));
      meter.Tick();
    }
    meter.Spent(TimeSpent::kProcessor, std::chrono::seconds(1));
    meter.Finish();
    meter.Finish();
  }
  EXPECT_EQ(limiters, (std::vector<std::string>{"throttling by DynamoDB", "throttling by DynamoDB",
                                                "processor", ""}));
}

TEST(ProgressMeter, WhatMostWorkersWaitForIsTheLimit) {
  FakeClock clock;
  std::string limiter;
  ProgressCallback callback = [&](const Progress& now) { limiter = now.limited_by; };
  {
    ProgressMeter meter("exporting", callback, &clock, nullptr);
    TimedSpan first(&meter, TimeSpent::kStorage), second(&meter, TimeSpent::kStorage);
    TimedSpan third(&meter, TimeSpent::kDynamoDb);
    clock.Sleep(Duration(1000));
    meter.Finish();
  }
  EXPECT_EQ(limiter, "storage");
}

TEST(ProgressMeter, WhatAnEarlierAttemptDidTookNoTime) {
  FakeClock clock;
  std::vector<Progress> seen;
  ProgressCallback callback = [&](const Progress& now) { seen.push_back(now); };
  {
    ProgressMeter meter("exporting", callback, &clock, nullptr);
    meter.ExpectItems(1000);
    meter.Found(900, 9000);
    clock.Sleep(Duration(1000));
    meter.Tick();
    meter.Add(10, 100);
    clock.Sleep(Duration(1000));
    meter.Finish();
  }
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_DOUBLE_EQ(*seen[0].fraction, 0.9);
  EXPECT_FALSE(seen[0].eta_seconds);  // nobody knows yet
  EXPECT_EQ(seen[1].items, 910u);
  EXPECT_DOUBLE_EQ(*seen[1].eta_seconds, 18);  // 90 items at 5 a second
}

TEST(ProgressMeter, SaysSomethingThoughAllWait) {
  FakeClock clock;
  std::atomic<int> reports = 0;
  ProgressCallback callback = [&](const Progress&) { ++reports; };
  ProgressMeter meter("exporting", callback, &clock, nullptr);
  TimedSpan waits(&meter, TimeSpent::kDynamoDb);
  clock.Sleep(Duration(1000));
  for (int i = 0; i < 500 && reports == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(reports, 1);  // by the meter's own thread
}

}  // namespace
}  // namespace penstock
