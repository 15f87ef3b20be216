#include "service/definition_cache.h"

namespace penstock {

Result<std::shared_ptr<const engine::CompiledDefinition>> DefinitionCache::Find(
    StoreSnapshot& snapshot, const engine::PipelineKey& pipeline, uint64_t version) {
  Key key(pipeline.id, version);
  {
    std::lock_guard lock(mutex_);
    if (auto entry = entries_.find(key); entry != entries_.end()) {
      uses_.splice(uses_.begin(), uses_, entry->second.use);
      return entry->second.definition;
    }
  }
  ASSIGN_OR_RETURN(std::optional<engine::DefinitionRecord> record,
                   snapshot.FindDefinition(pipeline, version));
  if (!record) return std::shared_ptr<const engine::CompiledDefinition>();
  std::shared_ptr<const engine::CompiledDefinition> compiled = engine::CompileDefinition(*record);
  std::lock_guard lock(mutex_);
  auto [entry, inserted] = entries_.try_emplace(key);
  if (!inserted) return entry->second.definition;
  uses_.push_front(key);
  entry->second = {compiled, uses_.begin()};
  if (entries_.size() > count_max_) {
    entries_.erase(uses_.back());
    uses_.pop_back();
  }
  return compiled;
}

}  // namespace penstock
