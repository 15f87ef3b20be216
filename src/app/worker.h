// penstock worker: a Task Runner process.
#pragma once

#include <stop_token>

#include "app/service_places.h"
#include "base/result.h"
#include "cli/command_line.h"

namespace penstock {

/// Runs until `stop` or until the service asks it to end. `places` has the process's environment;
/// what the command line and the environment say of endpoints and keys is added to it.
Status RunWorker(const WorkerCommand& command, ServicePlacesOptions places, std::stop_token stop);

}  // namespace penstock
