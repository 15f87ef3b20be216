// Scheduler: the engine's thread. It owns the engine's State, takes events from a bounded queue,
// decides them in batches, commits each batch once, and only then answers, starts effects and hands
// work to parked polls.
//
// For each event of a batch: load its history, Decide, Apply (keeping the undo). Then one Commit of
// all writes, on the committer's thread, while the next batch is being decided. When it succeeds,
// replies leave in order and effects go to the executor; woken polls were part of the batch
// already. When it fails: Undo, newest first, of this batch and of the one decided meanwhile, which
// stood on it; every caller of either hears an Error; what the world reported is kept and decided
// again; the engine goes on.
//
// So memory may be ahead of the store by two batches, but no answer, effect or history read ever
// is: an answer leaves when its own batch is durable, and history is read when nothing is under
// way.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "engine/options.h"
#include "engine/state.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "scheduler/committer.h"
#include "scheduler/effect_executor.h"
#include "scheduler/effect_handler.h"
#include "scheduler/parked_polls.h"
#include "store/store.h"

namespace penstock {

struct SchedulerOptions {
  engine::EngineOptions engine;
  EffectExecutorOptions effects;
  size_t queue_capacity = 4096;              // full: Submit waits
  size_t batch_max = 256;                    // events of the queue in one commit
  Duration resource_check_interval{30'000};  // between two looks at a running resource
  Duration commit_retry_pause{
      1'000};  // after a failed commit, before what has no caller is decided again
  Duration connection_sweep_interval{
      5'000};  // parked polls whose asker is gone are dropped so often
  /// Sees each decision before anyone hears of it, and before it is durable; for whoever watches.
  /// On the engine's thread: it must not wait.
  std::function<void(const engine::Event&, const engine::Decision&)> decided;
};

/// For the metrics page. Read without locks: each number is right, together they may not be.
struct SchedulerStatistics {
  std::atomic<uint64_t> events{0}, batches{0}, commits_failed{0}, parked_polls{0}, effects{0};
};

class Scheduler {
 public:
  /// All that is referred to outlives it.
  Scheduler(SchedulerOptions options, Store& store, Clock& clock, Random& random,
            EffectHandler& effects);
  /// Stops.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Reads the working set from the store and gives the outbox to the executor. Once, before all
  /// else.
  Status Load();
  /// Starts the engine's thread and the executor's. Without it, RunDue() does the work (tests,
  /// simulator).
  void Start();
  /// Decides what is queued, answers parked polls with NoTask, stops the threads. Later submissions
  /// hear an Error. Idempotent.
  void Stop();

  /// Queues an event; waits while the queue is full. `reply` is called once, on the engine's
  /// thread, and must not wait. Any thread.
  void Submit(engine::Scope scope, engine::EventBody body, ReplyCallback reply);
  /// Queues what the world did (EffectDone, ResourceGone, …). It is decided sooner or later even if
  /// commits fail. Any thread.
  void Report(engine::EventBody body);
  /// Queues a poll, to be answered with a Task as soon as there is one and with NoTask at its
  /// deadline. Any thread.
  void SubmitPoll(PollRequest poll);
  /// Submit() that waits for the reply. Not from the engine's thread; REQUIRES: Start() was called.
  Result<engine::Reply> Call(engine::Scope scope, engine::EventBody body);

  /// Decides one batch if anything is queued or due, and commits and answers the one before, on the
  /// calling thread; whether there was either. So a caller goes on until it returns false.
  /// REQUIRES: not started.
  bool RunDue();
  /// The time until something becomes due by itself, as far as is known; nullopt: never. REQUIRES:
  /// not started.
  std::optional<std::chrono::nanoseconds> UntilDue();

  EffectExecutor& effects() { return executor_; }
  const SchedulerStatistics& statistics() const { return statistics_; }
  /// The working set. REQUIRES: not started. For tests and the simulator.
  const engine::State& state() const { return state_; }

 private:
  struct Item {
    engine::Scope scope;
    engine::EventBody body;
    ReplyCallback reply;              // empty for what the world did
    std::optional<PollRequest> poll;  // for polls, instead of `reply`
  };
  /// What executes an effect, or the EffectDone that says why it cannot be executed.
  using PlannedEffect = std::variant<EffectJob, engine::EffectDone>;
  struct Decided {
    Item item;
    engine::Reply reply;
    std::vector<PlannedEffect> effects;
  };

  struct Batch {
    std::vector<Decided> decided;
    std::vector<engine::Write> writes;
    std::vector<engine::Undo> undos;
  };

  /// The clock's time, but not earlier than the last event's if the clock was set back a little.
  Instant Now();
  void Enqueue(Item item);
  void Loop();
  /// The queue's events of one batch, and a Wake if one is due.
  std::deque<Item> TakeBatch();
  void RunBatch(std::deque<Item> items);
  /// False: the item was answered at once or dropped.
  bool Admit(Item& item);
  /// Decides one item and applies it to memory. False, with the item as it was: what was decided so
  /// far must be durable first, because the item needs history from the store.
  bool Decide(Item& item, std::deque<Item>& items, Batch& batch);
  /// False: see Decide. `status` is an error if the store could not be read.
  bool LoadNeeded(const engine::Event& event, const Batch& batch, Status& status);
  /// Begins the batch's commit; before that, ends the one under way, and after it answers that
  /// one's callers. If that one failed, so does this.
  void Finish(Batch batch);
  /// Waits for the commit under way, if there is one; the batch if it succeeded. If not, it and
  /// `next`, which was decided after it, are taken back.
  std::optional<Batch> Land(Batch& next);
  void Wake(const ParkedPolls::Group& group, std::deque<Item>& items);
  void Answer(Batch batch);
  void Fail(std::vector<Decided> decided, const Error& error);
  void StartEffect(PlannedEffect effect);
  void Follow(std::span<const engine::Write> writes);
  void FollowInstance(const engine::PipelineKey& pipeline, const engine::InstanceRecord& instance);
  void CheckResources();
  PlannedEffect Plan(const engine::PipelineKey& pipeline, const engine::EffectRecord& effect) const;

  const SchedulerOptions options_;
  Store& store_;
  Clock& clock_;
  Random& random_;
  SchedulerStatistics statistics_;

  // Of the engine's thread.
  engine::State state_;
  Instant last_at_{};  // of the last event
  ParkedPolls parked_;
  std::optional<Batch> under_way_;  // decided, its commit begun
  std::deque<Item> again_;          // what the world did, of a batch that could not be committed
  std::chrono::nanoseconds not_before_{
      0};  // monotonic: no Wake and nothing of again_ before it, after a failure
  std::chrono::nanoseconds next_sweep_{0};  // of parked polls
  std::chrono::nanoseconds next_check_{0};  // of running resources
  std::map<std::pair<std::string, std::string>, engine::PipelineKey>
      running_resources_;  // (pipeline id, instance)

  std::mutex mutex_;
  std::condition_variable not_empty_, not_full_;
  std::deque<Item> queue_;  // guarded by mutex_
  bool stopped_ = false;    // guarded by mutex_
  bool landed_ = false;     // a commit ended since this was last looked at; guarded by mutex_
  std::thread thread_;
  Committer committer_;
  std::atomic<std::thread::id> engine_thread_{};

  EffectExecutor executor_;  // last: its threads report to all of the above
};

}  // namespace penstock
