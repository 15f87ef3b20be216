#include "engine/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "definition/evaluate.h"
#include "engine/record.h"

namespace penstock::engine {
namespace {

// Length of "_2014-05-01T00:00:00", the end of every instance id.
constexpr size_t kTimeSuffixSize = 20;

/// Compiles one definition. Used once.
class Compiler {
 public:
  Compiler(const ResolvedDefinition& definition, const Parameters& parameters)
      : definition_(definition), parameters_(parameters) {}

  Plan Compile() {
    if (const ResolvedObject* defaults = definition_.Default()) {
      plan_.on_demand = EqualsIgnoreCase(Text(*defaults, "scheduleType"), "ondemand");
      plan_.max_active_on_demand = Integer(*defaults, "maxActiveInstances");
    }
    for (const ResolvedObject& object : definition_.objects()) {
      if (object.Runnable() && object.type->category != TypeCategory::kPrecondition) Add(object);
    }
    // Links need every component to have its index.
    const size_t owners = plan_.components.size();
    for (const Component& component : plan_.components) stems_.insert(component.stem);
    for (ComponentIndex i = 0; i < owners; ++i) Link(i);
    for (ComponentIndex i = 0; i < owners; ++i) AddPreconditions(i);
    for (ComponentIndex i = 0; i < plan_.components.size(); ++i) LinkBack(i);
    for (ComponentIndex i = 0; i < plan_.components.size(); ++i) BorrowSchedule(i);
    for (ComponentIndex i = owners; i < plan_.components.size(); ++i) BorrowPlace(i);
    for (ComponentIndex i = 0; i < plan_.components.size(); ++i) {
      if (auto resource = plan_.components[i].runs_on)
        plan_.components[*resource].users.push_back(i);
    }
    plan_.components.shrink_to_fit();
    for (const auto& [id, index] : by_id_) plan_.by_id.push_back(index);
    plan_.by_stem = plan_.by_id;
    std::ranges::sort(plan_.by_stem, {},
                      [&](ComponentIndex i) { return std::string_view(plan_.components[i].stem); });
    return std::move(plan_);
  }

 private:
  std::string Text(const ResolvedObject& object, std::string_view key) const {
    const ResolvedField* field = object.Find(key);
    if (field == nullptr) return {};
    if (field->text == nullptr) return std::string(field->value());
    auto values =
        EvaluateField(definition_, parameters_, ComponentScope(std::string(object.id())), key);
    return values && !values->empty() ? values->front().value : std::string();
  }
  std::optional<int> Integer(const ResolvedObject& object, std::string_view key) const {
    const std::string text = Text(object, key);
    const auto number = ParseInt64(Trim(text));
    if (!number || *number < 0 || *number > 1'000'000'000) return std::nullopt;
    return static_cast<int>(*number);
  }
  std::optional<Period> Length(const ResolvedObject& object, std::string_view key) const {
    const std::string text = Text(object, key);
    if (text.empty()) return std::nullopt;
    if (auto period = ParsePeriod(text)) return *period;
    // terminateAfter of a cluster may be a bare number of hours (A16).
    if (auto hours = ParseInt64(Trim(text)); hours && *hours > 0 && *hours < 1'000'000) {
      return Period{*hours, PeriodUnit::kHours};
    }
    return std::nullopt;
  }
  std::optional<Instant> DateTime(const ResolvedObject& object, std::string_view key) const {
    const std::string text = Text(object, key);
    if (text.empty()) return std::nullopt;
    if (auto instant = ParseDateTime(text)) return instant;
    // The guide once shows a bare call: makeDate(2011,5,24) (A5).
    auto value = EvaluateText(definition_, parameters_, ComponentScope(std::string(object.id())),
                              "#{" + text + "}");
    return value ? ParseDateTime(value->text) : std::nullopt;
  }
  std::vector<std::string> Ids(const ResolvedObject& object, std::string_view key) const {
    std::vector<std::string> ids;
    for (std::string_view id : object.References(key)) ids.emplace_back(id);
    return ids;
  }

  std::optional<Recurrence> RecurrenceOf(const ResolvedObject& schedule) const {
    if (const auto period = Length(schedule, "period")) return *period;
    const auto clock =
        CronClock::Parse(Text(schedule, "cronExpression"), Text(schedule, "timeZone"));
    if (!clock) return std::nullopt;
    return *clock;
  }
  std::optional<uint32_t> ScheduleOf(const ResolvedObject& object) {
    if (plan_.on_demand) return std::nullopt;
    const auto ids = object.References("schedule");
    if (ids.empty()) return std::nullopt;
    for (uint32_t i = 0; i < plan_.schedules.size(); ++i) {
      if (plan_.schedules[i].id == ids.front()) return i;
    }
    const ResolvedObject* source = definition_.Find(ids.front());
    if (source == nullptr) return std::nullopt;
    const auto recurrence = RecurrenceOf(*source);
    if (!recurrence) return std::nullopt;
    Schedule schedule{std::string(ids.front()), *recurrence, {}, {}, {}};
    schedule.start = DateTime(*source, "startDateTime");
    schedule.end = DateTime(*source, "endDateTime");
    if (auto count = Integer(*source, "occurrences")) schedule.occurrences = *count;
    if (!schedule.start && source->Find("startDateTime") != nullptr) return std::nullopt;
    plan_.schedules.push_back(std::move(schedule));
    return static_cast<uint32_t>(plan_.schedules.size() - 1);
  }

  ComponentIndex Add(const ResolvedObject& object) {
    Component component;
    component.id = object.id();
    component.stem = component.id;
    component.type = object.type->name;
    switch (object.type->category) {
      case TypeCategory::kActivity:
        component.kind = ComponentKind::kActivity;
        break;
      case TypeCategory::kDataNode:
        component.kind = ComponentKind::kDataNode;
        break;
      case TypeCategory::kResource:
        component.kind = ComponentKind::kResource;
        break;
      default:
        component.kind = ComponentKind::kPrecondition;
        break;
    }
    const std::string type = Text(object, "scheduleType");
    component.schedule_type = plan_.on_demand                  ? ScheduleType::kOnDemand
                              : EqualsIgnoreCase(type, "cron") ? ScheduleType::kCron
                                                               : ScheduleType::kTimeseries;
    component.schedule = ScheduleOf(object);
    component.worker_group = Text(object, "workerGroup");
    component.managed_by_service = object.type->managed_by_service;
    component.maximum_retries = Integer(object, "maximumRetries");
    component.retry_delay = Length(object, "retryDelay");
    component.attempt_timeout = Length(object, "attemptTimeout");
    component.report_progress_timeout = Length(object, "reportProgressTimeout");
    component.late_after_timeout = Length(object, "lateAfterTimeout");
    component.precondition_timeout = Length(object, "preconditionTimeout");
    component.init_timeout = Length(object, "initTimeout");
    component.terminate_after = Length(object, "terminateAfter");
    component.cascade = EqualsIgnoreCase(Text(object, "failureAndRerunMode"), "cascade");
    if (EqualsIgnoreCase(Text(object, "actionOnTaskFailure"), "terminate")) {
      component.on_task_failure = TaskFailureAction::kTerminate;
    }
    if (EqualsIgnoreCase(Text(object, "actionOnResourceFailure"), "retryall")) {
      component.on_resource_failure = ResourceFailureAction::kRetryAll;
    }
    component.max_active_instances = Integer(object, "maxActiveInstances");
    component.on_success = Ids(object, "onSuccess");
    component.on_fail = Ids(object, "onFail");
    component.on_late_action = Ids(object, "onLateAction");
    const auto index = static_cast<ComponentIndex>(plan_.components.size());
    by_id_.emplace(component.id, index);
    plan_.components.push_back(std::move(component));
    return index;
  }

  std::vector<ComponentIndex> Linked(const ResolvedObject& object, std::string_view key) const {
    std::vector<ComponentIndex> found;
    for (std::string_view id : object.References(key)) {
      const auto index = by_id_.lower_bound(id);
      if (index == by_id_.end() || index->first != id) continue;
      if (std::find(found.begin(), found.end(), index->second) == found.end())
        found.push_back(index->second);
    }
    return found;
  }

  void Link(ComponentIndex index) {
    const ResolvedObject& object = *definition_.Find(plan_.components[index].id);
    Component& component = plan_.components[index];
    // Inherited fields that a type does not know mean nothing to it.
    if (component.kind == ComponentKind::kActivity) {
      component.inputs = Linked(object, "input");
      component.outputs = Linked(object, "output");
    }
    if (component.kind != ComponentKind::kResource) {
      component.depends_on = Linked(object, "dependsOn");
      std::erase(component.depends_on, index);
      for (ComponentIndex resource : Linked(object, "runsOn")) {
        if (plan_.components[resource].kind == ComponentKind::kResource)
          component.runs_on = resource;
      }
    }
  }

  void AddPreconditions(ComponentIndex owner) {
    if (plan_.components[owner].kind == ComponentKind::kResource) return;
    const ResolvedObject& object = *definition_.Find(plan_.components[owner].id);
    for (std::string_view id : object.References("precondition")) {
      const ResolvedObject* source = definition_.Find(id);
      if (source == nullptr || !source->Runnable() ||
          source->type->category != TypeCategory::kPrecondition)
        continue;
      const ComponentIndex index = Add(*source);
      Component& component = plan_.components[index];
      component.node = owner;
      component.schedule_type = plan_.components[owner].schedule_type;
      component.schedule = plan_.components[owner].schedule;
      if (auto resources = Linked(*source, "runsOn"); !resources.empty())
        component.runs_on = resources.front();
      if (Referrers(id) > 1) component.stem = component.id + "_" + plan_.components[owner].id;
      while (!stems_.insert(component.stem).second) component.stem += "_";
      plan_.components[owner].preconditions.push_back(index);
    }
  }

  size_t Referrers(std::string_view precondition) const {
    size_t count = 0;
    for (const ResolvedObject& object : definition_.objects()) {
      if (!object.Runnable() || object.type->category == TypeCategory::kPrecondition) continue;
      for (std::string_view id : object.References("precondition")) count += id == precondition;
    }
    return count;
  }

  void LinkBack(ComponentIndex index) {
    // Copies: the loops below write to other components of the same vector.
    const Component component = plan_.components[index];
    for (ComponentIndex output : component.outputs)
      plan_.components[output].producers.push_back(index);
    for (ComponentIndex input : component.inputs) AddConsumer(input, index);
    for (ComponentIndex dependency : component.depends_on) AddConsumer(dependency, index);
    for (ComponentIndex output : component.outputs) AddConsumer(index, output);
    if (component.node) AddConsumer(index, *component.node);
  }
  void AddConsumer(ComponentIndex of, ComponentIndex consumer) {
    auto& consumers = plan_.components[of].consumers;
    if (std::find(consumers.begin(), consumers.end(), consumer) == consumers.end())
      consumers.push_back(consumer);
  }

  /// A data node without a schedule takes that of the first activity using it (A43). A resource
  /// takes its user's anew for each of them, which needs nothing here.
  void BorrowSchedule(ComponentIndex index) {
    Component& component = plan_.components[index];
    if (component.schedule || plan_.on_demand || component.kind == ComponentKind::kResource) return;
    std::vector<ComponentIndex> lenders = component.producers;
    lenders.insert(lenders.end(), component.consumers.begin(), component.consumers.end());
    if (component.node) lenders = {*component.node};
    for (ComponentIndex lender : lenders) {
      if (!plan_.components[lender].schedule) continue;
      component.schedule = plan_.components[lender].schedule;
      component.schedule_type = plan_.components[lender].schedule_type;
      return;
    }
  }

  /// A worker's precondition runs where its owner does; that of a data node where an activity using
  /// the node does.
  void BorrowPlace(ComponentIndex index) {
    Component& component = plan_.components[index];
    if (component.managed_by_service || component.runs_on) return;
    const Component& owner = plan_.components[*component.node];
    std::vector<ComponentIndex> lenders = {*component.node};
    lenders.insert(lenders.end(), owner.consumers.begin(), owner.consumers.end());
    lenders.insert(lenders.end(), owner.producers.begin(), owner.producers.end());
    for (ComponentIndex lender : lenders) {
      if (plan_.components[lender].runs_on) {
        component.runs_on = plan_.components[lender].runs_on;
        return;
      }
    }
    for (ComponentIndex lender : lenders) {
      if (component.worker_group.empty())
        component.worker_group = plan_.components[lender].worker_group;
    }
  }

  const ResolvedDefinition& definition_;
  const Parameters& parameters_;
  Plan plan_;
  std::multimap<std::string, ComponentIndex, std::less<>> by_id_;
  std::set<std::string> stems_;
};

/// The first of `order` whose `key` is `wanted`.
std::optional<ComponentIndex> First(const Plan& plan, const std::vector<ComponentIndex>& order,
                                    std::string Component::*key, std::string_view wanted) {
  const auto name = [&](ComponentIndex i) { return std::string_view(plan.components[i].*key); };
  const auto it = std::ranges::lower_bound(order, wanted, {}, name);
  if (it == order.end() || name(*it) != wanted) return std::nullopt;
  return *it;
}

}  // namespace

std::optional<ComponentIndex> Plan::OfInstance(std::string_view instance_id) const {
  if (instance_id.size() <= 1 + kTimeSuffixSize || instance_id.front() != '@') return std::nullopt;
  const std::string_view stem = instance_id.substr(1, instance_id.size() - 1 - kTimeSuffixSize);
  return First(*this, by_stem, &Component::stem, stem);
}

std::optional<ComponentIndex> Plan::OfObject(std::string_view object_id) const {
  return First(*this, by_id, &Component::id, object_id);
}

Plan CompilePlan(const ResolvedDefinition& definition, const Parameters& parameters) {
  return Compiler(definition, parameters).Compile();
}

}  // namespace penstock::engine
