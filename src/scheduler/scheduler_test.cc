#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include "engine/codec.h"
#include "scheduler/manual_clock.h"
#include "store/memory_store.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using namespace engine;

const Scope kScope{"123456789012", "us-east-1"};

class NoEffects : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob&, std::stop_token) override {
    return EffectResult(EffectFinished{});
  }
};

Definition OnDemand(int activities, std::string group = "wg") {
  Definition definition;
  definition.objects.push_back({"Default", "Default", {{"scheduleType", "ondemand", false}}});
  for (int i = 0; i < activities; ++i) {
    std::string id = "Activity" + std::to_string(i);
    definition.objects.push_back({id,
                                  id,
                                  {{"type", "ShellCommandActivity", false},
                                   {"command", "true", false},
                                   {"workerGroup", group, false}}});
  }
  return definition;
}

/// A scheduler without threads, on a store that can be told to fail.
class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() { Restart(); }

  void Restart() {
    scheduler_ = std::make_unique<Scheduler>(SchedulerOptions{}, store_, clock_, random_, effects_);
    ASSERT_TRUE(scheduler_->Load());
  }
  void RunAll() {
    while (scheduler_->RunDue()) {
    }
  }
  Result<Reply> Ask(EventBody body) {
    std::optional<Result<Reply>> heard;
    scheduler_->Submit(kScope, std::move(body),
                       [&](Result<Reply> reply) { heard = std::move(reply); });
    RunAll();
    EXPECT_TRUE(heard.has_value());
    return heard.value_or(Result<Reply>(Reply(Done{})));
  }
  struct Polled {
    bool connected = true;
    std::optional<Result<Reply>> heard;
    const Task* task() const { return heard && *heard ? std::get_if<Task>(&**heard) : nullptr; }
  };
  /// Queues a poll and decides it.
  std::shared_ptr<Polled> Poll(Duration hold = Duration(90'000), std::string group = "wg") {
    auto polled = std::make_shared<Polled>();
    PollRequest poll;
    poll.scope = kScope;
    poll.poll = {std::move(group), "", "host"};
    poll.deadline = clock_.Monotonic() + hold;
    poll.connected = [polled] { return polled->connected; };
    poll.reply = [polled](Result<Reply> reply) { polled->heard = std::move(reply); };
    scheduler_->SubmitPoll(std::move(poll));
    RunAll();
    return polled;
  }
  std::string Pipeline(const std::string& name, const Definition& definition) {
    auto created = Ask(CreatePipeline{name, name, "", "arn", {}});
    std::string id = std::get<Created>(created.value()).pipeline;
    auto stored = Ask(PutDefinition{id, definition});
    EXPECT_FALSE(std::get<DefinitionStored>(stored.value()).errored);
    return id;
  }

  ManualClock clock_{Instant(std::chrono::seconds(1'400'000'000))};
  SystemRandom random_;
  MemoryStore store_;
  NoEffects effects_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, AnswersOnceItIsStored) {
  auto created = Ask(CreatePipeline{"n", "u", "", "arn", {}});
  std::string id = std::get<Created>(created.value()).pipeline;
  EXPECT_TRUE(store_.Read().value()->FindPipeline({kScope, id}).value());
}

// Machines that are ready at once; remembers which were ended, and what was known of them.
class Machines : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob& job, std::stop_token) override {
    if (job.effect.kind == EffectKind::kLaunchResource) {
      ++launched;
      return EffectResult(
          EffectFinished{EffectOutcome::kSucceeded, "", "", {{"@resourceId", "i-1", false}}});
    }
    if (job.effect.kind == EffectKind::kTerminateResource) ended.push_back(job);
    return EffectResult(EffectFinished{});
  }
  std::vector<EffectJob> ended;
  int launched = 0;
};

Definition OnAMachine() {
  Definition definition = OnDemand(1);
  definition.objects[1].fields.back() = {"runsOn", "Machine", true};
  definition.objects.push_back({"Machine",
                                "Machine",
                                {{"type", "Ec2Resource", false},
                                 {"role", "r", false},
                                 {"resourceRole", "r", false},
                                 {"terminateAfter", "1 hour", false}}});
  return definition;
}

TEST(SchedulerResources, AMachineIsEndedWhenItsPipelineIsDeleted) {
  ManualClock clock{Instant(std::chrono::seconds(1'400'000'000))};
  SystemRandom random;
  MemoryStore store;
  Machines machines;
  SchedulerOptions options;
  options.effects.threads = 0;
  Scheduler scheduler(options, store, clock, random, machines);
  ASSERT_TRUE(scheduler.Load());
  auto ask = [&](EventBody body) {
    std::optional<Result<Reply>> heard;
    scheduler.Submit(kScope, std::move(body),
                     [&](Result<Reply> reply) { heard = std::move(reply); });
    while (scheduler.RunDue() || scheduler.effects().RunDue() > 0) {
    }
    return heard.value();
  };
  Definition definition = OnAMachine();
  std::string id = std::get<Created>(ask(CreatePipeline{"n", "u", "", "arn", {}}).value()).pipeline;
  ASSERT_FALSE(std::get<DefinitionStored>(ask(PutDefinition{id, definition}).value()).errored);
  ASSERT_TRUE(ask(Activate{.pipeline = id}));
  ASSERT_TRUE(machines.ended.empty());
  ASSERT_TRUE(ask(DeletePipeline{id}));
  ASSERT_EQ(machines.ended.size(), 1u);
  const EffectJob& job = machines.ended[0];
  ASSERT_EQ(job.objects.size(), 1u);
  EXPECT_EQ(job.objects[0].Find("type")->value, "Ec2Resource");
  EXPECT_EQ(job.objects[0].Find("@resourceId")->value, "i-1");
  EXPECT_EQ(scheduler.effects().size(), 0u);
}

TEST(SchedulerResources, AnEffectThatOnlyAFailedCommitWithdrewIsExecuted) {
  ManualClock clock{Instant(std::chrono::seconds(1'400'000'000))};
  SystemRandom random;
  MemoryStore store;
  Machines machines;
  SchedulerOptions options;
  options.effects.threads = 0;
  Scheduler scheduler(options, store, clock, random, machines);
  ASSERT_TRUE(scheduler.Load());
  std::optional<Result<Reply>> heard;
  auto submit = [&](EventBody body) {
    scheduler.Submit(kScope, std::move(body),
                     [&](Result<Reply> reply) { heard = std::move(reply); });
  };
  auto ask = [&](EventBody body) {
    submit(std::move(body));
    while (scheduler.RunDue()) {
    }
    return heard.value();
  };
  std::string id = std::get<Created>(ask(CreatePipeline{"n", "u", "", "arn", {}}).value()).pipeline;
  ASSERT_TRUE(ask(PutDefinition{id, OnAMachine()}));
  submit(Activate{.pipeline = id});
  ASSERT_TRUE(scheduler.RunDue());
  submit(DeletePipeline{id});
  ASSERT_TRUE(scheduler.RunDue());  // the activation is durable, the deletion is decided
  ASSERT_TRUE(heard.value());
  store.FailCommits(1, ResourceExhausted("disk full"));
  while (scheduler.RunDue()) {
  }
  ASSERT_FALSE(heard.value());
  EXPECT_GT(scheduler.effects().RunDue(), 0u);
  EXPECT_EQ(machines.launched, 1);
}

TEST_F(SchedulerTest, TimeGoesBackOnlyWhenTheClockWasFarOff) {
  auto created_at = [&](const std::string& name) {
    std::string id =
        std::get<Created>(Ask(CreatePipeline{name, name, "", "arn", {}}).value()).pipeline;
    return store_.Read().value()->FindPipeline({kScope, id}).value()->created_at;
  };
  Instant start = created_at("a");
  clock_.Advance(Duration(-5'000));
  EXPECT_EQ(created_at("b"), start);
  clock_.Advance(Duration(6'000));
  EXPECT_EQ(created_at("c"), start + Duration(1'000));
  clock_.Advance(Duration(-3'600'000));
  EXPECT_EQ(created_at("d"), start - Duration(3'599'000));
}

TEST_F(SchedulerTest, AfterACorrectionOfTheClockItSleepsUntilTheClockIsThere) {
  std::string id = Pipeline("p", OnDemand(1));
  Ask(Activate{id, {}, {}}).value();
  ASSERT_NE(Poll()->task(), nullptr);
  clock_.Advance(Duration(*scheduler_->UntilDue() / std::chrono::milliseconds(1) - 1));
  RunAll();
  EXPECT_EQ(*scheduler_->UntilDue(), std::chrono::milliseconds(1));
  clock_.Advance(Duration(-50'000));
  EXPECT_EQ(*scheduler_->UntilDue(), std::chrono::milliseconds(50'001));
  clock_.Advance(Duration(50'001));
  EXPECT_EQ(*scheduler_->UntilDue(), std::chrono::nanoseconds::zero());
}

TEST_F(SchedulerTest, ABatchIsOneCommitAndALaterEventSeesAnEarlierOne) {
  std::string first, second;
  auto keep = [](std::string& id) {
    return [&id](Result<Reply> reply) { id = std::get<Created>(reply.value()).pipeline; };
  };
  scheduler_->Submit(kScope, CreatePipeline{"n", "u", "", "arn", {}}, keep(first));
  scheduler_->Submit(kScope, CreatePipeline{"n", "u", "", "arn", {}}, keep(second));
  RunAll();
  EXPECT_NE(first, "");
  EXPECT_EQ(first, second);
  EXPECT_EQ(scheduler_->statistics().batches.load(), 1u);
}

TEST_F(SchedulerTest, ABatchIsDecidedWhileTheOneBeforeIsCommitted) {
  std::string id = Pipeline("p", OnDemand(1));
  std::vector<std::string> heard;
  auto note = [&](std::string name) {
    return
        [&heard, name](Result<Reply> reply) { heard.push_back(name + (reply ? "" : " failed")); };
  };
  scheduler_->Submit(kScope, Activate{id, {}, {}}, note("activate"));
  EXPECT_TRUE(scheduler_->RunDue());
  EXPECT_EQ(scheduler_->UntilDue(), std::chrono::nanoseconds::zero());
  EXPECT_EQ(heard, std::vector<std::string>{});  // not durable yet
  scheduler_->Submit(kScope, AddTags{id, {{"key", "value"}}}, note("tag"));
  EXPECT_TRUE(scheduler_->RunDue());
  EXPECT_EQ(heard, std::vector<std::string>{"activate"});
  RunAll();
  EXPECT_EQ(heard, (std::vector<std::string>{"activate", "tag"}));
}

TEST_F(SchedulerTest, WhatWasDecidedOnAFailedCommitFailsWithIt) {
  std::string id = Pipeline("p", OnDemand(1));
  auto rows = store_.rows();
  int errors = 0;
  auto count = [&](Result<Reply> reply) { errors += !reply; };
  scheduler_->Submit(kScope, Activate{id, {}, {}}, count);
  EXPECT_TRUE(scheduler_->RunDue());
  store_.FailCommits(1, ResourceExhausted("disk full"));
  scheduler_->Submit(kScope, AddTags{id, {{"key", "value"}}}, count);
  scheduler_->Submit(kScope, DeletePipeline{id}, count);
  EXPECT_TRUE(scheduler_->RunDue());
  EXPECT_EQ(errors, 3);
  RunAll();
  EXPECT_EQ(store_.rows(), rows);
  EXPECT_TRUE(std::holds_alternative<Done>(Ask(Activate{id, {}, {}}).value()));
  EXPECT_NE(Poll()->task(), nullptr);
}

TEST_F(SchedulerTest, AFailedCommitTakesBackEverythingAndTheEngineGoesOn) {
  std::string id = Pipeline("p", OnDemand(1));
  auto rows = store_.rows();
  store_.FailCommits(1, ResourceExhausted("disk full"));
  int errors = 0;
  auto count = [&](Result<Reply> reply) { errors += !reply; };
  scheduler_->Submit(kScope, CreatePipeline{"n", "u", "", "arn", {}}, count);
  scheduler_->Submit(kScope, Activate{id, {}, {}}, count);
  scheduler_->Submit(kScope, DeletePipeline{id}, count);
  RunAll();
  EXPECT_EQ(errors, 3);
  EXPECT_EQ(store_.rows(), rows);
  EXPECT_EQ(scheduler_->statistics().commits_failed.load(), 1u);
  EXPECT_TRUE(std::holds_alternative<Done>(Ask(Activate{id, {}, {}}).value()));
  // What is in memory equals what a restart would read.
  auto task = Poll();
  ASSERT_NE(task->task(), nullptr);
  EXPECT_TRUE(std::holds_alternative<Done>(Ask(DeletePipeline{id}).value()));
}

TEST_F(SchedulerTest, AParkedPollGetsWorkAsSoonAsThereIsSome) {
  std::string id = Pipeline("p", OnDemand(1));
  auto first = Poll(), second = Poll();
  EXPECT_FALSE(first->heard);
  EXPECT_EQ(scheduler_->statistics().parked_polls.load(), 2u);
  Ask(Activate{id, {}, {}}).value();
  ASSERT_NE(first->task(), nullptr);
  EXPECT_EQ(first->task()->key.pipeline, id);
  EXPECT_FALSE(second->heard);
}

TEST_F(SchedulerTest, OneOfferServesAllWhoWaitInTheirOrder) {
  std::string id = Pipeline("p", OnDemand(2));
  auto first = Poll(), second = Poll(), third = Poll();
  Ask(Activate{id, {}, {}}).value();
  ASSERT_NE(first->task(), nullptr);
  ASSERT_NE(second->task(), nullptr);
  EXPECT_NE(first->task()->key.instance, second->task()->key.instance);
  EXPECT_FALSE(third->heard);
}

TEST_F(SchedulerTest, ATaskIsNeverHandedToADeadConnection) {
  std::string id = Pipeline("p", OnDemand(1));
  auto dead = Poll();
  dead->connected = false;
  auto alive = Poll();
  Ask(Activate{id, {}, {}}).value();
  EXPECT_FALSE(dead->heard);
  ASSERT_NE(alive->task(), nullptr);
  EXPECT_EQ(alive->task()->key.lease, 1u);
}

TEST_F(SchedulerTest, APollEndsEmptyAtItsDeadline) {
  auto poll = Poll(Duration(90'000));
  EXPECT_LE(*scheduler_->UntilDue(), std::chrono::seconds(90));
  clock_.Advance(Duration(89'999));
  RunAll();
  EXPECT_FALSE(poll->heard);
  clock_.Advance(Duration(1));
  RunAll();
  ASSERT_TRUE(poll->heard);
  EXPECT_TRUE(std::holds_alternative<NoTask>(poll->heard->value()));
}

TEST_F(SchedulerTest, AnUnacknowledgedTaskIsOfferedAgainToWhoWaits) {
  std::string id = Pipeline("p", OnDemand(1));
  Ask(Activate{id, {}, {}}).value();
  auto lost = Poll();
  ASSERT_NE(lost->task(), nullptr);
  clock_.Advance(std::chrono::minutes(1));
  auto next = Poll();
  EXPECT_FALSE(next->heard);
  clock_.Advance(std::chrono::minutes(1));
  RunAll();
  ASSERT_NE(next->task(), nullptr);
  EXPECT_EQ(next->task()->attempt_id, lost->task()->attempt_id);
  EXPECT_GT(next->task()->key.lease, lost->task()->key.lease);
  auto late = Ask(ReportProgress{lost->task()->key, {}});
  EXPECT_EQ(std::get<Refusal>(late.value()).kind, RefusalKind::kTaskNotFound);
}

TEST_F(SchedulerTest, ARestartGoesOnWhereItWas) {
  std::string id = Pipeline("p", OnDemand(1));
  Ask(Activate{id, {}, {}}).value();
  auto polled = Poll();
  ASSERT_NE(polled->task(), nullptr);
  Ask(ReportProgress{polled->task()->key, {}}).value();
  Restart();
  EXPECT_TRUE(std::holds_alternative<Done>(
      Ask(engine::SetTaskStatus{polled->task()->key, TaskOutcome::kFinished, "", "", ""}).value()));
  auto instance =
      store_.Read().value()->FindInstance({kScope, id}, polled->task()->key.instance).value();
  EXPECT_EQ(instance->status, RunStatus::kFinished);
}

TEST_F(SchedulerTest, ACommandOnHistoryInTheSameBatchSeesTheBatch) {
  std::string id = Pipeline("p", OnDemand(1));
  Ask(Activate{id, {}, {}}).value();
  auto polled = Poll();
  ASSERT_NE(polled->task(), nullptr);
  Ask(ReportProgress{polled->task()->key, {}}).value();
  // The instance ends and is run again within one batch: what the store has of it is older than the
  // batch.
  std::vector<Reply> replies;
  auto keep = [&](Result<Reply> reply) { replies.push_back(reply.value()); };
  scheduler_->Submit(
      kScope, engine::SetTaskStatus{polled->task()->key, TaskOutcome::kFinished, "", "", ""}, keep);
  scheduler_->Submit(kScope, engine::SetStatus{id, {polled->task()->key.instance}, "RERUN"}, keep);
  RunAll();
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Done>(replies[0]));
  EXPECT_TRUE(std::holds_alternative<Done>(replies[1]));
  auto again = Poll();
  ASSERT_NE(again->task(), nullptr);
  EXPECT_EQ(again->task()->key.attempt, 2);
}

// Commits wait for the gate.
class GatedStore : public MemoryStore {
 public:
  Status Commit(std::span<const Write> writes) override {
    waiting.fetch_add(1);
    waiting.notify_all();
    open.wait(false);
    return MemoryStore::Commit(writes);
  }
  std::atomic<int> waiting = 0;
  std::atomic<bool> open = false;
};

TEST(SchedulerThreads, NobodyIsAnsweredBeforeTheCommit) {
  SystemClock clock;
  SystemRandom random;
  GatedStore store;
  NoEffects effects;
  Scheduler scheduler({}, store, clock, random, effects);
  ASSERT_TRUE(scheduler.Load());
  scheduler.Start();
  std::atomic<int> answers = 0;
  auto create = [&](const std::string& name) {
    scheduler.Submit(kScope, CreatePipeline{name, name, "", "arn", {}},
                     [&](Result<Reply> reply) { answers += reply.has_value(); });
  };
  create("first");
  store.waiting.wait(0);
  create("second");
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(store.waiting, 1);
  store.open = true;
  store.open.notify_all();
  scheduler.Stop();
  EXPECT_EQ(answers, 2);
}

TEST(SchedulerThreads, ManyCallersAndAStop) {
  SystemClock clock;
  SystemRandom random;
  MemoryStore store;
  NoEffects effects;
  Scheduler scheduler(SchedulerOptions{.queue_capacity = 8}, store, clock, random, effects);
  ASSERT_TRUE(scheduler.Load());
  scheduler.Start();
  std::vector<std::thread> callers;
  std::atomic<int> created = 0;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        std::string name = fmt::format("{}-{}", t, i);
        auto reply = scheduler.Call(kScope, CreatePipeline{name, name, "", "arn", {}});
        created += reply && std::holds_alternative<Created>(*reply);
      }
    });
  }
  std::atomic<bool> answered = false;
  PollRequest poll;
  poll.scope = kScope;
  poll.poll.worker_group = "wg";
  poll.deadline = clock.Monotonic() + std::chrono::hours(1);
  poll.connected = [] { return true; };
  poll.reply = [&](Result<Reply> reply) {
    answered = reply && std::holds_alternative<NoTask>(*reply);
  };
  scheduler.SubmitPoll(std::move(poll));
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(created, 400);
  EXPECT_EQ(store.Read().value()->ListPipelines(kScope, "", 1000).value().size(), 400u);
  scheduler.Stop();
  EXPECT_TRUE(answered);
  EXPECT_FALSE(scheduler.Call(kScope, CreatePipeline{"late", "late", "", "arn", {}}));
}

}  // namespace
}  // namespace penstock
