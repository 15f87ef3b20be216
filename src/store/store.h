// Store: the durable state of the pipelines. The engine's records go in by whole decisions and come
// back whole; reading never waits for writing. SQLite in the product (sqlite_store.h), a map in
// tests and in the simulator (memory_store.h); both pass store_conformance_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/decision.h"
#include "engine/engine.h"
#include "store/object_query.h"

namespace penstock {

/// One consistent view: it shows the state after some commit and no later one. One thread at a
/// time. Keep it for one request, not for longer: an old view keeps the database from reclaiming
/// space.
class StoreSnapshot {
 public:
  virtual ~StoreSnapshot() = default;

  virtual Result<std::optional<engine::PipelineRecord>> FindPipeline(
      const engine::PipelineKey& key) = 0;
  /// Whether a tombstone says that it was deleted.
  virtual Result<bool> WasDeleted(const engine::PipelineKey& key) = 0;
  /// At most `count_max` pipelines of a scope whose id is greater than `after` (empty: from the
  /// start), by id.
  virtual Result<std::vector<std::pair<std::string, engine::PipelineRecord>>> ListPipelines(
      const engine::Scope& scope, std::string_view after, size_t count_max) = 0;
  virtual Result<std::optional<engine::DefinitionRecord>> FindDefinition(
      const engine::PipelineKey& key, uint64_t version) = 0;
  virtual Result<std::optional<engine::ComponentRecord>> FindComponent(
      const engine::PipelineKey& key, std::string_view id) = 0;
  /// Ordered by id.
  virtual Result<std::vector<engine::ComponentRecord>> ListComponents(
      const engine::PipelineKey& key) = 0;
  virtual Result<std::optional<engine::InstanceRecord>> FindInstance(const engine::PipelineKey& key,
                                                                     std::string_view id) = 0;
  virtual Result<std::optional<engine::AttemptRecord>> FindAttempt(const engine::PipelineKey& key,
                                                                   std::string_view id) = 0;
  /// Ids of instances or attempts that match, greater than `after` (empty: from the start), in byte
  /// order, at most `count_max`.
  virtual Result<std::vector<std::string>> QueryObjects(const engine::PipelineKey& key,
                                                        const ObjectQuery& query,
                                                        std::string_view after,
                                                        size_t count_max) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  /// All of it or nothing, in order, durable when it returns. kResourceExhausted when the disk is
  /// full: nothing was written, and a later call may succeed. One thread at a time, not always the
  /// same.
  virtual Status Commit(std::span<const engine::Write> writes) = 0;

  /// Hands every record of the working set (IsWorkingSet of engine/codec.h) to `apply`, in no
  /// promised order. At start, before the first Commit.
  virtual Status Load(const std::function<void(engine::Write)>& apply) = 0;

  /// The instances, each with its newest attempt if it has one; what does not exist is left out.
  /// Not while a Commit is under way.
  virtual Result<std::vector<engine::Write>> LoadHistory(std::span<const engine::Need> needs) = 0;

  /// A view that has all that was committed before this call. Any thread.
  virtual Result<std::unique_ptr<StoreSnapshot>> Read() = 0;
};

}  // namespace penstock
