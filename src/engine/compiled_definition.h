// A pipeline's text in memory: compiled while decisions use it, packed when nothing happens to it.
// Most pipelines of a server wait for their next hour; what they keep meanwhile should cost little
// more than the text itself.
//
// Deciding when something runs needs its plan, which is small; only handing work out, acting on an
// outcome and editing need the text. So plans stay longer than compiled texts: what falls due at
// one instant in a thousand pipelines is decided without compiling any.
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
  const uint64_t version;
  const ResolvedDefinition resolved;
  const Parameters parameters;
  const std::shared_ptr<const Plan> shared_plan;  // may outlive this
  const Plan& plan;
};
/// `plan` is the record's, if somebody has it already.
std::shared_ptr<const CompiledDefinition> CompileDefinition(
    const DefinitionRecord& record, std::shared_ptr<const Plan> plan = nullptr);

class PackedDefinition;

/// What packed definitions keep ready at the moment. It never changes what a decision sees, only
/// what it costs. One thread at a time.
class CompiledCache {
 public:
  /// Of what stays ready.
  struct Bounds {
    /// Objects of compiled texts. One takes between one and two kilobytes.
    size_t objects = 4'096;
    /// Components of plans. One takes a good half kilobyte.
    size_t components = 8'192;
    /// Texts and plans that stay however large they are, so that few large ones do not drive each
    /// other out with every event.
    size_t definitions_min = 16;
  };

  CompiledCache() : CompiledCache(Bounds()) {}
  explicit CompiledCache(const Bounds& bounds) : bounds_(bounds) {}
  CompiledCache(const CompiledCache&) = delete;
  CompiledCache& operator=(const CompiledCache&) = delete;

  /// Gives up what was not used for the longest time, until the rest is within the bounds.
  /// References that PackedDefinition returned end here.
  void Trim();
  size_t objects() const { return texts_.size; }
  size_t components() const { return plans_.size; }

 private:
  friend class PackedDefinition;

  using Order = std::list<const PackedDefinition*>;
  struct Shelf {
    Order recent;     // the last used first
    size_t size = 0;  // objects or components of all of them
  };

  const Bounds bounds_;
  Shelf texts_, plans_;
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
  /// Compiles it if it is not. The references live until the cache is trimmed.
  const CompiledDefinition& Compiled() const;
  const Plan& plan() const;

 private:
  friend class CompiledCache;

  template <class T>
  struct Kept {
    std::shared_ptr<const T> value{};
    CompiledCache::Order::iterator place{};  // on its shelf, while there is a value
  };

  template <class T>
  void Keep(Kept<T>& kept, CompiledCache::Shelf& shelf, std::shared_ptr<const T> value) const;
  template <class T>
  static void Release(Kept<T>& kept, CompiledCache::Shelf& shelf);

  const std::shared_ptr<CompiledCache> cache_;  // shared: a State may be moved over another
  const uint64_t version_;
  const std::string bytes_;  // of engine/codec.h
  mutable Kept<CompiledDefinition> text_;
  mutable Kept<Plan> plan_;
};

}  // namespace penstock::engine
