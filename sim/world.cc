#include "sim/world.h"

#include <fmt/core.h>

#include "sim/workers.h"

namespace penstock::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kCalmDays = 12;
constexpr Duration kClockCorrectionMax = minutes(1);  // as in scheduler/scheduler.cc

// Far beyond what any world needs: a livelock, or timers that breed, is a broken rule, not a hang.
constexpr uint64_t kStepsMax = 10'000'000;
constexpr uint64_t kStepsAtOnceMax = 20'000;
constexpr size_t kTimersMax = 100'000;

}  // namespace

World::World(uint64_t seed, Mutation mutation)
    : dice_(seed),
      scenario_(Draw(dice_)),
      mutation_(std::move(mutation)),
      checkers_(scenario_.options),
      server_(scenario_.options, scenario_.weather, dice_, checkers_, mutation_),
      began_(*ParseDateTime("2024-02-28T00:00:00")),
      now_(began_),
      plans_(scenario_.pipelines) {}

void World::In(Duration delay, std::function<void()> what) {
  queue_.push({now_ + delay, order_++, std::move(what)});
}

Duration World::Latency() {
  if (storm_ && dice_.Percent(weather().late)) return seconds(dice_.Between(1, 300));
  return milliseconds(dice_.Between(1, 200));
}

Instant World::ServerNow() {
  const Instant now = now_ + skew_;
  if (now < last_at_ && last_at_ - now <= kClockCorrectionMax) return last_at_;
  return last_at_ = now;
}

engine::Event World::MakeEvent(engine::EventBody body) {
  return {
      ServerNow(), {dice_.Next(), dice_.Next()}, {"000000000001", "us-east-1"}, std::move(body)};
}

std::optional<engine::Decision> World::Serve(engine::EventBody body) {
  auto decision = server_.Serve(MakeEvent(std::move(body)), storm_);
  if (generation_ != server_.generation) {
    // A new server: it starts over with what the outbox has.
    generation_ = server_.generation;
    in_flight_.clear();
    if (!mutation_.forgets_outbox) {
      for (const auto& [pipeline, effect] : server_.Outbox()) Execute(pipeline, effect);
    }
  } else if (decision) {
    Watch(decision->writes);
  }
  if (mutation_.starts_early) Watch(server_.lost);
  return decision;
}

void World::Watch(const std::vector<engine::Write>& writes) {
  for (const engine::Write& write : writes) {
    if (const auto* effect = std::get_if<engine::EffectRecord>(&write.change))
      Execute(write.pipeline.id, *effect);
  }
}

std::optional<engine::Decision> World::Internal(engine::EventBody body) {
  return Serve(std::move(body));
}

void World::Request(engine::EventBody body, std::function<void(const engine::Decision&)> answer) {
  const int copies = 1 + (storm_ && dice_.Percent(weather().duplicate));
  for (int i = 0; i < copies; ++i) {
    if (storm_ && dice_.Percent(weather().loss)) continue;
    In(Latency(), [this, body, answer] {
      auto decision = Serve(body);
      if (!decision || (storm_ && dice_.Percent(weather().loss))) return;
      In(Latency(), [this, answer, decision = *std::move(decision)] {
        checkers_.Answered(server_.disk(), decision);
        answer(decision);
      });
    });
  }
}

void World::Until(Instant end) {
  int idle_wakes = 0;
  while (checkers_.broken().empty()) {
    CountStep();
    auto wake = engine::NextWake(server_.memory());
    // Where the server's clock stands still it is due sooner than it says.
    if (wake) wake = *wake <= ServerNow() ? now_ : *wake - skew_;
    const bool wakes = wake && *wake <= end && (queue_.empty() || *wake <= queue_.top().at);
    if (wakes) {
      now_ = std::max(now_, *wake);
      const auto decision = Internal(engine::Wake{});
      if (decision && decision->writes.empty()) {
        if (++idle_wakes > 3) checkers_.Fail("the engine wakes for nothing");
      } else {
        idle_wakes = 0;
      }
      continue;
    }
    if (queue_.empty() || queue_.top().at > end) break;
    Item item = queue_.top();
    queue_.pop();
    now_ = std::max(now_, item.at);
    item.what();
  }
  now_ = std::max(now_, end);
}

void World::CountStep() {
  steps_at_once_ = now_ == stepped_at_ ? steps_at_once_ + 1 : 0;
  stepped_at_ = now_;
  if (steps_at_once_ > kStepsAtOnceMax) checkers_.Fail("time does not pass: a livelock");
  if (++steps_ > kStepsMax) checkers_.Fail("the world does not come to an end");
  if (queue_.size() > kTimersMax) checkers_.Fail("timers breed");
}

// ---- clients

void World::Drive(size_t index) {
  const PipelinePlan& plan = scenario_.pipelines[index];
  const auto found = pipelines_.find(index);
  if (found == pipelines_.end()) {
    // Each step is repeated until it was answered: all of them are safe to repeat.
    Request(
        engine::CreatePipeline{fmt::format("p{}", index), fmt::format("u{}", index), "", "sim", {}},
        [this, index](const engine::Decision& decision) {
          const auto* created = std::get_if<engine::Created>(&decision.reply);
          if (created != nullptr) pipelines_.emplace(index, created->pipeline);
        });
  } else if (activations_[index] < plan.runs) {
    Activate(index, found->second);
  } else {
    return;
  }
  // One timer a pipeline, whatever the answers: answers come twice, and must not breed.
  const bool again = activations_[index] > 0;
  In(again ? Duration(minutes(dice_.Between(1, 300))) : Duration(seconds(dice_.Between(20, 120))),
     [this, index] { Drive(index); });
}

void World::Activate(size_t index, const std::string& id) {
  Request(engine::PutDefinition{id, plans_[index].definition},
          [this, index, id](const engine::Decision& decision) {
            const auto* stored = std::get_if<engine::DefinitionStored>(&decision.reply);
            if (stored == nullptr) return;
            for (const Problem& problem : stored->problems) {
              if (problem.severity == Severity::kWarning) continue;
              checkers_.Fail(fmt::format("the scenario's definition is invalid: {}.{}: {}",
                                         problem.object_id, problem.field, problem.message));
            }
            Request(engine::Activate{id, {}, {}}, [this, index](const engine::Decision& activated) {
              if (std::holds_alternative<engine::Done>(activated.reply)) ++activations_[index];
            });
          });
}

void World::Command() {
  if (storm_ && !pipelines_.empty() && dice_.Percent(weather().command)) {
    const size_t index =
        static_cast<size_t>(dice_.Below(static_cast<int>(scenario_.pipelines.size())));
    const auto found = pipelines_.find(index);
    if (found != pipelines_.end()) {
      const std::string& id = found->second;
      const PipelinePlan& plan = plans_[index];
      const auto ignore = [](const engine::Decision&) {};
      std::vector<std::string> instances;
      for (const auto& [key, pipeline] : ReadPipelines(server_.disk())) {
        if (key.id != id) continue;
        for (const auto& record :
             ReadAll<engine::InstanceRecord>(server_.disk(), key, engine::RecordKind::kInstance)) {
          instances.push_back(record.id);
        }
      }
      switch (dice_.Below(9)) {
        case 0:
          Request(engine::SetStatus{id, {dice_.Pick(plan.components)}, "PAUSE"}, ignore);
          break;
        case 1:
        case 2:
          Request(engine::SetStatus{id, {dice_.Pick(plan.components)}, "RESUME"}, ignore);
          break;
        case 3:
          Request(engine::Deactivate{id, dice_.Percent(50)}, ignore);
          break;
        case 4:
          Request(engine::Activate{id, {}, {}}, ignore);
          break;
        case 5:
          if (!plan.on_demand && dice_.Percent(20)) {
            Request(engine::Activate{id, {}, now_ - hours(dice_.Below(4))}, ignore);
          }
          break;
        case 6:
          if (!instances.empty())
            Request(engine::SetStatus{id, {dice_.Pick(instances)}, "TRY_CANCEL"}, ignore);
          break;
        case 7:
          if (!instances.empty())
            Request(engine::SetStatus{id, {dice_.Pick(instances)}, "RERUN"}, ignore);
          break;
        case 8:
          if (!instances.empty())
            Request(engine::SetStatus{id, {dice_.Pick(instances)}, "MARK_FINISHED"}, ignore);
          break;
      }
      if (dice_.Percent(2)) Request(engine::DeletePipeline{id}, ignore);
    }
  }
  In(minutes(1), [this] { Command(); });
}

void World::Edit() {
  if (!storm_) return;
  for (const auto& [index, id] : pipelines_) {
    if (activations_[index] == 0 || !dice_.Percent(weather().edit)) continue;
    DrawEdit(dice_, plans_[index]);
    const auto ignore = [](const engine::Decision&) {};
    Request(engine::PutDefinition{id, plans_[index].definition}, ignore);
    if (!plans_[index].on_demand) Request(engine::Activate{id, {}, {}}, ignore);
  }
  In(minutes(1), [this] { Edit(); });
}

void World::Settle() {
  if (storm_) return;
  for (const auto& [key, pipeline] : ReadPipelines(server_.disk())) {
    if (pipeline.state == engine::PipelineState::kInactive)
      Internal(engine::Activate{key.id, {}, {}});
    for (const auto& record :
         ReadAll<engine::ComponentRecord>(server_.disk(), key, engine::RecordKind::kComponent)) {
      if (record.paused) Internal(engine::SetStatus{key.id, {record.id}, "RESUME"});
    }
    for (const auto& record :
         ReadAll<engine::InstanceRecord>(server_.disk(), key, engine::RecordKind::kInstance)) {
      for (const std::string& blocker : record.blocked_by) {
        const auto now = ReadInstance(server_.disk(), key, blocker);
        if (!now || !engine::IsTerminal(now->status)) continue;
        Internal(engine::SetStatus{
            key.id, {blocker}, blocker.starts_with("@R") ? "RERUN" : "MARK_FINISHED"});
      }
    }
  }
  In(minutes(30), [this] { Settle(); });
}

bool World::AtRest() const {
  for (const auto& [id, work] : server_.memory().pipelines) {
    if (!work.effects.empty()) return false;
    if (work.deleted) continue;
    if (!work.runs.empty()) return false;
    const bool on_demand = work.Active() != nullptr && work.Active()->plan.on_demand;
    if (!on_demand && work.record.state != engine::PipelineState::kFinished) return false;
  }
  return pipelines_.size() == scenario_.pipelines.size();
}

// ---- effects and machines

void World::Execute(const std::string& pipeline, const engine::EffectRecord& effect) {
  if (!in_flight_.insert(pipeline + effect.key).second) return;
  const int times = mutation_.executes ? mutation_.executes(effect) : 1;
  for (int i = 0; i < times; ++i) ExecuteOnce(pipeline, effect);
}

void World::ExecuteOnce(const std::string& pipeline, const engine::EffectRecord& effect) {
  const uint64_t generation = generation_;
  const auto wanted = [this, pipeline, generation, key = effect.key] {
    if (generation != generation_) return false;  // that server died
    const engine::PipelineWork* work = server_.memory().Find(pipeline);
    return mutation_.ignores_withdrawal || (work != nullptr && work->effects.contains(key));
  };
  checkers_.Executed(pipeline, effect);
  const bool fails = storm_ && dice_.Percent(weather().effect_fails);
  const auto outcome = fails ? engine::EffectOutcome::kFailed : engine::EffectOutcome::kSucceeded;
  switch (effect.kind) {
    case engine::EffectKind::kLaunchResource:
      In(seconds(dice_.Between(1, 180)), [this, wanted, pipeline, effect, outcome, generation] {
        if (!wanted()) return;
        machines_.insert(effect.name);
        if (outcome == engine::EffectOutcome::kSucceeded && staffed_.insert(effect.name).second) {
          StartWorker(*this, effect.name, effect.name + "-1", true);
          StartWorker(*this, effect.name, effect.name + "-2", true);
        }
        Finish(pipeline, effect.key, outcome, generation);
      });
      break;
    case engine::EffectKind::kTerminateResource:
      In(seconds(dice_.Between(1, 120)), [this, wanted, pipeline, effect, generation] {
        if (!wanted()) return;
        machines_.erase(effect.name);
        Finish(pipeline, effect.key, engine::EffectOutcome::kSucceeded, generation);
      });
      break;
    case engine::EffectKind::kCheckPrecondition: {
      const bool unmet = storm_ && dice_.Percent(weather().precondition_unmet);
      Finish(pipeline, effect.key,
             fails   ? outcome
             : unmet ? engine::EffectOutcome::kUnmet
                     : engine::EffectOutcome::kSucceeded,
             generation);
      break;
    }
    case engine::EffectKind::kPublishAlarm:
      Finish(pipeline, effect.key, engine::EffectOutcome::kSucceeded, generation);
      break;
  }
}

void World::Finish(const std::string& pipeline, const std::string& key,
                   engine::EffectOutcome outcome, uint64_t generation) {
  In(seconds(dice_.Between(1, 240)), [this, pipeline, key, outcome, generation] {
    if (generation != generation_) return;
    const bool failed = outcome == engine::EffectOutcome::kFailed;
    Internal(engine::EffectDone{
        pipeline, key, outcome, failed ? "E" : "", failed ? "it would not" : "", {}});
    // The commit may have failed: it is said until the outbox forgets it.
    const engine::PipelineWork* work = server_.memory().Find(pipeline);
    if (generation == generation_ && work != nullptr && work->effects.contains(key))
      Finish(pipeline, key, outcome, generation);
  });
}

void World::Disturb() {
  if (!storm_) return;
  for (const auto& [id, work] : server_.memory().pipelines) {
    std::vector<engine::EventBody> news;
    for (const auto& [name, run] : work.runs) {
      if (!machines_.contains(run.instance.worker_group) ||
          run.instance.status != engine::RunStatus::kRunning)
        continue;
      if (!run.instance.component.starts_with("R")) continue;
      if (dice_.Percent(weather().worker_replaced)) {
        news.push_back(engine::WorkerReplaced{id, name, run.instance.attempts});
      } else if (dice_.Percent(weather().machine_lost)) {
        machines_.erase(run.instance.worker_group);
        news.push_back(engine::ResourceGone{id, name, run.instance.attempts, "Lost", "power cut"});
      }
    }
    for (engine::EventBody& body : news) Tell(std::move(body));
    if (!news.empty()) break;
  }
  In(minutes(10), [this] { Disturb(); });
}

void World::JumpClock() {
  if (!storm_) return;
  if (dice_.Percent(weather().clock_jump)) {
    const Duration jump = dice_.Percent(50) ? Duration(seconds(dice_.Between(1, 300)))
                                            : Duration(minutes(dice_.Between(1, 200)));
    skew_ += dice_.Percent(50) ? jump : -jump;
  }
  In(minutes(10), [this] { JumpClock(); });
}

void World::KillWorkerHost() {
  if (!storm_) return;
  if (dice_.Percent(weather().worker_host_dies)) {
    const std::string worker = dice_.Pick(workers_);
    if (dead_.insert(worker).second) {
      ++lives_[worker];
      ReportLost(worker);
    }
  }
  In(minutes(10), [this] { KillWorkerHost(); });
}

void World::ReportLost(const std::string& worker) {
  In(seconds(dice_.Between(1, 60)), [this, worker] {
    if (Internal(engine::WorkerLost{worker})) {
      dead_.erase(worker);
    } else {
      ReportLost(worker);
    }
  });
}

void World::Tell(engine::EventBody body) {
  In(minutes(1), [this, body = std::move(body)] {
    if (!Internal(body)) Tell(body);
  });
}

bool World::Run() {
  for (size_t i = 0; i < scenario_.pipelines.size(); ++i) Drive(i);
  for (int i = 0; i < scenario_.workers; ++i) {
    for (const char* group : {"g0", "g1"}) {
      workers_.push_back(fmt::format("{}-{}", group, i));
      StartWorker(*this, group, workers_.back(), false);
    }
  }
  Command();
  Edit();
  Disturb();
  JumpClock();
  KillWorkerHost();
  Until(began_ + hours(scenario_.storm_hours));
  storm_ = false;
  Settle();
  for (int day = 0; day < kCalmDays * 24 && checkers_.broken().empty() && !AtRest(); ++day)
    Until(now_ + hours(1));
  if (checkers_.broken().empty()) checkers_.AtRest(server_.disk(), machines_);
  return checkers_.broken().empty();
}

}  // namespace penstock::sim
