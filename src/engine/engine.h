// The scheduling engine: every state transition of every pipeline, as pure functions of (state,
// event). No clock, no randomness, no I/O, no threads. The shell around it (scheduler/) commits the
// writes, then answers and executes effects.
//
//   for each event:   load what Needs(state, event) names;  d = Decide(state, event);  Apply(state,
//   d.writes) then:             one commit of all writes;  replies, effects, offers if that fails:
//   Revert each, newest first;  every caller hears of an internal error
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/decision.h"
#include "engine/event.h"
#include "engine/state.h"

namespace penstock::engine {

/// Decides what one event means. The same state and event give the same decision, in the same
/// order. Cost grows with what is due or touched, never with the number of other pipelines.
/// REQUIRES: everything that Needs(state, event) named was loaded, or does not exist.
Decision Decide(const State& state, const Event& event);

/// History that this event wants to see: instances that are not in memory, because they ended, if
/// they ever were. Give what is found to LoadHistory: the InstanceRecord and its AttemptRecord
/// numbered `attempts`. What ended earlier in the same batch is not in the store yet but among the
/// batch's writes: look there first.
struct Need {
  PipelineKey pipeline;
  std::string instance;  // id
  auto operator<=>(const Need&) const = default;
};
std::vector<Need> Needs(const State& state, const Event& event);

/// What takes one Apply back. Opaque to its holder.
struct Undo {
  std::vector<Write> inverse;  // newest first
  std::vector<std::pair<std::string, std::shared_ptr<PipelineWork>>> erased;
};

/// Makes the writes of one decision part of the state. Also how a state is rebuilt: apply the rows
/// of the store in any order. Instances that ended are forgotten (they live on in the store).
void Apply(State& state, std::span<const Write> writes);
/// The same, remembering how to take it back.
Undo ApplyWithUndo(State& state, std::span<const Write> writes);
/// Takes one Apply back. REQUIRES: it is the newest not yet taken back.
void Revert(State& state, Undo undo);

/// Brings history into memory for the next Decide; the next Apply forgets it again unless it became
/// unfinished.
void LoadHistory(State& state, const Write& record);

/// The next time at which anything can change by itself; nullopt if never. Equals the newest
/// decision's wake_at.
std::optional<Instant> NextWake(const State& state);

}  // namespace penstock::engine
