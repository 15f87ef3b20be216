// Preconditions are checked again each retryDelay until met or preconditionTimeout has passed since
// the first check. Those that the service checks itself (S3KeyExists, S3PrefixNotEmpty,
// DynamoDBDataExists, DynamoDBTableExists) have one attempt, polled by effects; an error in
// checking is a failed attempt. A worker's have an attempt for each check. (Developer Guide:
// "Preconditions".)
#pragma once

#include <string>

#include "engine/draft.h"
#include "engine/outcome.h"

namespace penstock::engine {

/// Makes the next check if it is due. REQUIRES: managed by the service, nothing missing.
void AdvanceCheck(Draft& draft, const std::string& instance);

/// Whether its preconditionTimeout is over, in which case it is FAILED now. Any precondition.
/// REQUIRES: unfinished.
bool FailIfUnmetForTooLong(Draft& draft, const std::string& instance);

/// A check ended.
void CheckDone(Draft& draft, const std::string& instance, const EffectDone& done);

/// Takes back a check in flight, if there is one.
void EraseCheck(Draft& draft, const InstanceRecord& record);

}  // namespace penstock::engine
