// Deactivation and taking up again. What a deactivation stops shows as CANCELED but keeps its
// place: the next activation goes on with it, so that the pipeline resumes after the last completed
// run, or skips it when told to start later.
#pragma once

#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// DeactivatePipeline. Done or a Refusal.
Reply DeactivatePipeline(Draft& draft, bool cancel_active);

/// Stops one unfinished instance of a pipeline that is being deactivated; for good if it is on
/// demand.
void Stop(Draft& draft, const std::string& instance);

/// Takes up what the deactivation stopped; what starts before `skip_before` becomes SKIPPED.
void ResumeAll(Draft& draft, std::optional<Instant> skip_before);

}  // namespace penstock::engine
