// A pipeline's text in memory: compiled while decisions use it, packed when nothing happens to it.
// Most pipelines of a server wait for their next hour; what they keep meanwhile should cost little
// more than the text itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "definition/parameters.h"
#include "definition/resolved.h"
#include "engine/plan.h"
#include "engine/record.h"

namespace penstock::engine {

/// One version of a pipeline's text, ready for use. Immutable, shared.
struct CompiledDefinition {
  uint64_t version = 0;
  ResolvedDefinition resolved;
  Parameters parameters;
  Plan plan;
};
std::shared_ptr<const CompiledDefinition> CompileDefinition(const DefinitionRecord& record);

class PackedDefinition;

/// Those packed definitions that are compiled at the moment. It never changes what a decision sees,
/// only what it costs. One thread at a time.
class CompiledCache {
 public:
  /// Objects of compiled definitions that stay. One takes between one and two kilobytes.
  static constexpr size_t kObjectsMax = 4'096;
  /// Definitions that stay however large they are, so that few large ones do not drive each other
  /// out with every event.
  static constexpr size_t kDefinitionsMin = 16;

  explicit CompiledCache(size_t objects_max = kObjectsMax, size_t definitions_min = kDefinitionsMin)
      : objects_max_(objects_max), definitions_min_(definitions_min) {}
  CompiledCache(const CompiledCache&) = delete;
  CompiledCache& operator=(const CompiledCache&) = delete;

  /// Gives up those that were not used for the longest time, until the rest is within the bound.
  /// References that PackedDefinition::Compiled() returned end here.
  void Trim();
  size_t objects() const { return objects_; }

 private:
  friend class PackedDefinition;

  const size_t objects_max_, definitions_min_;
  size_t objects_ = 0;
  std::list<const PackedDefinition*> recent_;  // compiled ones; the last used first
};

/// One version of a text, as bytes. Stays where it is, because the cache knows it by address.
class PackedDefinition {
 public:
  PackedDefinition(const DefinitionRecord& record, std::shared_ptr<CompiledCache> cache);
  ~PackedDefinition();
  PackedDefinition(const PackedDefinition&) = delete;
  PackedDefinition& operator=(const PackedDefinition&) = delete;

  DefinitionRecord Unpack() const;
  /// Whether Unpack() would give this.
  bool Holds(const DefinitionRecord& record) const;
  /// Compiles it if it is not. The reference lives until the cache is trimmed.
  const CompiledDefinition& Compiled() const;

 private:
  void Release() const;

  const std::shared_ptr<CompiledCache> cache_;  // shared: a State may be moved over another
  const uint64_t version_;
  const std::string bytes_;  // of engine/codec.h
  mutable std::shared_ptr<const CompiledDefinition> compiled_;
  mutable std::list<const PackedDefinition*>::iterator place_;  // in the cache, while compiled

  friend class CompiledCache;
};

}  // namespace penstock::engine
