// Attempts at activities and at preconditions that workers check: making one, failing one.
#pragma once

#include <string>

#include "engine/draft.h"
#include "engine/outcome.h"

namespace penstock::engine {

/// Puts the instance on offer to its worker group: a new attempt, or the one that was withdrawn
/// from a lost machine. REQUIRES: nothing else is missing.
void MakeAttempt(Draft& draft, const std::string& instance);

/// Ends the live attempt as failed. The instance tries again after retryDelay, or fails when its
/// tries are spent.
void FailAttempt(Draft& draft, const std::string& instance, const Failure& why);

}  // namespace penstock::engine
