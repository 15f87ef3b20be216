// Simulated workers: they poll, work, report, hang, come back too late, and die.
#pragma once

#include <string>

#include "engine/event.h"

namespace penstock::sim {

class World;

/// Starts one worker of a group, for ever; on a machine (named like the group) until it is gone.
void StartWorker(World& world, const std::string& group, const std::string& name, bool on_machine);

}  // namespace penstock::sim
