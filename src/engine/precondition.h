// Preconditions that the service checks itself (S3KeyExists, S3PrefixNotEmpty, DynamoDBDataExists,
// DynamoDBTableExists): one attempt, polled by effects each retryDelay until met or
// preconditionTimeout has passed since the first check. An error in checking is a failed attempt.
// (Developer Guide: "Preconditions".)
#pragma once

#include <string>

#include "engine/draft.h"
#include "engine/outcome.h"

namespace penstock::engine {

/// Makes the next check if it is due. REQUIRES: managed by the service, nothing missing.
void AdvanceCheck(Draft& draft, const std::string& instance);

/// A check ended.
void CheckDone(Draft& draft, const std::string& instance, const EffectDone& done);

/// Takes back a check in flight, if there is one.
void EraseCheck(Draft& draft, const InstanceRecord& record);

}  // namespace penstock::engine
