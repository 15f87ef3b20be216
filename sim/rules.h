// What must hold of one instance and of one attempt whenever a decision changed it. Each looks at
// what the disk had before and has after, at the event, and at the definition; none asks the engine
// how it came to it.
#pragma once

#include <map>
#include <string>

#include "engine/engine.h"
#include "engine/options.h"

namespace penstock::sim {

/// The disk: what the store keeps.
using Rows = std::map<std::string, std::string>;

/// What the rules see of a change.
struct Scene {
  const Rows& disk;  // after the commit
  const engine::EngineOptions& options;
  const engine::Event& event;
  const engine::Decision& decision;
  const engine::PipelineKey& key;
  Instant latest;  // the latest time that any event had
};

struct InstanceChange {
  const engine::CompiledDefinition& definition;  // that it was made under
  const engine::Component& component;
  const engine::InstanceRecord* before;  // nullptr: it is new
  const engine::InstanceRecord& after;
  bool began;         // it was at work before, or is now
  int attempts_used;  // since it was made, rerun or resumed; unmet preconditions not counted
};
/// The broken rule, with details; empty when all hold.
std::string CheckInstanceRules(const Scene& scene, const InstanceChange& change);

struct AttemptChange {
  const engine::CompiledDefinition& made_under;  // the text when its instance was made
  const engine::Component& component;
  const engine::InstanceRecord& instance;  // after
  const engine::AttemptRecord* before;     // nullptr: it is new
  const engine::AttemptRecord* previous;   // the one before it; nullptr: there is none
  const engine::AttemptRecord& after;
  bool first;  // since the instance was made, rerun or resumed
};
std::string CheckAttemptRules(const Scene& scene, const AttemptChange& change);

}  // namespace penstock::sim
