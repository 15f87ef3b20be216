// The objects that whoever executes an effect gets to see: evaluated, with everything they refer
// to. SECRETS ARE IN CLEAR.
#pragma once

#include <vector>

#include "base/result.h"
#include "engine/state.h"

namespace penstock::engine {

/// For an effect about to be executed: the resource, precondition or action first, then all it
/// refers to. An error (kNotFound) when its instance is gone, or that of an expression that does
/// not evaluate: answer with EffectDone kFailed. kTerminateResource and kPublishAlarm need nothing
/// but their own `fields`.
Result<std::vector<PipelineObject>> EffectObjects(const State& state, std::string_view pipeline,
                                                  const EffectRecord& effect);

}  // namespace penstock::engine
