// A pipeline's own life: created, given definitions, activated, tagged, finished, deleted.
#pragma once

#include "engine/draft.h"

namespace penstock::engine {

/// PutPipelineDefinition: DefinitionStored, or a Refusal when a problem is fatal.
Reply StoreDefinition(Draft& draft, const PutDefinition& put);

/// ActivatePipeline: Done or a Refusal.
Reply ActivatePipeline(Draft& draft, const Activate& activate);

/// AddTags, RemoveTags: Done or a Refusal.
Reply ChangeTags(Draft& draft, const AddTags& add);
Reply ChangeTags(Draft& draft, const RemoveTags& remove);

/// After something ended: DEACTIVATING becomes INACTIVE, SCHEDULED becomes FINISHED when every
/// schedule is exhausted and nothing is unfinished (A11).
void SettlePipeline(Draft& draft);

/// DeletePipeline: everything goes but a tombstone and the effects that end machines.
void DeletePipelineInto(Decision& decision, const State& state, const PipelineWork& work,
                        Instant now);

}  // namespace penstock::engine
