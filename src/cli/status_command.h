// penstock status: one line per instance of a pipeline, read over the Data Pipeline API.
#pragma once

#include <ostream>
#include <string>

#include "aws/data_pipeline_client.h"

namespace penstock {

/// Prints `pipeline`'s state and its instances, sorted by scheduled start and name:
///   <instance>  <status>  <what it waits for, its error, or its figures>  <log location>
/// Returns an exit code: 0 printed, 1 no such pipeline, 2 the server could not be asked.
int PrintStatus(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out,
                std::ostream& err);

}  // namespace penstock
