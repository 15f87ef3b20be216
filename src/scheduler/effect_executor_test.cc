#include "scheduler/effect_executor.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "scheduler/manual_clock.h"
#include "system/system_clock.h"

namespace penstock {
namespace {

using namespace engine;

class ScriptedHandler : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob& job, std::stop_token) override {
    std::lock_guard lock(mutex_);
    executed_.push_back(job.effect.key);
    if (script_.empty()) return EffectResult(EffectFinished{});
    EffectResult result = std::move(script_.front());
    script_.pop_front();
    return result;
  }
  Result<ResourceHealth> CheckResource(const EffectJob&, std::stop_token) override {
    return health_;
  }

  std::mutex mutex_;
  std::vector<std::string> executed_;
  std::deque<EffectResult> script_;
  ResourceHealth health_;
};

EffectJob Job(std::string key) {
  EffectJob job;
  job.pipeline.id = "df-1";
  job.effect.key = std::move(key);
  job.effect.instance = "@R";
  return job;
}

class EffectExecutorTest : public ::testing::Test {
 protected:
  ManualClock clock_{Instant(Duration(1'000'000))};
  ScriptedHandler handler_;
  std::vector<EventBody> events_;
  EffectExecutor executor_{handler_, clock_, {.threads = 0}, [this](EventBody event) {
                             events_.push_back(std::move(event));
                           }};
};

TEST_F(EffectExecutorTest, TellsTheOutcomeOnce) {
  handler_.script_.push_back(
      EffectResult(EffectFinished{EffectOutcome::kFailed, "NoSuchBucket", "why", {}}));
  executor_.Add(Job("a"));
  executor_.Add(Job("a"));
  EXPECT_EQ(executor_.size(), 1u);
  EXPECT_EQ(executor_.RunDue(), 1u);
  ASSERT_EQ(events_.size(), 1u);
  const auto& done = std::get<EffectDone>(events_[0]);
  EXPECT_EQ(done.pipeline, "df-1");
  EXPECT_EQ(done.key, "a");
  EXPECT_EQ(done.outcome, EffectOutcome::kFailed);
  EXPECT_EQ(done.error_id, "NoSuchBucket");
  EXPECT_EQ(executor_.size(), 0u);
  EXPECT_EQ(executor_.RunDue(), 0u);
}

TEST_F(EffectExecutorTest, WhatCouldNotBeTriedIsTriedAgainWithGrowingPauses) {
  for (int i = 0; i < 10; ++i) handler_.script_.push_back(EffectResult(Unavailable("no network")));
  executor_.Add(Job("a"));
  std::vector<int64_t> pauses;
  while (executor_.RunDue() == 1 && events_.empty()) {
    auto until = *executor_.UntilDue();
    pauses.push_back(until / std::chrono::seconds(1));
    clock_.Advance(std::chrono::duration_cast<Duration>(until) - Duration(1));
    EXPECT_EQ(executor_.RunDue(), 0u);
    clock_.Advance(Duration(1));
  }
  EXPECT_EQ(pauses, (std::vector<int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60, 60}));
  EXPECT_EQ(std::get<EffectDone>(events_.at(0)).outcome, EffectOutcome::kSucceeded);
}

TEST_F(EffectExecutorTest, WhatIsUnderWayIsAskedAgainAndShowsWhatItKnows) {
  handler_.script_.push_back(
      EffectResult(EffectPending{Duration(5'000), {{"@resourceId", "j-1", false}}}));
  handler_.script_.push_back(EffectResult(EffectPending{Duration(5'000), {}}));
  executor_.Add(Job("a"));
  executor_.RunDue();
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(std::get<EffectProgress>(events_[0]).fields.at(0).value, "j-1");
  EXPECT_EQ(*executor_.UntilDue(), std::chrono::seconds(5));
  clock_.Advance(Duration(5'000));
  EXPECT_EQ(executor_.RunDue(), 1u);
  clock_.Advance(Duration(5'000));
  EXPECT_EQ(executor_.RunDue(), 1u);
  EXPECT_TRUE(std::holds_alternative<EffectDone>(events_.at(1)));
}

TEST_F(EffectExecutorTest, WhatIsForgottenIsNotStartedAgain) {
  handler_.script_.push_back(EffectResult(Unavailable("no network")));
  executor_.Add(Job("a"));
  executor_.RunDue();
  executor_.Forget("df-1", "a");
  executor_.Forget("df-1", "unknown");
  executor_.Add(Job("b"));
  EffectJob other = Job("c");
  other.pipeline.id = "df-2";
  executor_.Add(other);
  executor_.ForgetPipeline("df-1");
  EXPECT_EQ(executor_.size(), 1u);
  executor_.ForgetPipeline("df-2");
  clock_.Advance(Duration(600'000));
  EXPECT_EQ(executor_.RunDue(), 0u);
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(executor_.size(), 0u);
}

TEST_F(EffectExecutorTest, ChecksTellOnlyWhatChanged) {
  executor_.AddCheck(Job("check"));
  executor_.RunDue();
  EXPECT_TRUE(events_.empty());
  handler_.health_ = {ResourceHealth::State::kGone, "TERMINATED", "spot"};
  executor_.AddCheck(Job("check"));
  executor_.RunDue();
  EXPECT_EQ(std::get<ResourceGone>(events_.at(0)).error_id, "TERMINATED");
  EXPECT_EQ(executor_.size(), 0u);
}

// Executes on threads of the test's own, one job after the other told to go on.
class GatedHandler : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob& job, std::stop_token) override {
    std::unique_lock lock(mutex_);
    executed_.push_back(job.effect.key);
    changed_.notify_all();
    changed_.wait(lock, [&] { return std::exchange(may_go_on_, false); });
    return EffectResult(EffectFinished{});
  }
  void AwaitExecuted(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return executed_.size() >= count; });
  }
  void GoOn() {
    std::lock_guard lock(mutex_);
    may_go_on_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> executed_;
  bool may_go_on_ = false;
};

class GatedExecutorTest : public ::testing::Test {
 protected:
  ManualClock clock_{Instant(Duration(1'000'000))};
  GatedHandler handler_;
  EffectExecutor executor_{handler_, clock_, {.threads = 0}, [](EventBody) {}};
};

TEST_F(GatedExecutorTest, AResourceIsNotEndedWhileItIsBeingLaunched) {
  for (const char* key : {"launch", "terminate"}) {
    EffectJob job = Job(key);
    job.effect.name = "df-1_@R";
    executor_.Add(job);
  }
  std::thread launching([&] { executor_.RunDue(); });
  handler_.AwaitExecuted(1);
  EXPECT_EQ(executor_.RunDue(), 0u);
  executor_.Add(Job("of nobody"));
  std::thread other([&] { executor_.RunDue(); });
  handler_.AwaitExecuted(2);
  EXPECT_EQ(handler_.executed_, (std::vector<std::string>{"launch", "of nobody"}));
  while (executor_.size() > 0) handler_.GoOn();
  launching.join();
  other.join();
  EXPECT_EQ(handler_.executed_.back(), "terminate");
}

TEST_F(GatedExecutorTest, WhatIsWantedAnewWhileItRunsIsExecutedAnew) {
  executor_.Add(Job("a"));
  std::thread running([&] { executor_.RunDue(); });
  handler_.AwaitExecuted(1);
  executor_.Add(Job("a"));  // no news: it is here
  executor_.Forget("df-1", "a");
  executor_.Add(Job("a"));
  while (executor_.size() > 0) handler_.GoOn();
  running.join();
  EXPECT_EQ(handler_.executed_, (std::vector<std::string>{"a", "a"}));
}

TEST(EffectExecutorThreads, ExecuteEverythingAndStop) {
  SystemClock clock;
  ScriptedHandler handler;
  std::mutex mutex;
  std::condition_variable all_done;
  std::set<std::string> done;
  EffectExecutor executor(handler, clock, {.threads = 4}, [&](EventBody event) {
    std::lock_guard lock(mutex);
    done.insert(std::get<EffectDone>(event).key);
    all_done.notify_one();
  });
  executor.Start();
  for (int i = 0; i < 200; ++i) executor.Add(Job(std::to_string(i)));
  std::unique_lock lock(mutex);
  EXPECT_TRUE(
      all_done.wait_for(lock, std::chrono::seconds(20), [&] { return done.size() == 200; }));
  lock.unlock();
  executor.Stop();
  EXPECT_EQ(handler.executed_.size(), 200u);
}

}  // namespace
}  // namespace penstock
