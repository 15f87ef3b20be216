// How an instance ends, and what follows from it: its attempt, health, those that waited, its
// resource, its actions.
#pragma once

#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// Why something failed, as users see it.
struct Failure {
  std::string id;       // errorId
  std::string message;  // what was attempted, what happened, what to do
  std::string stack_trace;
};

/// Ends an unfinished instance. Those that wait for it are touched, not advanced.
/// REQUIRES: `outcome` is terminal, the instance is not.
void End(Draft& draft, const std::string& instance, RunStatus outcome, const Failure& why = {});

/// What an instance that ended means for its component: health (by whatever ended last) and the
/// latest completed run.
void NoteOnComponent(Draft& draft, const InstanceRecord& instance);

/// Takes `instance` off the waiting lists: it is FINISHED (or ready, if a resource).
void Release(Draft& draft, const std::string& instance);

/// Tells those that wait for `instance` that they will wait in vain: it ended, and not FINISHED.
void Block(Draft& draft, const std::string& instance);

}  // namespace penstock::engine
