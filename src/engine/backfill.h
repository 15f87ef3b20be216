// The past of a schedule, at the moment a pipeline is activated. AWS runs all of it, one interval
// after the other; in the `open` profile more of it than a few days' worth must be asked for,
// because a start date is easily mistyped and a thousand runs are not easily taken back.
//
// myBackfill, a user field (on Default, for all) or a parameter value, which wins, says what is
// wanted: `all`; `latest`, for the newest past interval of each schedule alone; or `none`. What is
// not wanted is passed over: it gets no instance, and nothing waits for it. A schedule that lies
// wholly in the past is itself the wish to run it, so that it is never refused.
#pragma once

#include <optional>

#include "engine/draft.h"

namespace penstock::engine {

/// Passes over what `myBackfill` does not want. A Refusal when an activation would make more past
/// instances than options().backfill_max and nobody said that this is meant, or when `myBackfill`
/// is another word. Does nothing under the published limits, nor for what has begun already.
/// REQUIRES: the new definition is active, `skip_before` is set; not on demand.
std::optional<Refusal> DecideBackfill(Draft& draft, PipelineState before);

}  // namespace penstock::engine
