// The one place where an unfinished instance is looked at and goes as far as it can; and the loop
// that does so until nothing is left to do.
#pragma once

#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// Takes one instance as far as it can go now. Nothing if it ended.
void Advance(Draft& draft, const std::string& instance);

/// Advances everything touched, then the pipeline's own state and the times of its next instances.
void Settle(Draft& draft);

}  // namespace penstock::engine
