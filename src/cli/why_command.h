// penstock why: the chain from an instance that waits, or failed, to its root cause, read over the
// Data Pipeline API.
#pragma once

#include <ostream>
#include <string>

#include "aws/data_pipeline_client.h"

namespace penstock {

/// Prints the instance and, each further to the right, what it waits for or failed because of; the
/// last line of a branch is its root cause:
///   <instance>  <status>  <why>
///     <instance>  <status>  <why>
/// `instance` may also be the id of an attempt. Returns an exit code: 0 printed, 1 no such pipeline
/// or instance, 2 the server could not be asked.
int PrintWhy(const DataPipelineClient& client, const std::string& pipeline,
             const std::string& instance, std::ostream& out, std::ostream& err);

}  // namespace penstock
