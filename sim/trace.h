// What happened in a world, for whoever has to find out why: one line for each event that changed
// something, and one for each change.
#pragma once

#include <string>

#include "engine/decision.h"
#include "engine/event.h"

namespace penstock::sim {

/// Several lines, each ending in a line feed; empty when nothing was written and nothing refused.
std::string Describe(const engine::Event& event, const engine::Decision& decision);

}  // namespace penstock::sim
