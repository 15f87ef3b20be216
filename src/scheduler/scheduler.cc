#include "scheduler/scheduler.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <ranges>

#include "base/check.h"
#include "base/log.h"
#include "engine/codec.h"
#include "engine/hand_out.h"

namespace penstock {

using namespace engine;

namespace {

// Somebody may set the machine's clock while the thread sleeps towards an instant.
constexpr std::chrono::milliseconds kIdleSleepMax{1'000};

// A clock that is corrected by less than this stands still for the engine until it has caught up,
// so that nothing ends before it began. A larger correction is somebody's will and is followed: the
// time before it was wrong.
constexpr Duration kClockCorrectionMax{60'000};

/// What has no caller to try it again. (A Wake comes back by itself.)
bool IsWorldEvent(const EventBody& body) {
  return std::holds_alternative<EffectDone>(body) || std::holds_alternative<EffectProgress>(body) ||
         std::holds_alternative<ResourceGone>(body) ||
         std::holds_alternative<WorkerReplaced>(body) || std::holds_alternative<WorkerLost>(body);
}

Error Stopped() { return Unavailable("the server is shutting down"); }

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, Store& store, Clock& clock, Random& random,
                     EffectHandler& effects)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      random_(random),
      committer_(store),
      executor_(effects, clock, options_.effects,
                [this](EventBody body) { Report(std::move(body)); }) {
  state_.options = options_.engine;
}

Scheduler::~Scheduler() { Stop(); }

Status Scheduler::Load() {
  engine_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  std::vector<std::pair<PipelineKey, EffectRecord>> outbox;  // planned when all is in memory
  RETURN_IF_ERROR(store_.Load([&](Write write) {
    Apply(state_, std::span(&write, 1));
    Follow(std::span(&write, 1));
    if (auto* effect = std::get_if<EffectRecord>(&write.change))
      outbox.emplace_back(write.pipeline, *effect);
  }));
  for (const auto& [pipeline, effect] : outbox) StartEffect(Plan(pipeline, effect));
  return {};
}

Instant Scheduler::Now() {
  Instant now = clock_.Now();
  if (now < last_at_ && last_at_ - now <= kClockCorrectionMax) return last_at_;
  last_at_ = now;
  return now;
}

void Scheduler::Start() {
  CHECK(!thread_.joinable());
  committer_.Start([this] {
    {
      std::lock_guard lock(mutex_);
      landed_ = true;
    }
    not_empty_.notify_one();
  });
  thread_ = std::thread([this] { Loop(); });
  executor_.Start();
}

void Scheduler::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  not_empty_.notify_all();
  not_full_.notify_all();
  executor_.Stop();
  if (thread_.joinable()) thread_.join();
  committer_.Stop();
}

void Scheduler::Enqueue(Item item) {
  {
    std::unique_lock lock(mutex_);
    // The engine's own thread must not wait for itself.
    if (std::this_thread::get_id() != engine_thread_.load()) {
      not_full_.wait(lock, [&] { return stopped_ || queue_.size() < options_.queue_capacity; });
    }
    if (!stopped_) {
      queue_.push_back(std::move(item));
      lock.unlock();  // who wakes wants it at once
      not_empty_.notify_one();
      return;
    }
  }
  if (item.poll) {
    item.poll->reply(Stopped());
  } else if (item.reply) {
    item.reply(Stopped());
  }
}

void Scheduler::Submit(Scope scope, EventBody body, ReplyCallback reply) {
  Enqueue({std::move(scope), std::move(body), std::move(reply), std::nullopt});
}

void Scheduler::Report(EventBody body) { Enqueue({{}, std::move(body), nullptr, std::nullopt}); }

void Scheduler::SubmitPoll(PollRequest poll) {
  Scope scope = poll.scope;
  EventBody body = poll.poll;
  Enqueue({std::move(scope), std::move(body), nullptr, std::move(poll)});
}

Result<Reply> Scheduler::Call(Scope scope, EventBody body) {
  std::promise<Result<Reply>> promise;
  std::future<Result<Reply>> future = promise.get_future();
  Submit(std::move(scope), std::move(body),
         [&](Result<Reply> reply) { promise.set_value(std::move(reply)); });
  return future.get();
}

void Scheduler::Loop() {
  while (true) {
    if (RunDue()) continue;
    std::optional<std::chrono::nanoseconds> until = UntilDue();
    std::unique_lock lock(mutex_);
    if (!queue_.empty() || std::exchange(landed_, false)) continue;
    if (stopped_ && !under_way_) break;
    std::chrono::nanoseconds sleep = kIdleSleepMax;
    if (until) sleep = std::min(sleep, std::max(*until, std::chrono::nanoseconds(100'000)));
    not_empty_.wait_for(lock, sleep);
  }
  for (PollRequest& poll : parked_.TakeAll()) poll.reply(Reply(NoTask{}));
  statistics_.parked_polls.store(0);
}

std::optional<std::chrono::nanoseconds> Scheduler::UntilDue() {
  std::optional<std::chrono::nanoseconds> until;
  auto consider = [&](std::chrono::nanoseconds left) {
    left = std::max(left, std::chrono::nanoseconds::zero());
    if (!until || left < *until) until = left;
  };
  std::chrono::nanoseconds now = clock_.Monotonic();
  if (under_way_ && committer_.Landed()) return std::chrono::nanoseconds::zero();
  // After a failed commit nothing that happens by itself is tried before the pause is over.
  std::chrono::nanoseconds pause = std::max(not_before_ - now, std::chrono::nanoseconds::zero());
  if (std::optional<Instant> wake_at = NextWake(state_)) {
    // The engine's time may stand still; the wait is as long as the clock takes to get there.
    Duration left = *wake_at <= Now() ? Duration::zero() : *wake_at - clock_.Now();
    consider(std::max<std::chrono::nanoseconds>(left, pause));
  }
  if (!again_.empty()) consider(pause);
  if (std::optional<std::chrono::nanoseconds> deadline = parked_.NextDeadline()) {
    consider(*deadline - now);
    consider(next_sweep_ - now);
  }
  if (!running_resources_.empty()) consider(next_check_ - now);
  return until;
}

std::deque<Scheduler::Item> Scheduler::TakeBatch() {
  std::deque<Item> items;
  bool paused = clock_.Monotonic() < not_before_;
  if (!paused) items.swap(again_);
  if (std::optional<Instant> wake_at = NextWake(state_); wake_at && !paused && *wake_at <= Now()) {
    items.push_back({{}, engine::Wake{}, nullptr, std::nullopt});
  }
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < options_.batch_max && !queue_.empty(); ++i) {
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  not_full_.notify_all();
  return items;
}

bool Scheduler::RunDue() {
  engine_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  std::chrono::nanoseconds now = clock_.Monotonic();
  std::vector<PollRequest> expired = parked_.TakeExpired(now);
  for (PollRequest& poll : expired) poll.reply(Reply(NoTask{}));
  if (now >= next_sweep_) {
    parked_.DropDisconnected();
    next_sweep_ = now + options_.connection_sweep_interval;
  }
  if (!running_resources_.empty() && now >= next_check_) {
    CheckResources();
    next_check_ = now + options_.resource_check_interval;
  }
  std::deque<Item> items = TakeBatch();
  bool worked = !items.empty() || !expired.empty();
  if (!items.empty()) {
    RunBatch(std::move(items));
  } else if (under_way_ && committer_.Landed()) {
    Finish({});
    worked = true;
  }
  statistics_.parked_polls.store(parked_.size());
  return worked;
}

bool Scheduler::Admit(Item& item) {
  if (!item.poll) return true;
  if (!item.poll->connected()) return false;
  if (item.poll->deadline > clock_.Monotonic()) return true;
  item.poll->reply(Reply(NoTask{}));
  return false;
}

void Scheduler::RunBatch(std::deque<Item> items) {
  Batch batch;
  while (true) {
    while (!items.empty()) {
      Item item = std::move(items.front());
      items.pop_front();
      if (!Admit(item) || Decide(item, items, batch)) continue;
      items.push_front(std::move(item));
      Finish(std::exchange(batch, {}));
    }
    if (!under_way_ || committer_.Landed() || batch.decided.size() >= options_.batch_max) break;
    // Its commit cannot begin before the other one ends: what comes in until then goes along.
    {
      std::unique_lock lock(mutex_);
      not_empty_.wait(lock, [&] { return landed_ || !queue_.empty(); });
    }
    items = TakeBatch();
  }
  Finish(std::move(batch));
}

void Scheduler::Finish(Batch batch) {
  std::optional<Batch> landed = Land(batch);
  const bool changes = !batch.writes.empty();
  if (changes) {
    under_way_ = std::move(batch);
    {
      std::lock_guard lock(mutex_);
      landed_ = false;
    }
    committer_.Begin(under_way_->writes);
  }
  if (landed) Answer(*std::move(landed));
  if (changes || batch.decided.empty()) return;
  // All that it saw is durable.
  statistics_.batches++;
  statistics_.events += batch.decided.size();
  Answer(std::move(batch));
}

std::optional<Scheduler::Batch> Scheduler::Land(Batch& next) {
  if (!under_way_) return std::nullopt;
  Status committed = committer_.Wait();
  Batch batch = *std::exchange(under_way_, std::nullopt);
  statistics_.batches++;
  statistics_.events += batch.decided.size();
  if (committed) return batch;
  statistics_.commits_failed++;
  Log(LogLevel::kError, "a batch of {} events could not be made durable and was taken back: {}",
      batch.decided.size() + next.decided.size(), committed.error().message);
  std::vector<Decided> failed = std::move(batch.decided);
  std::ranges::move(next.decided, std::back_inserter(failed));
  for (Batch* taken_back : {&next, &batch}) {
    std::vector<Undo>& undos = taken_back->undos;
    for (; !undos.empty(); undos.pop_back()) Revert(state_, std::move(undos.back()));
  }
  next = {};
  Fail(std::move(failed), committed.error());
  return std::nullopt;
}

bool Scheduler::LoadNeeded(const Event& event, const Batch& batch, Status& status) {
  std::vector<Need> needs = Needs(state_, event);
  if (needs.empty()) return true;
  // One thread at a time is at the store's side of history; and what is not in the store yet must
  // not be read from there: an old value would come back.
  if (under_way_) return false;
  for (const Write& write : batch.writes) {
    if (std::ranges::any_of(needs,
                            [&](const Need& need) { return need.pipeline == write.pipeline; }))
      return false;
  }
  Result<std::vector<Write>> history = store_.LoadHistory(needs);
  if (!history) {
    status = std::move(history).error();
    return true;
  }
  for (const Write& record : *history) LoadHistory(state_, record);
  return true;
}

bool Scheduler::Decide(Item& item, std::deque<Item>& items, Batch& batch) {
  Event event{Now(), {random_.Next(), random_.Next()}, item.scope, std::move(item.body)};
  Status loaded;
  const bool ready = LoadNeeded(event, batch, loaded);
  Decision decision;
  if (ready && loaded) {
    decision = engine::Decide(state_, event);
    if (options_.decided) options_.decided(event, decision);
  }
  item.body = std::move(event.body);  // for another time, should this one come to nothing
  if (!ready) return false;
  if (!loaded) {
    Log(LogLevel::kError, "an event could not be decided: {}", loaded.error().message);
    std::vector<Decided> failed;
    failed.push_back({std::move(item), {}, {}});
    Fail(std::move(failed), loaded.error());
    return true;
  }
  batch.undos.push_back(ApplyWithUndo(state_, decision.writes));
  Decided done{std::move(item), std::move(decision.reply), {}};
  for (Write& write : decision.writes) {
    if (const auto* effect = std::get_if<EffectRecord>(&write.change)) {
      done.effects.push_back(Plan(write.pipeline, *effect));
    }
    batch.writes.push_back(std::move(write));
  }
  std::optional<ParkedPolls::Group> more;
  if (done.item.poll && std::holds_alternative<NoTask>(done.reply)) {
    // Parked already now, so that an offer later in this batch finds it.
    parked_.Park(*std::exchange(done.item.poll, std::nullopt));
  } else if (done.item.poll) {
    // Where one task was there may be more: the next in line asks too.
    if (std::holds_alternative<Task>(done.reply)) {
      more.emplace(done.item.poll->scope, done.item.poll->poll.worker_group);
    }
  }
  batch.decided.push_back(std::move(done));
  for (const Offer& offer : decision.ready) Wake({offer.scope, offer.worker_group}, items);
  if (more) Wake(*more, items);
  return true;
}

void Scheduler::Wake(const ParkedPolls::Group& group, std::deque<Item>& items) {
  std::optional<PollRequest> poll = parked_.Take(group);
  if (!poll) return;
  Scope scope = poll->scope;
  EventBody body = poll->poll;
  // Before the rest of the batch: who asked first is served first.
  items.push_front({std::move(scope), std::move(body), nullptr, std::move(poll)});
}

void Scheduler::Answer(Batch batch) {
  Follow(batch.writes);
  for (Decided& done : batch.decided) {
    if (done.item.poll) {
      done.item.poll->reply(std::move(done.reply));
    } else if (done.item.reply) {
      done.item.reply(std::move(done.reply));
    }
  }
  // Memory may know of more than is durable, so that it is the batch that says whether a later
  // event of it withdrew an effect.
  auto withdrawn = [&](const EffectJob& job) {
    for (const Write& write : batch.writes | std::views::reverse) {
      if (write.pipeline.id != job.pipeline.id) continue;
      if (std::holds_alternative<ErasePipeline>(write.change)) return true;
      if (const auto* effect = std::get_if<EffectRecord>(&write.change)) {
        if (effect->key == job.effect.key) return false;
      } else if (const auto* erased = std::get_if<EraseRecord>(&write.change)) {
        if (erased->kind == RecordKind::kEffect && erased->id == job.effect.key) return true;
      }
    }
    return false;
  };
  for (Decided& done : batch.decided) {
    for (PlannedEffect& effect : done.effects) {
      if (const auto* job = std::get_if<EffectJob>(&effect); job != nullptr && withdrawn(*job)) {
        continue;
      }
      StartEffect(std::move(effect));
    }
  }
}

void Scheduler::Fail(std::vector<Decided> decided, const Error& error) {
  not_before_ = clock_.Monotonic() + options_.commit_retry_pause;
  for (Decided& done : decided) {
    if (done.item.poll) {
      done.item.poll->reply(error);
    } else if (done.item.reply) {
      done.item.reply(error);
    } else if (IsWorldEvent(done.item.body)) {
      again_.push_back(std::move(done.item));
    }
  }
}

Scheduler::PlannedEffect Scheduler::Plan(const PipelineKey& pipeline,
                                         const EffectRecord& effect) const {
  Result<std::vector<PipelineObject>> objects = EffectObjects(state_, pipeline.id, effect);
  if (objects) return EffectJob{pipeline, effect, *std::move(objects), 0};
  return EffectDone{pipeline.id,
                    effect.key,
                    EffectOutcome::kFailed,
                    "InvalidDefinition",
                    std::move(objects).error().message,
                    {}};
}

void Scheduler::StartEffect(PlannedEffect effect) {
  statistics_.effects++;
  if (auto* job = std::get_if<EffectJob>(&effect)) {
    executor_.Add(std::move(*job));
  } else {
    Report(std::get<EffectDone>(std::move(effect)));
  }
}

void Scheduler::Follow(std::span<const Write> writes) {
  for (const Write& write : writes) {
    if (const auto* instance = std::get_if<InstanceRecord>(&write.change)) {
      FollowInstance(write.pipeline, *instance);
    } else if (const auto* erased = std::get_if<EraseRecord>(&write.change)) {
      if (erased->kind == RecordKind::kEffect) executor_.Forget(write.pipeline.id, erased->id);
    } else if (std::holds_alternative<ErasePipeline>(write.change)) {
      executor_.ForgetPipeline(write.pipeline.id);
      auto first = running_resources_.lower_bound({write.pipeline.id, ""});
      while (first != running_resources_.end() && first->first.first == write.pipeline.id) {
        first = running_resources_.erase(first);
      }
    }
  }
}

void Scheduler::FollowInstance(const PipelineKey& pipeline, const InstanceRecord& instance) {
  if (!instance.launched_at) return;  // no resource, or none that ever ran
  bool runs = instance.status == RunStatus::kRunning;
  std::pair<std::string, std::string> name(pipeline.id, instance.id);
  if (!runs) {
    running_resources_.erase(name);
  } else if (running_resources_.emplace(std::move(name), pipeline).second &&
             running_resources_.size() == 1) {
    next_check_ = clock_.Monotonic() + options_.resource_check_interval;
  }
}

void Scheduler::CheckResources() {
  for (const auto& [name, pipeline] : running_resources_) {
    const PipelineWork* work = state_.Find(name.first);
    if (work == nullptr) continue;
    auto run = work->runs.find(name.second);
    if (run == work->runs.end()) continue;
    const InstanceRecord& instance = run->second.instance;
    EffectRecord effect;
    effect.key = "check/" + instance.id;
    effect.kind = EffectKind::kLaunchResource;
    effect.object = instance.component;
    effect.instance = instance.id;
    effect.attempt = instance.attempts;
    effect.name = instance.worker_group;  // of a resource, its workers' group is the cluster's name
    effect.decided_at = instance.launched_at.value_or(clock_.Now());
    EffectJob job{pipeline, effect, {}, 0};
    if (auto objects = EffectObjects(state_, pipeline.id, effect))
      job.objects = *std::move(objects);
    executor_.AddCheck(std::move(job));
  }
}

}  // namespace penstock
