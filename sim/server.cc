#include "sim/server.h"

#include <fmt/core.h>

#include "base/check.h"

namespace penstock::sim {

using engine::Decision;
using engine::Event;
using engine::State;
using engine::Write;

Server::Server(const engine::EngineOptions& options, const Weather& weather, Dice& dice,
               Checkers& checkers, Mutation mutation)
    : options_(options),
      weather_(weather),
      dice_(dice),
      checkers_(checkers),
      mutation_(std::move(mutation)) {
  memory_.options = options;
}

void Server::Load(const Event& event) {
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

std::optional<Decision> Server::Serve(const Event& event, bool faults) {
  ++events;
  lost.clear();
  Event heard = event;
  if (mutation_.hears) mutation_.hears(disk_, heard);
  Load(heard);
  Decision decision = engine::Decide(memory_, heard);
  if (mutation_.decides) mutation_.decides(disk_, event, decision);
  const bool commits = !decision.writes.empty();
  const auto observe = [&](std::string_view fate) {
    if (observer) observer(event, decision, fate);
  };
  const auto never = [&]() -> std::optional<Decision> {
    lost = decision.writes;
    if (mutation_.answers_early) return std::move(decision);
    return std::nullopt;
  };
  if (faults && commits && dice_.Percent(weather_.crash_before)) {
    observe("lost in a crash");
    Recover();
    return never();
  }
  engine::Undo undo = engine::ApplyWithUndo(memory_, decision.writes);
  if (mutation_.decides) decision.wake_at = engine::NextWake(memory_);
  if (faults && commits && dice_.Percent(weather_.commit_fails)) {
    observe("not committed");
    ++failed_commits;
    if (!mutation_.keeps_failed_commits) engine::Revert(memory_, std::move(undo));
    checkers_.Equal(Fingerprint(memory_), Fingerprint(Replay(disk_, options_)),
                    "a failed commit was not taken back");
    return never();
  }
  checkers_.BeforeCommit(disk_, event, decision);
  Store(decision.writes);
  checkers_.AfterCommit(disk_, event, decision);
  if (decision.wake_at != engine::NextWake(memory_))
    checkers_.Fail("wake_at is not the next timer");
  if (commits && dice_.Percent(3)) {
    checkers_.Equal(Fingerprint(memory_), Fingerprint(Replay(disk_, options_)),
                    "memory differs from the store");
  }
  if (faults && commits && dice_.Percent(weather_.crash_after)) {
    observe("committed, then a crash");
    Recover();
    return std::nullopt;
  }
  observe("committed");
  return decision;
}

void Server::Store(const std::vector<Write>& decided) {
  std::vector<Write> writes = decided;
  if (mutation_.commits) mutation_.commits(disk_, writes);
  for (const Write& write : writes) {
    const std::string key = engine::RecordKey(write);
    if (std::holds_alternative<engine::ErasePipeline>(write.change)) {
      for (auto it = disk_.lower_bound(key); it != disk_.end() && it->first.starts_with(key);)
        it = disk_.erase(it);
    } else if (std::holds_alternative<engine::EraseRecord>(write.change)) {
      disk_.erase(key);
    } else {
      std::string value = engine::EncodeRecord(write.change);
      Mix(key);
      Mix(value);
      disk_[key] = std::move(value);
    }
  }
}

void Server::Recover() {
  ++crashes;
  checkers_.Crashed();
  ++generation;
  if (mutation_.crashes) mutation_.crashes(disk_);
  memory_ = Replay(disk_, options_);
}

void Server::Mix(std::string_view bytes) {
  for (const char byte : bytes) trace = (trace ^ static_cast<uint8_t>(byte)) * 1099511628211u;
}

std::vector<std::pair<std::string, engine::EffectRecord>> Server::Outbox() const {
  std::vector<std::pair<std::string, engine::EffectRecord>> effects;
  for (const auto& [id, work] : memory_.pipelines) {
    for (const auto& [key, effect] : work.effects) effects.emplace_back(id, effect);
  }
  return effects;
}

State Replay(const Rows& disk, const engine::EngineOptions& options) {
  State state;
  state.options = options;
  std::vector<Write> writes;
  for (const auto& [key, value] : disk) {
    auto write = engine::DecodeRecord(key, value);
    CHECK(write.has_value());
    if (engine::IsWorkingSet(write->change)) writes.push_back(*std::move(write));
  }
  engine::Apply(state, writes);
  return state;
}

std::string Fingerprint(const State& state) {
  std::string text;
  for (const auto& timer : state.timers) {
    text +=
        fmt::format("timer {} {} {}\n", FormatIsoMillis(timer.at), timer.pipeline, timer.subject);
  }
  for (const auto& [group, offered] : state.offered) {
    for (const auto& task : offered)
      text += fmt::format("offer {} {} {}\n", group.second, task.pipeline, task.instance);
  }
  for (const auto& [unique, id] : state.by_unique_id)
    text += fmt::format("unique {} {}\n", std::get<3>(unique), id);
  for (const auto& [id, work] : state.pipelines) {
    text += fmt::format("pipeline {} {}\n", id, work.deleted) + engine::EncodeRecord(work.record);
    for (const auto& [version, definition] : work.definitions)
      text += fmt::format("\ndefinition {}\n", version);
    for (const auto& [name, component] : work.components) text += engine::EncodeRecord(component);
    for (const auto& [name, run] : work.runs) {
      text += engine::EncodeRecord(run.instance);
      if (run.attempt) text += engine::EncodeRecord(*run.attempt);
    }
    for (const auto& [key, effect] : work.effects) text += engine::EncodeRecord(effect);
    for (const auto* index : {&work.dependents, &work.users, &work.by_component}) {
      for (const auto& [a, b] : *index) text += fmt::format("\n{} {}", a, b);
    }
  }
  return text;
}

}  // namespace penstock::sim
