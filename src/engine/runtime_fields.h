// What DescribeObjects, QueryObjects and DescribePipelines show: records as pipeline objects with
// AWS's field names,
// @sphere first. Secrets are masked. For readers of the store; works on records alone.
#pragma once

#include <string>
#include <vector>

#include "definition/definition.h"
#include "engine/record.h"
#include "engine/state.h"

namespace penstock::engine {

/// What the engine knows of an instance or attempt, without the user's fields.
std::vector<Field> InstanceRuntimeFields(const PipelineKey& key, const InstanceRecord& instance);
std::vector<Field> AttemptRuntimeFields(const PipelineKey& key, const InstanceRecord& instance,
                                        const AttemptRecord& attempt);

/// The fields of DescribePipelines. `components`: all of the pipeline, for its health and times.
std::vector<Field> PipelineFields(const PipelineKey& key, const PipelineRecord& record,
                                  const std::vector<ComponentRecord>& components);

/// A component: runtime fields, then the user's own. `record` is nullptr when nothing ran yet.
/// `state`: of the pipeline.
PipelineObject ComponentObject(const PipelineKey& key, const PipelineRecord& pipeline,
                               const CompiledDefinition& definition,
                               const PipelineObject& component, const ComponentRecord* record,
                               const std::vector<std::string>& active_instances = {});

/// An instance: runtime fields, then the component's, evaluated if `evaluate`. `definition` is the
/// version it was made under, or the active one when that is gone.
PipelineObject InstanceObject(const PipelineKey& key, const CompiledDefinition& definition,
                              const InstanceRecord& instance, bool evaluate);

/// An attempt. `instance` is the one it belongs to.
PipelineObject AttemptObject(const PipelineKey& key, const CompiledDefinition& definition,
                             const InstanceRecord& instance, const AttemptRecord& attempt,
                             bool evaluate);

}  // namespace penstock::engine
