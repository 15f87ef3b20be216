#include "sim/world.h"

#include <fmt/core.h>

#include "sim/map_server.h"
#include "sim/real_server.h"
#include "sim/workers.h"

namespace penstock::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kCalmDays = 12;

// Far beyond what any world needs: a livelock, or timers that breed, is a broken rule, not a hang.
constexpr uint64_t kStepsMax = 10'000'000;
constexpr uint64_t kStepsAtOnceMax = 20'000;
constexpr size_t kTimersMax = 100'000;

}  // namespace

World::World(uint64_t seed, ServerKind kind, Mutation mutation)
    : dice_(seed),
      scenario_(Draw(dice_)),
      mutation_(std::move(mutation)),
      checkers_(scenario_.options),
      began_(*ParseDateTime("2024-02-28T00:00:00")),
      clock_(began_),
      plans_(scenario_.pipelines) {
  if (kind == ServerKind::kMap) {
    server_ = std::make_unique<MapServer>(*this, scenario_.options, mutation_);
  } else {
    server_ = std::make_unique<RealServer>(*this, scenario_.options, mutation_);
  }
}

World::~World() = default;

void World::In(Duration delay, std::function<void()> what) {
  queue_.push({now() + delay, order_++, std::move(what)});
}

Duration World::Latency() {
  if (storm_ && dice_.Percent(weather().late)) return seconds(dice_.Between(1, 300));
  return milliseconds(dice_.Between(1, 200));
}

void World::Request(engine::EventBody body, Server::Answer answer) {
  const int copies = 1 + (storm_ && dice_.Percent(weather().duplicate));
  for (int i = 0; i < copies; ++i) {
    if (storm_ && dice_.Percent(weather().loss)) continue;
    In(Latency(), [this, body, answer] {
      server_->Serve(body, [this, answer](const engine::Decision& decision) {
        if (storm_ && dice_.Percent(weather().loss)) return;
        In(Latency(), [this, answer, decision] {
          checkers_.Answered(server_->disk(), decision);
          answer(decision);
        });
      });
    });
  }
}

void World::Until(Instant end) {
  while (checkers_.broken().empty()) {
    CountStep();
    const auto due = server_->NextDue();
    if (due && *due <= end && (queue_.empty() || *due <= queue_.top().at)) {
      clock_.now = std::max(now(), *due);
      server_->Step();
      continue;
    }
    if (queue_.empty() || queue_.top().at > end) break;
    Item item = queue_.top();
    queue_.pop();
    clock_.now = std::max(now(), item.at);
    item.what();
  }
  clock_.now = std::max(now(), end);
}

void World::CountStep() {
  steps_at_once_ = now() == stepped_at_ ? steps_at_once_ + 1 : 0;
  stepped_at_ = now();
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
      for (const auto& [key, pipeline] : ReadPipelines(server_->disk())) {
        if (key.id != id) continue;
        for (const auto& record :
             ReadAll<engine::InstanceRecord>(server_->disk(), key, engine::RecordKind::kInstance)) {
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
            Request(engine::Activate{id, {}, now() - hours(dice_.Below(4))}, ignore);
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
  for (const auto& [key, pipeline] : ReadPipelines(server_->disk())) {
    if (pipeline.state == engine::PipelineState::kInactive)
      server_->Serve(engine::Activate{key.id, {}, {}}, nullptr);
    for (const auto& record :
         ReadAll<engine::ComponentRecord>(server_->disk(), key, engine::RecordKind::kComponent)) {
      if (record.paused) server_->Serve(engine::SetStatus{key.id, {record.id}, "RESUME"}, nullptr);
    }
    for (const auto& record :
         ReadAll<engine::InstanceRecord>(server_->disk(), key, engine::RecordKind::kInstance)) {
      for (const std::string& blocker : record.blocked_by) {
        const auto now = ReadInstance(server_->disk(), key, blocker);
        if (!now || !engine::IsTerminal(now->status)) continue;
        const char* status = blocker.starts_with("@R") ? "RERUN" : "MARK_FINISHED";
        server_->Serve(engine::SetStatus{key.id, {blocker}, status}, nullptr);
      }
    }
  }
  In(minutes(30), [this] { Settle(); });
}

bool World::AtRest() const {
  if (!server_->settled()) return false;
  for (const auto& [id, work] : server_->memory().pipelines) {
    if (!work.effects.empty()) return false;
    if (work.deleted) continue;
    if (!work.runs.empty()) return false;
    const bool on_demand = work.Active() != nullptr && work.Active()->plan.on_demand;
    if (!on_demand && work.record.state != engine::PipelineState::kFinished) return false;
  }
  return pipelines_.size() == scenario_.pipelines.size();
}

// ---- effects and machines

EffectResult World::Execute(const EffectJob& job, std::stop_token) {
  const std::string& name = job.effect.name;
  checkers_.Executed(server_->disk(), job.pipeline, job.effect, job.tries == 0);
  if (storm_ && dice_.Percent(weather().effect_fails / 4)) return Unavailable("no answer");
  // Whether it takes until `end`, and for how long still.
  const auto wait = [this](Instant end) { return EffectPending{end - now(), {}}; };
  const bool fails = storm_ && dice_.Percent(weather().effect_fails);
  const auto finish = [](engine::EffectOutcome outcome) -> EffectResult {
    const bool failed = outcome == engine::EffectOutcome::kFailed;
    return EffectFinished{outcome, failed ? "E" : "", failed ? "it would not" : "", {}};
  };
  switch (job.effect.kind) {
    case engine::EffectKind::kLaunchResource: {
      machines_.insert(name);
      const Instant end =
          starting_.try_emplace(name, now() + seconds(dice_.Between(1, 180))).first->second;
      if (now() < end) return wait(end);
      if (fails) return finish(engine::EffectOutcome::kFailed);
      if (staffed_.insert(name).second) {
        StartWorker(*this, name, name + "-1", true);
        StartWorker(*this, name, name + "-2", true);
      }
      return finish(engine::EffectOutcome::kSucceeded);
    }
    case engine::EffectKind::kTerminateResource: {
      const Instant end =
          ending_.try_emplace(name, now() + seconds(dice_.Between(1, 120))).first->second;
      if (now() < end) return wait(end);
      machines_.erase(name);
      return finish(engine::EffectOutcome::kSucceeded);
    }
    case engine::EffectKind::kCheckPrecondition:
      if (fails) return finish(engine::EffectOutcome::kFailed);
      return finish(storm_ && dice_.Percent(weather().precondition_unmet)
                        ? engine::EffectOutcome::kUnmet
                        : engine::EffectOutcome::kSucceeded);
    case engine::EffectKind::kPublishAlarm:
      return finish(engine::EffectOutcome::kSucceeded);
  }
  return finish(engine::EffectOutcome::kFailed);
}

Result<ResourceHealth> World::CheckResource(const EffectJob& job, std::stop_token) {
  const std::string& name = job.effect.name;
  if (!machines_.contains(name))
    return ResourceHealth{ResourceHealth::State::kGone, "Lost", "power cut"};
  if (replaced_.erase(name) > 0)
    return ResourceHealth{ResourceHealth::State::kWorkerReplaced, "", ""};
  return ResourceHealth{};
}

// ---- trouble

void World::Disturb() {
  if (!storm_) return;
  for (const std::string& name : std::vector(staffed_.begin(), staffed_.end())) {
    if (!machines_.contains(name)) continue;
    if (dice_.Percent(weather().worker_replaced)) {
      replaced_.insert(name);
    } else if (dice_.Percent(weather().machine_lost)) {
      machines_.erase(name);
    } else {
      continue;
    }
    break;
  }
  In(minutes(10), [this] { Disturb(); });
}

void World::JumpClock() {
  if (!storm_) return;
  if (dice_.Percent(weather().clock_jump)) {
    const Duration jump = dice_.Percent(50) ? Duration(seconds(dice_.Between(1, 300)))
                                            : Duration(minutes(dice_.Between(1, 200)));
    clock_.Jump(dice_.Percent(50) ? jump : -jump);
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
    const uint64_t told = server_->generation;
    server_->Report(engine::WorkerLost{worker}, [this, worker] { dead_.erase(worker); });
    // A server that died meanwhile is told again.
    In(minutes(1), [this, worker, told] {
      if (server_->generation != told && dead_.contains(worker)) ReportLost(worker);
    });
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
    Until(now() + hours(1));
  if (checkers_.broken().empty()) checkers_.AtRest(server_->disk(), machines_);
  return checkers_.broken().empty();
}

}  // namespace penstock::sim
