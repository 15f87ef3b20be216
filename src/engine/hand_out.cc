#include "engine/hand_out.h"

#include <fmt/core.h>

#include "engine/runtime_fields.h"
#include "engine/runtime_scope.h"

namespace penstock::engine {
namespace {

Surroundings Around(const PipelineWork& work, const CompiledDefinition& definition) {
  return {work.key, definition, [&work](std::string_view id) -> const InstanceRecord* {
            auto it = work.runs.find(id);
            return it == work.runs.end() || it->second.instance.id.empty() ? nullptr
                                                                           : &it->second.instance;
          }};
}

}  // namespace

Result<std::vector<PipelineObject>> EffectObjects(const State& state, std::string_view pipeline,
                                                  const EffectRecord& effect) {
  // These carry what they need: a machine is ended after its pipeline is deleted, too.
  if (effect.kind == EffectKind::kPublishAlarm || effect.kind == EffectKind::kTerminateResource) {
    return std::vector<PipelineObject>{{effect.object, effect.object, effect.fields}};
  }
  const PipelineWork* work = state.Find(pipeline);
  if (work == nullptr || work->deleted)
    return NotFound(fmt::format("pipeline {} is deleted", pipeline));
  auto run = work->runs.find(effect.instance);
  if (run == work->runs.end()) return NotFound(fmt::format("{} has ended", effect.instance));
  const CompiledDefinition* definition = work->Version(run->second.instance.version);
  if (definition == nullptr)
    return NotFound(fmt::format("pipeline {} has no active definition", pipeline));
  const Surroundings around = Around(*work, *definition);
  const InstanceScope scope(around, run->second.instance);
  return ObjectsOf(around, scope, effect.instance,
                   InstanceRuntimeFields(work->key, run->second.instance), Secrets::kClear);
}

}  // namespace penstock::engine
