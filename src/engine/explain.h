// Why an instance waits, in one sentence: what @waitingOn's neighbour, `penstock status` and the
// console show.
#pragma once

#include <string>
#include <vector>

#include "definition/definition.h"
#include "engine/draft.h"

namespace penstock::engine {

/// Brings an instance's waiting_reason and wake_at up to date with the rest of it.
void Explain(Draft& draft, const std::string& instance);

/// Sets each key of `from` in `into`, in place where it exists.
void MergeFields(std::vector<Field>& into, const std::vector<Field>& from);

}  // namespace penstock::engine
