// The engine's working set: every pipeline's record and definition, and its unfinished instances.
// Built only from records (Apply, LoadHistory of engine/engine.h), so that memory always equals a
// replay of the store; the indexes below are derived from them. One thread owns a State.
// Partitioned by pipeline: nothing in one PipelineWork depends on another.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/compiled_definition.h"
#include "engine/options.h"
#include "engine/record.h"

namespace penstock::engine {

/// An instance with its newest attempt, as far as they matter still.
struct Run {
  InstanceRecord instance;
  std::optional<AttemptRecord> attempt;  // the newest; absent before the first and when it ended
  bool history = false;                  // loaded for one decision; forgotten by the next Apply
};

/// One pipeline in memory.
struct PipelineWork {
  PipelineKey key;
  bool deleted = false;  // only the tombstone, and effects that clean up, are left
  PipelineRecord record;
  std::map<uint64_t, PackedDefinition> definitions;  // by version
  std::map<std::string, ComponentRecord, std::less<>> components;
  std::map<std::string, Run, std::less<>> runs;  // by instance id: unfinished, or to be resumed
  std::map<std::string, EffectRecord, std::less<>> effects;

  // Derived.
  std::set<std::pair<std::string, std::string>>
      dependents;  // (instance waited for, instance that waits)
  std::set<std::pair<std::string, std::string>>
      users;  // (resource instance, instance that runs on it)
  std::set<std::pair<std::string, std::string>> by_component;  // (component, unfinished instance)

  /// The definition whose text runs now; nullptr before the first activation. Lives, like that of
  /// Version(), until the next Apply.
  const CompiledDefinition* Active() const;
  /// The one an instance was made under, else the active one.
  const CompiledDefinition* Version(uint64_t version) const;
};

/// Something to look at when its time comes.
struct Timer {
  Instant at{};
  std::string pipeline;
  enum class Kind : uint8_t { kComponent, kInstance } kind = Kind::kInstance;
  std::string
      subject;  // component id: make its next instance; instance id: look at it and its attempt
  auto operator<=>(const Timer&) const = default;
};

/// A task on offer, in the order of hand-out.
struct Offered {
  Instant since{};
  std::string pipeline;
  std::string instance;
  auto operator<=>(const Offered&) const = default;
};

struct State {
  EngineOptions options;
  std::shared_ptr<CompiledCache> compiled = std::make_shared<CompiledCache>();  // of all pipelines
  std::map<std::string, PipelineWork, std::less<>> pipelines;                   // by pipeline id

  // Derived.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::string>
      by_unique_id;  // (account, region, name, uniqueId) -> pipeline id
  std::set<Timer> timers;
  std::map<std::pair<Scope, std::string>, std::set<Offered>> offered;  // by scope and worker group

  std::vector<std::pair<std::string, std::string>> history;  // (pipeline, instance) to be forgotten

  /// The pipeline, or nullptr; deleted ones included.
  const PipelineWork* Find(std::string_view pipeline) const;
};

}  // namespace penstock::engine
