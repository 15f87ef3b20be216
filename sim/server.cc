#include "sim/server.h"

#include <fmt/core.h>

#include "base/check.h"

namespace penstock::sim {

using engine::State;
using engine::Write;

void Server::Put(Rows& rows, const std::vector<Write>& writes) {
  const auto mix = [this](std::string_view bytes) {
    for (const char byte : bytes) trace = (trace ^ static_cast<uint8_t>(byte)) * 1099511628211u;
  };
  for (const Write& write : writes) {
    const std::string key = engine::RecordKey(write);
    if (std::holds_alternative<engine::ErasePipeline>(write.change)) {
      for (auto it = rows.lower_bound(key); it != rows.end() && it->first.starts_with(key);)
        it = rows.erase(it);
    } else if (std::holds_alternative<engine::EraseRecord>(write.change)) {
      rows.erase(key);
    } else {
      std::string value = engine::EncodeRecord(write.change);
      mix(key);
      mix(value);
      rows[key] = std::move(value);
    }
  }
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
