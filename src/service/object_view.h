// ObjectView: the objects of one pipeline as readers see them: components from the definition,
// instances and attempts from the store, with AWS's field names and secrets masked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "definition/evaluate.h"
#include "engine/record.h"
#include "engine/state.h"
#include "service/definition_cache.h"
#include "store/store.h"

namespace penstock {

/// Lives for one request. Borrows snapshot and cache.
class ObjectView {
 public:
  ObjectView(StoreSnapshot& snapshot, DefinitionCache& cache, engine::PipelineKey key,
             engine::PipelineRecord record)
      : snapshot_(snapshot), cache_(cache), key_(std::move(key)), record_(std::move(record)) {}

  /// A component as it stands: of the active definition, and where that has none of this id, of the
  /// latest.
  struct Component {
    std::shared_ptr<const engine::CompiledDefinition> definition;
    const PipelineObject* object;
  };
  /// All components: those of the active definition in its order, then those only the latest has.
  Result<std::vector<Component>> Components();
  Result<std::optional<Component>> FindComponent(std::string_view id);

  /// A component with its runtime fields.
  Result<PipelineObject> Describe(const Component& component, const engine::ComponentRecord* record,
                                  bool with_instances);
  /// A component, instance or attempt by its id; nullopt if the pipeline has no such object.
  Result<std::optional<PipelineObject>> Describe(std::string_view id, bool evaluate);

  /// The definition an instance was made under, else the active one, else the latest; nullptr if
  /// there is none at all.
  Result<std::shared_ptr<const engine::CompiledDefinition>> DefinitionOf(
      const engine::InstanceRecord& instance);

  StoreSnapshot& snapshot() { return snapshot_; }
  const engine::PipelineKey& key() const { return key_; }
  const engine::PipelineRecord& record() const { return record_; }

 private:
  Result<std::shared_ptr<const engine::CompiledDefinition>> Version(uint64_t version);

  StoreSnapshot& snapshot_;
  DefinitionCache& cache_;
  const engine::PipelineKey key_;
  const engine::PipelineRecord record_;
};

/// A described object as a scope of expressions: its runtime fields are those described, its
/// references lead to other described instances. Not thread-safe.
class DescribedScope : public RuntimeScope {
 public:
  DescribedScope(ObjectView& view, PipelineObject object, std::string component_id);
  ~DescribedScope() override;

  std::string_view ComponentId() const override { return component_id_; }
  std::string Id() const override { return object_.id; }
  std::optional<expr::Value> RuntimeField(std::string_view name) const override;
  const RuntimeScope* Target(std::string_view field, std::string_view component_id) const override;
  const RuntimeScope* Node() const override;

 private:
  const RuntimeScope* Instance(const std::string& id) const;

  ObjectView& view_;
  const PipelineObject object_;
  const std::string component_id_;
  mutable std::map<std::string, std::unique_ptr<DescribedScope>>
      others_;  // by instance id; null: there is none
};

}  // namespace penstock
