// Cascading failure (failureAndRerunMode = cascade): what waits for something that failed fails
// with it. (Developer Guide: "Cascading Failures and Reruns".)
#pragma once

#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// Ends an instance whose dependency ended without finishing, if its component cascades:
/// CASCADE_FAILED with the chain to the origin, or CANCELED when it was its resource that failed.
/// Whether it did.
bool CascadeFailure(Draft& draft, const std::string& instance);

}  // namespace penstock::engine
