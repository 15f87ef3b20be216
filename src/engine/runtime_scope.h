// Instances as expressions see them: #{@scheduledStartTime}, #{input.directoryPath},
// #{node.@status}.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "definition/evaluate.h"
#include "engine/draft.h"

namespace penstock::engine {

/// Where an instance lives. Everything is borrowed.
struct Surroundings {
  const PipelineKey& key;
  const CompiledDefinition& definition;
  std::function<const InstanceRecord*(std::string_view)> find;  // nullptr: not in memory
};

/// One instance, with its newest attempt if there is one. An instance it refers to that is no
/// longer in memory has ended FINISHED, and is made up from its id: component, times, status.
class InstanceScope : public RuntimeScope {
 public:
  InstanceScope(const Surroundings& surroundings, const InstanceRecord& record,
                const AttemptRecord* attempt = nullptr);

  std::string_view ComponentId() const override { return record_.component; }
  std::string Id() const override { return record_.id; }
  std::optional<expr::Value> RuntimeField(std::string_view name) const override;
  const RuntimeScope* Target(std::string_view field, std::string_view component_id) const override;
  const RuntimeScope* Node() const override;

  const InstanceRecord& record() const { return record_; }

 private:
  const InstanceScope* Open(const std::string& id) const;

  const Surroundings& surroundings_;
  const InstanceRecord record_;
  const AttemptRecord* attempt_;
  mutable std::map<std::string, std::unique_ptr<InstanceScope>> opened_;
};

/// A configuration object (database, format, schedule, action) in the light of the instance that
/// uses it.
class ConfigurationScope : public RuntimeScope {
 public:
  /// `is_node`: #{node} is the user itself (actions), not the user's own node.
  ConfigurationScope(std::string id, const RuntimeScope& user, bool is_node)
      : id_(std::move(id)), user_(user), is_node_(is_node) {}

  std::string_view ComponentId() const override { return id_; }
  std::string Id() const override { return id_; }
  std::optional<expr::Value> RuntimeField(std::string_view name) const override {
    return user_.RuntimeField(name);
  }
  const RuntimeScope* Target(std::string_view field, std::string_view component_id) const override {
    return user_.Target(field, component_id);
  }
  const RuntimeScope* Node() const override { return is_node_ ? &user_ : user_.Node(); }

 private:
  std::string id_;
  const RuntimeScope& user_;
  bool is_node_;
};

/// Whether secrets appear as themselves.
enum class Secrets { kClear, kMasked };

/// The user's fields of an object, evaluated.
Result<std::vector<Field>> EvaluatedFields(const CompiledDefinition& definition,
                                           const RuntimeScope& object, Secrets secrets);

/// An instance's own fields, and every object that they lead to, each once: the instance first, its
/// id being `id`, `runtime` standing before its own fields.
Result<std::vector<PipelineObject>> ObjectsOf(const Surroundings& surroundings,
                                              const InstanceScope& root, const std::string& id,
                                              std::vector<Field> runtime, Secrets secrets);

/// Evaluation in the middle of a decision.
class DraftObjects {
 public:
  explicit DraftObjects(const Draft& draft) : draft_(draft) {}

  /// One field of an instance, secrets masked; empty if absent or not evaluable.
  std::string MaskedField(const InstanceRecord& record, std::string_view key) const;
  /// An action's fields with `record` as #{node}, secrets masked. A field that does not evaluate
  /// keeps its text.
  std::vector<Field> ActionFields(const InstanceRecord& record, const ResolvedObject& action) const;
  /// What a worker gets: first the attempt's object, whose id is the attempt's, then all it refers
  /// to. SECRETS ARE IN CLEAR.
  Result<std::vector<PipelineObject>> Task(const InstanceRecord& record,
                                           const AttemptRecord& attempt) const;

 private:
  Surroundings Around(const InstanceRecord& record) const;

  const Draft& draft_;
};

}  // namespace penstock::engine
