#include "net/worker_pool.h"

#include <gtest/gtest.h>

#include <functional>
#include <latch>

namespace penstock {
namespace {

class Call : public Job {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void Run() override { function_(); }

 private:
  const std::function<void()> function_;
};

TEST(WorkerPoolTest, RunsEveryJobOnce) {
  constexpr int kSubmitters = 4, kJobs = 5'000;
  WorkerPool pool("test", 8);
  std::atomic<int> runs = 0;
  std::latch done(kSubmitters * kJobs);
  std::vector<std::thread> submitters;
  for (int s = 0; s < kSubmitters; ++s) {
    submitters.emplace_back([&] {
      for (int i = 0; i < kJobs; ++i) {
        EXPECT_TRUE(pool.Submit(std::make_shared<Call>([&] {
          ++runs;
          done.count_down();
        })));
      }
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  done.wait();
  EXPECT_EQ(runs, kSubmitters * kJobs);
  EXPECT_EQ(pool.waiting(), 0u);
}

TEST(WorkerPoolTest, JobsThatBlockGetAllThreads) {
  constexpr int kThreads = 6;
  WorkerPool pool("test", kThreads);
  for (int round = 0; round < 50; ++round) {
    // None of them ends before all have begun.
    std::latch begun(kThreads), ended(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      pool.Submit(std::make_shared<Call>([&] {
        begun.arrive_and_wait();
        ended.count_down();
      }));
    }
    ended.wait();
  }
}

TEST(WorkerPoolTest, StopDropsWhatWaits) {
  WorkerPool pool("test", 1);
  std::latch begun(1), go_on(1);
  std::atomic<int> runs = 0;
  pool.Submit(std::make_shared<Call>([&] {
    begun.count_down();
    go_on.wait();
    ++runs;
  }));
  begun.wait();
  for (int i = 0; i < 3; ++i) pool.Submit(std::make_shared<Call>([&] { ++runs; }));
  EXPECT_EQ(pool.waiting(), 3u);
  std::thread stopper([&] { pool.Stop(); });
  while (pool.waiting() > 0) std::this_thread::yield();
  go_on.count_down();
  stopper.join();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(pool.Submit(std::make_shared<Call>([&] { ++runs; })));
}

}  // namespace
}  // namespace penstock
