#include "sim/map_server.h"

#include <algorithm>

#include "sim/world.h"

namespace penstock::sim {

using engine::Decision;
using engine::Event;
using engine::EventBody;
using engine::Write;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Duration kClockCorrectionMax = minutes(1);  // as in scheduler/scheduler.cc
constexpr Duration kCheckInterval = minutes(1);       // between two looks at a running machine
constexpr int kIdleWakesMax = 3;

}  // namespace

MapServer::MapServer(World& world, const engine::EngineOptions& options, const Mutation& mutation)
    : world_(world), options_(options), mutation_(mutation) {
  memory_.options = options;
  world_.In(kCheckInterval, [this] { CheckResources(); });
}

Instant MapServer::Now() {
  const Instant now = world_.clock().Now();
  if (now < last_at_ && last_at_ - now <= kClockCorrectionMax) return last_at_;
  return last_at_ = now;
}

void MapServer::Serve(EventBody body, Answer answer) {
  if (const auto decision = Decide(std::move(body)); decision && answer) answer(*decision);
}

void MapServer::Report(EventBody body, std::function<void()> heard) {
  const uint64_t reported_to = generation;
  if (Decide(body)) {
    heard();
  } else if (generation == reported_to) {
    // Its commit failed.
    world_.In(seconds(1), [this, body = std::move(body), heard = std::move(heard), reported_to] {
      if (generation == reported_to) Report(body, heard);
    });
  }
}

std::optional<Instant> MapServer::NextDue() {
  const auto wake = engine::NextWake(memory_);
  if (!wake) return std::nullopt;
  // Where the server's clock stands still it is due sooner than it says.
  return *wake <= Now() ? world_.now() : *wake - world_.clock().skew();
}

void MapServer::Step() {
  const auto decision = Decide(engine::Wake{});
  idle_wakes_ = decision && decision->writes.empty() ? idle_wakes_ + 1 : 0;
  if (idle_wakes_ > kIdleWakesMax) world_.checkers().Fail("the engine wakes for nothing");
}

std::optional<Decision> MapServer::Decide(EventBody body) {
  Dice& dice = world_.dice();
  auto decision = DecideAndCommit(
      {Now(), {dice.Next(), dice.Next()}, {"000000000001", "us-east-1"}, std::move(body)});
  if (executing_generation_ != generation) {
    // A new server: it starts over with what the outbox has.
    executing_generation_ = generation;
    in_flight_.clear();
    if (!mutation_.forgets_outbox) {
      for (const auto& [id, work] : memory_.pipelines) {
        for (const auto& [key, effect] : work.effects) Execute(work.key, effect);
      }
    }
  } else if (decision) {
    ExecuteAll(decision->writes);
  }
  if (mutation_.starts_early) ExecuteAll(lost_);
  return decision;
}

void MapServer::Load(const Event& event) {
  for (const engine::Need& need : engine::Needs(memory_, event)) {
    if (mutation_.misses && mutation_.misses(need)) continue;
    auto row =
        disk_.find(engine::RecordKey(need.pipeline, engine::RecordKind::kInstance, need.instance));
    if (row == disk_.end()) continue;
    const Write instance = *engine::DecodeRecord(row->first, row->second);
    engine::LoadHistory(memory_, instance);
    const int attempts = std::get<engine::InstanceRecord>(instance.change).attempts;
    auto attempt = disk_.find(engine::RecordKey(need.pipeline, engine::RecordKind::kAttempt,
                                                engine::AttemptId(need.instance, attempts)));
    if (attempt != disk_.end())
      engine::LoadHistory(memory_, *engine::DecodeRecord(attempt->first, attempt->second));
  }
}

std::optional<Decision> MapServer::DecideAndCommit(const Event& event) {
  Dice& dice = world_.dice();
  Checkers& checkers = world_.checkers();
  const Weather& weather = world_.weather();
  ++events;
  lost_.clear();
  Event heard = event;
  if (mutation_.hears) mutation_.hears(disk_, heard);
  Load(heard);
  Decision decision = engine::Decide(memory_, heard);
  if (mutation_.decides) mutation_.decides(disk_, event, decision);
  const bool commits = !decision.writes.empty();
  const auto never = [&]() -> std::optional<Decision> {
    lost_ = decision.writes;
    if (mutation_.answers_early) return std::move(decision);
    return std::nullopt;
  };
  if (world_.storm() && commits && dice.Percent(weather.crash_before)) {
    Observe(event, decision, "lost in a crash");
    Recover();
    return never();
  }
  engine::Undo undo = engine::ApplyWithUndo(memory_, decision.writes);
  if (mutation_.decides) decision.wake_at = engine::NextWake(memory_);
  if (world_.storm() && commits && dice.Percent(weather.commit_fails)) {
    Observe(event, decision, "not committed");
    ++failed_commits;
    if (!mutation_.keeps_failed_commits) engine::Revert(memory_, std::move(undo));
    checkers.Equal(Fingerprint(memory_), Fingerprint(Replay(disk_, options_)),
                   "a failed commit was not taken back");
    return never();
  }
  checkers.BeforeCommit(disk_, event, decision);
  std::vector<Write> writes = decision.writes;
  if (mutation_.commits) mutation_.commits(disk_, writes);
  Put(disk_, writes);
  checkers.AfterCommit(disk_, event, decision);
  if (decision.wake_at != engine::NextWake(memory_)) checkers.Fail("wake_at is not the next timer");
  if (commits && dice.Percent(3)) {
    checkers.Equal(Fingerprint(memory_), Fingerprint(Replay(disk_, options_)),
                   "memory differs from the store");
  }
  if (world_.storm() && commits && dice.Percent(weather.crash_after)) {
    Observe(event, decision, "committed, then a crash");
    Recover();
    return std::nullopt;
  }
  Observe(event, decision, "committed");
  return decision;
}

void MapServer::Recover() {
  ++crashes;
  world_.checkers().Crashed();
  ++generation;
  if (mutation_.crashes) mutation_.crashes(disk_);
  memory_ = Replay(disk_, options_);
}

// ---- effects

void MapServer::ExecuteAll(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    if (const auto* effect = std::get_if<engine::EffectRecord>(&write.change))
      Execute(write.pipeline, *effect);
  }
}

void MapServer::Execute(const engine::PipelineKey& pipeline, const engine::EffectRecord& effect) {
  if (!in_flight_.insert(pipeline.id + effect.key).second) return;
  const int times = mutation_.executes ? mutation_.executes(effect) : 1;
  for (int i = 0; i < times; ++i) Try({pipeline, effect, {}, 0}, generation);
}

bool MapServer::IsWanted(const EffectJob& job, uint64_t of_generation) const {
  if (of_generation != generation) return false;  // that server died
  const engine::PipelineWork* work = memory_.Find(job.pipeline.id);
  return mutation_.ignores_withdrawal ||
         (work != nullptr && work->effects.contains(job.effect.key));
}

void MapServer::Try(EffectJob job, uint64_t of_generation) {
  // A deliberate fault may start what was never committed.
  if (!IsWanted(job, of_generation) && !(job.tries == 0 && mutation_.starts_early)) return;
  EffectResult result = world_.Execute(job, {});
  ++job.tries;
  const auto* finished = result ? std::get_if<EffectFinished>(&*result) : nullptr;
  const auto* pending = result ? std::get_if<EffectPending>(&*result) : nullptr;
  if (finished == nullptr) {
    const Duration pause = pending != nullptr ? pending->again_after : Duration(minutes(1));
    world_.In(pause, [this, job = std::move(job), of_generation] { Try(job, of_generation); });
    return;
  }
  engine::EffectDone done{job.pipeline.id,    job.effect.key,          finished->outcome,
                          finished->error_id, finished->error_message, finished->fields};
  world_.In(seconds(world_.dice().Between(1, 240)), [this, done = std::move(done), of_generation] {
    if (of_generation == generation) Report(done, [] {});
  });
}

void MapServer::CheckResources() {
  std::vector<EventBody> news;
  for (const auto& [id, work] : memory_.pipelines) {
    for (const auto& [name, run] : work.runs) {
      const engine::InstanceRecord& instance = run.instance;
      if (!instance.launched_at || instance.status != engine::RunStatus::kRunning) continue;
      EffectJob job{work.key, {}, {}, 0};
      job.effect.name = instance.worker_group;
      const auto health = world_.CheckResource(job, {});
      if (health->state == ResourceHealth::State::kGone) {
        news.push_back(engine::ResourceGone{id, name, instance.attempts, health->error_id,
                                            health->error_message});
      } else if (health->state == ResourceHealth::State::kWorkerReplaced) {
        news.push_back(engine::WorkerReplaced{id, name, instance.attempts});
      }
    }
  }
  for (EventBody& body : news) Report(std::move(body), [] {});
  world_.In(kCheckInterval, [this] { CheckResources(); });
}

}  // namespace penstock::sim
