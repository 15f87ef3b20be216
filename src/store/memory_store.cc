#include "store/memory_store.h"

#include "base/check.h"
#include "engine/codec.h"

namespace penstock {
namespace {

using namespace engine;

using Rows = MemoryStore::Rows;

Result<std::optional<Write>> FindRecord(const Rows& rows, const PipelineKey& pipeline,
                                        RecordKind kind, std::string_view id) {
  auto row = rows.find(RecordKey(pipeline, kind, id));
  if (row == rows.end()) return std::optional<Write>();
  ASSIGN_OR_RETURN(Write write, DecodeRecord(row->first, row->second));
  return std::optional<Write>(std::move(write));
}

/// Calls visit(write) for every row under the prefix, until it says false.
template <class Visit>
Status Scan(const Rows& rows, const std::string& prefix, Visit visit) {
  for (auto row = rows.lower_bound(prefix); row != rows.end() && row->first.starts_with(prefix);
       ++row) {
    ASSIGN_OR_RETURN(Write write, DecodeRecord(row->first, row->second));
    if (!visit(std::move(write))) break;
  }
  return {};
}

class MemorySnapshot : public StoreSnapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<const Rows> rows) : rows_(std::move(rows)) {}

  Result<std::optional<PipelineRecord>> FindPipeline(const PipelineKey& key) override {
    return Find<PipelineRecord>(key, RecordKind::kPipeline, "");
  }
  Result<bool> WasDeleted(const PipelineKey& key) override {
    return rows_->contains(RecordKey(key, RecordKind::kTombstone, ""));
  }
  Result<std::vector<std::pair<std::string, PipelineRecord>>> ListPipelines(
      const Scope& scope, std::string_view after, size_t count_max) override {
    std::vector<std::pair<std::string, PipelineRecord>> found;
    if (count_max == 0) return found;
    RETURN_IF_ERROR(Scan(*rows_, KeyPrefix(scope), [&](Write write) {
      auto* record = std::get_if<PipelineRecord>(&write.change);
      if (record == nullptr || write.pipeline.id <= after) return true;
      found.emplace_back(write.pipeline.id, std::move(*record));
      return found.size() < count_max;
    }));
    return found;
  }
  Result<std::optional<DefinitionRecord>> FindDefinition(const PipelineKey& key,
                                                         uint64_t version) override {
    DefinitionRecord named;
    named.version = version;
    return Find<DefinitionRecord>(key, RecordKind::kDefinition, RecordId(named));
  }
  Result<std::optional<ComponentRecord>> FindComponent(const PipelineKey& key,
                                                       std::string_view id) override {
    return Find<ComponentRecord>(key, RecordKind::kComponent, id);
  }
  Result<std::vector<ComponentRecord>> ListComponents(const PipelineKey& key) override {
    std::vector<ComponentRecord> found;
    RETURN_IF_ERROR(Scan(*rows_, KeyPrefix(key, RecordKind::kComponent), [&](Write write) {
      found.push_back(std::get<ComponentRecord>(std::move(write.change)));
      return true;
    }));
    return found;
  }
  Result<std::optional<InstanceRecord>> FindInstance(const PipelineKey& key,
                                                     std::string_view id) override {
    return Find<InstanceRecord>(key, RecordKind::kInstance, id);
  }
  Result<std::optional<AttemptRecord>> FindAttempt(const PipelineKey& key,
                                                   std::string_view id) override {
    return Find<AttemptRecord>(key, RecordKind::kAttempt, id);
  }

  Result<std::vector<std::string>> QueryObjects(const PipelineKey& key, const ObjectQuery& query,
                                                std::string_view after, size_t count_max) override {
    std::vector<std::string> ids;
    if (count_max == 0) return ids;
    bool attempts = query.sphere == ObjectSphere::kAttempt;
    std::optional<Error> error;
    RETURN_IF_ERROR(Scan(*rows_,
                         KeyPrefix(key, attempts ? RecordKind::kAttempt : RecordKind::kInstance),
                         [&](Write write) {
                           std::string id = RecordId(write.change);
                           if (id <= after) return true;
                           const auto* attempt = std::get_if<AttemptRecord>(&write.change);
                           auto instance = attempts ? FindInstance(key, attempt->instance)
                                                    : Result<std::optional<InstanceRecord>>(
                                                          std::get<InstanceRecord>(write.change));
                           if (!instance) {
                             error = instance.error();
                             return false;
                           }
                           if (*instance && Matches(query, **instance, attempt))
                             ids.push_back(std::move(id));
                           return ids.size() < count_max;
                         }));
    if (error) return *std::move(error);
    return ids;
  }

 private:
  template <class T>
  Result<std::optional<T>> Find(const PipelineKey& key, RecordKind kind, std::string_view id) {
    ASSIGN_OR_RETURN(std::optional<Write> write, FindRecord(*rows_, key, kind, id));
    if (!write) return std::optional<T>();
    return std::optional<T>(std::get<T>(std::move(write->change)));
  }

  const std::shared_ptr<const Rows> rows_;
};

}  // namespace

Status MemoryStore::Commit(std::span<const Write> writes) {
  std::lock_guard lock(mutex_);
  if (failing_ > 0) {
    --failing_;
    return failure_;
  }
  if (rows_.use_count() > 1) rows_ = std::make_shared<Rows>(*rows_);
  for (const Write& write : writes) {
    std::string key = RecordKey(write);
    if (std::holds_alternative<ErasePipeline>(write.change)) {
      auto begin = rows_->lower_bound(key), end = begin;
      while (end != rows_->end() && end->first.starts_with(key)) ++end;
      rows_->erase(begin, end);
    } else if (std::holds_alternative<EraseRecord>(write.change)) {
      rows_->erase(key);
    } else {
      rows_->insert_or_assign(std::move(key), EncodeRecord(write.change));
    }
  }
  return {};
}

Status MemoryStore::Load(const std::function<void(Write)>& apply) {
  std::shared_ptr<const Rows> rows;
  {
    std::lock_guard lock(mutex_);
    rows = rows_;
  }
  return Scan(*rows, "", [&](Write write) {
    if (IsWorkingSet(write.change)) apply(std::move(write));
    return true;
  });
}

Result<std::vector<Write>> MemoryStore::LoadHistory(std::span<const Need> needs) {
  std::lock_guard lock(mutex_);
  std::vector<Write> found;
  for (const Need& need : needs) {
    ASSIGN_OR_RETURN(auto instance,
                     FindRecord(*rows_, need.pipeline, RecordKind::kInstance, need.instance));
    if (!instance) continue;
    int attempts = std::get<InstanceRecord>(instance->change).attempts;
    found.push_back(*std::move(instance));
    if (attempts == 0) continue;
    ASSIGN_OR_RETURN(auto attempt, FindRecord(*rows_, need.pipeline, RecordKind::kAttempt,
                                              AttemptId(need.instance, attempts)));
    if (attempt) found.push_back(*std::move(attempt));
  }
  return found;
}

Result<std::unique_ptr<StoreSnapshot>> MemoryStore::Read() {
  std::lock_guard lock(mutex_);
  return std::unique_ptr<StoreSnapshot>(std::make_unique<MemorySnapshot>(rows_));
}

void MemoryStore::FailCommits(int count, Error error) {
  std::lock_guard lock(mutex_);
  failing_ = count;
  failure_ = std::move(error);
}

MemoryStore::Rows MemoryStore::rows() {
  std::lock_guard lock(mutex_);
  return *rows_;
}

}  // namespace penstock
