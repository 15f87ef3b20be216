#include "engine/draft.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/codec.h"

namespace penstock::engine {

Draft::Draft(const State& state, const PipelineWork* base, PipelineKey key, Instant now)
    : state_(state), base_(base), key_(std::move(key)), now_(now) {
  if (base_ == nullptr) record_.emplace();
}

PipelineRecord& Draft::EditRecord() {
  if (!record_) record_ = base_->record;
  return *record_;
}

const CompiledDefinition* Draft::Version(uint64_t version) const {
  if (auto it = compiled_.find(version); it != compiled_.end()) return it->second.get();
  if (base_ == nullptr || definitions_erased_.contains(version)) return nullptr;
  auto it = base_->definitions.find(version);
  return it == base_->definitions.end() ? nullptr : &it->second.Compiled();
}

void Draft::PutDefinition(DefinitionRecord record,
                          std::shared_ptr<const CompiledDefinition> compiled) {
  compiled_[record.version] = std::move(compiled);
  definitions_erased_.erase(record.version);
  definitions_[record.version] = std::move(record);
}

void Draft::EraseUnusedDefinitions() {
  std::set<uint64_t> used = {record().latest_version, record().active_version};
  for (const std::string& id : Unfinished()) used.insert(Find(id)->version);
  for (const std::string& id : Resumable()) used.insert(Find(id)->version);
  std::set<uint64_t> unused;
  if (base_ != nullptr) {
    for (const auto& [version, packed] : base_->definitions) {
      if (!used.contains(version)) unused.insert(version);
    }
  }
  for (uint64_t version : unused) {
    definitions_erased_.insert(version);
    definitions_.erase(version);
    compiled_.erase(version);
  }
}

const Plan* Draft::PlanOf(uint64_t version) const {
  if (auto it = compiled_.find(version); it != compiled_.end()) return &it->second->plan;
  if (base_ == nullptr || definitions_erased_.contains(version)) return nullptr;
  auto it = base_->definitions.find(version);
  return it == base_->definitions.end() ? nullptr : &it->second.plan();
}

const CompiledDefinition& Draft::DefinitionOf(const InstanceRecord& instance) const {
  const CompiledDefinition* own = Version(instance.version);
  if (own == nullptr) own = Active();
  CHECK(own != nullptr, "instance {} without a definition", instance.id);
  return *own;
}

const Plan& Draft::PlanOf(const InstanceRecord& instance) const {
  const Plan* own = PlanOf(instance.version);
  if (own == nullptr) own = PlanOf(record().active_version);
  CHECK(own != nullptr, "instance {} without a definition", instance.id);
  return *own;
}

const Component* Draft::ComponentOf(const InstanceRecord& instance) const {
  const Plan& plan = PlanOf(instance);
  auto index = plan.OfInstance(instance.id);
  if (!index) index = plan.OfObject(instance.component);
  return index ? &plan.components[*index] : nullptr;
}

const Component* Draft::ComponentOf(std::string_view instance_id) const {
  const InstanceRecord* instance = Find(instance_id);
  return instance == nullptr ? nullptr : ComponentOf(*instance);
}

const ComponentRecord* Draft::FindComponent(std::string_view id) const {
  if (auto it = components_.find(id); it != components_.end()) return &it->second;
  if (base_ == nullptr) return nullptr;
  auto it = base_->components.find(id);
  return it == base_->components.end() ? nullptr : &it->second;
}

ComponentRecord& Draft::EditComponent(const std::string& id) {
  auto it = components_.find(id);
  if (it != components_.end()) return it->second;
  const ComponentRecord* old = FindComponent(id);
  ComponentRecord& record = components_[id];
  if (old != nullptr) record = *old;
  record.id = id;
  return record;
}

const InstanceRecord* Draft::Find(std::string_view id) const {
  if (auto it = instances_.find(id); it != instances_.end()) return &it->second;
  if (base_ == nullptr) return nullptr;
  auto it = base_->runs.find(id);
  return it == base_->runs.end() || it->second.instance.id.empty() ? nullptr : &it->second.instance;
}

InstanceRecord& Draft::Edit(const std::string& id) {
  auto it = instances_.find(id);
  if (it != instances_.end()) return it->second;
  const InstanceRecord* old = Find(id);
  CHECK(old != nullptr, "{} is not in memory", id);
  return instances_[id] = *old;
}

InstanceRecord& Draft::Create(InstanceRecord instance) {
  std::string id = instance.id;
  return instances_[std::move(id)] = std::move(instance);
}

const AttemptRecord* Draft::NewestAttempt(const std::string& instance) const {
  auto it = attempts_.upper_bound({instance, INT32_MAX});
  if (it != attempts_.begin() && std::prev(it)->first.first == instance)
    return &std::prev(it)->second;
  if (base_ == nullptr) return nullptr;
  auto run = base_->runs.find(instance);
  return run == base_->runs.end() || !run->second.attempt ? nullptr : &*run->second.attempt;
}

const AttemptRecord* Draft::LiveAttempt(const std::string& instance) const {
  const AttemptRecord* newest = NewestAttempt(instance);
  return newest != nullptr && !IsTerminal(newest->status) ? newest : nullptr;
}

AttemptRecord& Draft::EditAttempt(const std::string& instance) {
  const AttemptRecord* live = LiveAttempt(instance);
  CHECK(live != nullptr, "{} has no attempt under way", instance);
  auto [it, fresh] = attempts_.try_emplace({instance, live->number});
  if (fresh) it->second = *live;
  return it->second;
}

AttemptRecord& Draft::CreateAttempt(AttemptRecord attempt) {
  const std::pair<std::string, int> key(attempt.instance, attempt.number);
  return attempts_[key] = std::move(attempt);
}

const EffectRecord* Draft::FindEffect(std::string_view key) const {
  if (auto it = effects_.find(key); it != effects_.end())
    return it->second ? &*it->second : nullptr;
  if (base_ == nullptr) return nullptr;
  auto it = base_->effects.find(key);
  return it == base_->effects.end() ? nullptr : &it->second;
}

void Draft::PutEffect(EffectRecord effect) {
  effect.decided_at = now_;
  std::string key = effect.key;
  effects_[std::move(key)] = std::move(effect);
}

void Draft::EraseEffect(const std::string& key) {
  if (base_ != nullptr && base_->effects.contains(key)) {
    effects_[key] = std::nullopt;
  } else {
    effects_.erase(key);
  }
}

template <class Keep>
std::vector<std::string> Draft::Collect(const std::set<std::pair<std::string, std::string>>* index,
                                        const std::string& key, Keep keep) const {
  std::vector<std::string> found;
  if (index != nullptr) {
    for (auto it = index->lower_bound({key, ""}); it != index->end() && it->first == key; ++it) {
      if (!instances_.contains(it->second)) found.push_back(it->second);
    }
  }
  for (const auto& [id, instance] : instances_) {
    if (keep(instance)) found.push_back(id);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> Draft::WaitersOf(const std::string& id) const {
  return Collect(base_ != nullptr ? &base_->dependents : nullptr, id,
                 [&](const InstanceRecord& instance) {
                   return std::find(instance.waiting_on.begin(), instance.waiting_on.end(), id) !=
                          instance.waiting_on.end();
                 });
}

std::vector<std::string> Draft::UsersOf(const std::string& id) const {
  return Collect(base_ != nullptr ? &base_->users : nullptr, id,
                 [&](const InstanceRecord& instance) {
                   return instance.resource == id && !IsTerminal(instance.status);
                 });
}

std::vector<std::string> Draft::UnfinishedOf(const std::string& component) const {
  return Collect(base_ != nullptr ? &base_->by_component : nullptr, component,
                 [&](const InstanceRecord& instance) {
                   return instance.component == component && !IsTerminal(instance.status);
                 });
}

std::vector<std::string> Draft::Unfinished() const {
  std::set<std::string> found;
  if (base_ != nullptr) {
    for (const auto& [component, id] : base_->by_component) {
      if (!instances_.contains(id)) found.insert(id);
    }
  }
  for (const auto& [id, instance] : instances_) {
    if (!IsTerminal(instance.status)) found.insert(id);
  }
  return {found.begin(), found.end()};
}

bool Draft::AnyUnfinished() const {
  for (const auto& [id, instance] : instances_) {
    if (!IsTerminal(instance.status)) return true;
  }
  if (base_ == nullptr) return false;
  for (const auto& [component, id] : base_->by_component) {
    if (!instances_.contains(id)) return true;
  }
  return false;
}

std::vector<std::string> Draft::Resumable() const {
  std::vector<std::string> found;
  if (base_ != nullptr) {
    for (const auto& [id, run] : base_->runs) {
      if (run.instance.resumes && !run.history && !instances_.contains(id)) found.push_back(id);
    }
  }
  for (const auto& [id, instance] : instances_) {
    if (instance.resumes) found.push_back(id);
  }
  std::sort(found.begin(), found.end());
  return found;
}

void Draft::Touch(const std::string& instance) {
  if (touched_set_.insert(instance).second) touched_.push_back(instance);
}

std::optional<std::string> Draft::NextTouched() {
  if (touched_.empty()) return std::nullopt;
  std::string next = std::move(touched_.front());
  touched_.pop_front();
  touched_set_.erase(next);
  return next;
}

void Draft::Commit(Decision& decision) && {
  const auto add = [&](Change change) { decision.writes.push_back({key_, std::move(change)}); };
  if (record_ && (base_ == nullptr || *record_ != base_->record)) add(*std::move(record_));
  for (auto& [version, record] : definitions_) add(std::move(record));
  for (uint64_t version : definitions_erased_) {
    add(EraseRecord{RecordKind::kDefinition, RecordId(DefinitionRecord{version, {}})});
  }
  for (auto& [id, component] : components_) {
    if (base_ != nullptr) {
      auto old = base_->components.find(id);
      if (old != base_->components.end() && old->second == component) continue;
    }
    add(std::move(component));
  }
  for (auto& [id, instance] : instances_) {
    if (base_ != nullptr) {
      auto old = base_->runs.find(id);
      if (old != base_->runs.end() && old->second.instance == instance) continue;
    }
    add(std::move(instance));
  }
  for (auto& [name, attempt] : attempts_) {
    if (base_ != nullptr) {
      auto old = base_->runs.find(name.first);
      if (old != base_->runs.end() && old->second.attempt == attempt) continue;
    }
    add(std::move(attempt));
  }
  for (const auto& [effect_key, effect] : effects_) {
    if (!effect) {
      add(EraseRecord{RecordKind::kEffect, effect_key});
      continue;
    }
    add(*effect);
    if (base_ == nullptr || !base_->effects.contains(effect_key))
      decision.effects.push_back(*effect);
  }
  for (const std::string& group : offers_) decision.ready.push_back({key_.scope, group});
}

std::optional<Instant> Draft::NextWake() const {
  std::optional<Instant> next;
  const auto consider = [&](const std::optional<Instant>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& [id, component] : components_) consider(component.wake_at);
  // An instance's two timers are looked at together: one may be new and the other still that of the
  // state.
  std::set<std::string> changed;
  for (const auto& [id, instance] : instances_) changed.insert(id);
  for (const auto& [name, attempt] : attempts_) changed.insert(name.first);
  for (const std::string& id : changed) {
    const InstanceRecord* instance = Find(id);
    if (instance == nullptr || !IsWorkingSet(*instance)) continue;
    consider(instance->wake_at);
    if (const AttemptRecord* live = LiveAttempt(id)) consider(live->deadline);
  }
  return next;
}

bool Draft::Replaces(const Timer& timer) const {
  switch (timer.kind) {
    case Timer::Kind::kComponent:
      return components_.contains(timer.subject);
    case Timer::Kind::kInstance: {
      if (instances_.contains(timer.subject)) return true;
      auto it = attempts_.lower_bound({timer.subject, 0});
      return it != attempts_.end() && it->first.first == timer.subject;
    }
  }
  return false;
}

}  // namespace penstock::engine
