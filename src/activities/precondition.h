// The preconditions that the server itself checks (system-managed): S3KeyExists, S3PrefixNotEmpty,
// DynamoDBTableExists, DynamoDBDataExists. One check each call; waiting between checks is the
// engine's.
#pragma once

#include <stop_token>
#include <vector>

#include "activities/activity.h"
#include "definition/definition.h"

namespace penstock {

/// Whether the precondition (first of `objects`, evaluated) holds now. kUnavailable: could not be
/// asked, try again soon; another error: it cannot be checked as it stands (no permission, no such
/// bucket), with what to do.
Result<bool> CheckPrecondition(const std::vector<PipelineObject>& objects,
                               const std::string& region, const ClientContext& clients,
                               ServiceDirectory& services, std::stop_token stop);

}  // namespace penstock
