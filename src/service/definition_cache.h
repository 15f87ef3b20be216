// DefinitionCache: compiled definitions for readers, so that describing a pipeline does not parse
// its text each time. A version of a definition never changes and a pipeline id is never given
// again, so that nothing here can be stale.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "engine/state.h"
#include "store/store.h"

namespace penstock {

/// Thread-safe. Keeps the most recently used ones.
class DefinitionCache {
 public:
  explicit DefinitionCache(size_t count_max = 256) : count_max_(count_max) {}

  /// nullptr if the pipeline has no such version. `snapshot` is read when it is not in the cache.
  Result<std::shared_ptr<const engine::CompiledDefinition>> Find(
      StoreSnapshot& snapshot, const engine::PipelineKey& pipeline, uint64_t version);

 private:
  using Key = std::pair<std::string, uint64_t>;  // pipeline id, version
  struct Entry {
    std::shared_ptr<const engine::CompiledDefinition> definition;
    std::list<Key>::iterator use;
  };

  const size_t count_max_;
  std::mutex mutex_;
  std::list<Key> uses_;  // newest first; guarded by mutex_
  std::map<Key, Entry> entries_;
};

}  // namespace penstock
