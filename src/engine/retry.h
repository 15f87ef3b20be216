// How often and when an object tries again. (Developer Guide: maximumRetries, retryDelay; A2.)
#pragma once

#include "engine/options.h"
#include "engine/plan.h"
#include "time/instant.h"

namespace penstock::engine {

/// Retries after the first attempt. Of a resource: launches.
int MaximumRetries(const EngineOptions& options, const Component& component);
/// When the attempt after one that failed `now` may be made.
Instant RetryAt(const EngineOptions& options, const Component& component, Instant now);
/// When an unmet precondition that the service checks is checked again.
Instant NextCheckAt(const EngineOptions& options, const Component& component, Instant now);
/// The longest silence of a worker.
Instant SilentUntil(const EngineOptions& options, const Component& component, Instant reported_at);

}  // namespace penstock::engine
