#include "engine/instances.h"

#include <algorithm>

#include "engine/explain.h"
#include "engine/outcome.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

bool HasOwnInstances(const Component& component) {
  return component.kind == ComponentKind::kActivity || component.kind == ComponentKind::kDataNode;
}

int64_t MaxActive(const Draft& draft, const Component& component) {
  const int64_t most =
      component.max_active_instances.value_or(draft.options().default_max_active_instances);
  const int64_t limit = draft.options().limits.active_instances_per_object;
  return std::max<int64_t>(1, limit > 0 ? std::min(most, limit) : most);
}

bool Paused(const Draft& draft, const std::string& component) {
  const ComponentRecord* record = draft.FindComponent(component);
  return record != nullptr && record->paused;
}

/// Whether what `link` names is there, missing, or will never be.
enum class Presence { kMet, kMissing, kFailed };
Presence PresenceOf(const Draft& draft, const Link& link, bool waits_for_skipped) {
  if (const InstanceRecord* record = draft.Find(link.id)) {
    if (record->status == RunStatus::kFinished) return Presence::kMet;
    if (!IsTerminal(record->status) || record->resumes) return Presence::kMissing;
    if (record->status == RunStatus::kSkipped && !waits_for_skipped) return Presence::kMet;
    return Presence::kFailed;
  }
  const Component& component = draft.plan().components[link.component];
  const ComponentRecord* progress = draft.FindComponent(component.id);
  const int64_t next = progress != nullptr ? progress->next_interval : 0;
  // An interval that was passed over without an instance will never have one: nothing to wait for.
  if (component.schedule && HasOwnInstances(component) && link.index < next) return Presence::kMet;
  return Presence::kMissing;
}

InstanceRecord Blank(const Draft& draft, ComponentIndex index, const Interval& interval,
                     Instant due_at) {
  const Component& component = draft.plan().components[index];
  InstanceRecord record;
  record.id = InstanceId(component.stem, interval.start);
  record.component = component.id;
  record.version = draft.record().active_version;
  record.scheduled_start = interval.start;
  record.scheduled_end = interval.end;
  record.due_at = due_at;
  record.tries_left = 1 + MaximumRetries(draft.options(), component);
  record.held = Paused(draft, component.id);
  return record;
}

/// Back to where it waits for its first user.
void Revive(Draft& draft, const std::string& resource) {
  InstanceRecord& record = draft.Edit(resource);
  record.version = draft.record().active_version;
  record.status = RunStatus::kWaitingOnDependencies;
  record.actual_end.reset();
  record.actions_decided = false;
  record.tries_left = 1 + MaximumRetries(draft.options(), *draft.ComponentOf(record));
  record.terminate_at.reset();
  record.resumes = false;
  draft.Touch(resource);
}

/// The resource instance exists from now on, and will take work.
std::string NeedResource(Draft& draft, const Calendar& calendar, ComponentIndex user,
                         const Interval& interval, Instant due_at, bool again) {
  const Component& component = draft.plan().components[user];
  if (!component.runs_on) return {};
  const Link link = calendar.Resource(user, interval, *component.runs_on);
  const InstanceRecord* found = draft.Find(link.id);
  if (found == nullptr) {
    // It exists from its interval's start, even when its first user is due only at the end of one.
    const Instant from = draft.plan().on_demand
                             ? due_at
                             : std::min(due_at, std::max(link.interval.start, draft.now()));
    draft.Create(Blank(draft, *component.runs_on, link.interval, from));
    draft.Touch(link.id);
  } else if (found->status == RunStatus::kFinished || (again && IsTerminal(found->status))) {
    Revive(draft, link.id);
  }
  return link.id;
}

void CreateInstance(Draft& draft, ComponentIndex index, const Interval& interval, Instant due_at) {
  const Plan& plan = draft.plan();
  const InstanceRecord& node = draft.Create(Blank(draft, index, interval, due_at));
  draft.Touch(node.id);
  for (ComponentIndex precondition : plan.components[index].preconditions)
    MakePrecondition(draft, precondition, node.id);
  Wire(draft, node.id, false);
}

/// What a component's machines are kept for changes with its next interval.
void TouchResources(Draft& draft, ComponentIndex index) {
  const Plan& plan = draft.plan();
  std::vector<ComponentIndex> users = plan.components[index].preconditions;
  users.push_back(index);
  for (ComponentIndex user : users) {
    const auto resource = plan.components[user].runs_on;
    if (!resource) continue;
    for (const std::string& id : draft.UnfinishedOf(plan.components[*resource].id)) draft.Touch(id);
  }
}

void CreateSkipped(Draft& draft, ComponentIndex index, const Interval& interval, Instant due_at) {
  InstanceRecord record = Blank(draft, index, interval, due_at);
  record.status = RunStatus::kSkipped;
  record.actual_start = draft.now();
  record.actual_end = draft.now();
  record.held = false;
  Block(draft, draft.Create(std::move(record)).id);
  draft.TouchPipeline();
}

}  // namespace

Calendar CalendarOf(const Draft& draft) {
  return {draft.plan(), draft.record().first_activated_at.value_or(draft.now())};
}

void MakePrecondition(Draft& draft, ComponentIndex precondition, const std::string& node) {
  const InstanceRecord& owner = *draft.Find(node);
  InstanceRecord record =
      Blank(draft, precondition, {owner.scheduled_start, owner.scheduled_end}, owner.due_at);
  record.node = node;
  const std::string id = draft.Create(std::move(record)).id;
  draft.Touch(id);
  Wire(draft, id, false);
}

void ReviveResource(Draft& draft, const std::string& user) {
  const std::string& resource = draft.Find(user)->resource;
  const InstanceRecord* found = resource.empty() ? nullptr : draft.Find(resource);
  if (found != nullptr && found->status == RunStatus::kFinished) Revive(draft, resource);
}

void Wire(Draft& draft, const std::string& id, bool again) {
  const Plan& plan = draft.plan();
  const auto index = plan.OfInstance(id);
  if (!index) return;
  const Component& component = plan.components[*index];
  const Calendar calendar = CalendarOf(draft);
  InstanceRecord& record = draft.Edit(id);
  const Interval interval{record.scheduled_start, record.scheduled_end};
  const auto ids = [&](const std::vector<ComponentIndex>& targets) {
    std::vector<std::string> found;
    for (ComponentIndex target : targets) {
      for (const Link& link : calendar.To(*index, interval, target)) found.push_back(link.id);
    }
    return found;
  };
  record.inputs = ids(component.inputs);
  record.outputs = ids(component.outputs);
  record.depends_on.clear();
  record.waiting_on.clear();
  record.blocked_by.clear();
  for (const Link& link : calendar.Dependencies(*index, interval)) {
    record.depends_on.push_back(link.id);
    switch (PresenceOf(draft, link, record.status != RunStatus::kSkipped)) {
      case Presence::kMet:
        break;
      case Presence::kFailed:
        record.blocked_by.push_back(link.id);
        [[fallthrough]];
      case Presence::kMissing:
        record.waiting_on.push_back(link.id);
        break;
    }
  }
  const bool on_worker =
      component.kind == ComponentKind::kActivity ||
      (component.kind == ComponentKind::kPrecondition && !component.managed_by_service);
  if (on_worker)
    record.resource = NeedResource(draft, calendar, *index, interval, record.due_at, again);
}

std::optional<NextInstance> NextInstanceOf(const Draft& draft, ComponentIndex index) {
  if (draft.record().state != PipelineState::kScheduled) return std::nullopt;
  const Component& component = draft.plan().components[index];
  if (!component.schedule || !HasOwnInstances(component)) return std::nullopt;
  const ComponentRecord* progress = draft.FindComponent(component.id);
  const Timetable table = CalendarOf(draft).Of(component);
  NextInstance next;
  next.index = progress != nullptr ? progress->next_interval : 0;
  if (!table.Has(next.index)) return std::nullopt;
  next.interval = table.At(next.index);
  next.due_at = table.DueAt(next.index);
  next.skipped = draft.record().skip_before && next.interval.start < *draft.record().skip_before;
  if (next.skipped) {
    next.create_at = draft.now();
    return next;
  }
  if (progress != nullptr && progress->paused) return std::nullopt;
  if (static_cast<int64_t>(draft.UnfinishedOf(component.id).size()) >= MaxActive(draft, component))
    return std::nullopt;
  next.create_at = next.due_at - std::min(draft.options().create_ahead_max,
                                          next.interval.end - next.interval.start);
  const Duration least = draft.options().limits.instance_creation_interval;
  if (least > Duration::zero() && progress != nullptr && progress->last_created_at) {
    next.create_at = std::max(next.create_at, *progress->last_created_at + least);
  }
  return next;
}

void CreateDue(Draft& draft, const std::string& id) {
  if (!draft.IsActivated()) return;
  draft.TouchComponent(id);
  const auto index = draft.plan().OfObject(id);
  if (!index) return;
  for (int made = 0; made < kCreationBatch; ++made) {
    const auto next = NextInstanceOf(draft, *index);
    if (!next || next->create_at > draft.now()) return;
    if (next->skipped) {
      CreateSkipped(draft, *index, next->interval, next->due_at);
    } else {
      CreateInstance(draft, *index, next->interval, next->due_at);
    }
    ComponentRecord& record = draft.EditComponent(id);
    record.next_interval = next->index + 1;
    record.latest_run_at = next->interval.start;
    if (!next->skipped) record.last_created_at = draft.now();
  }
}

void CreateRun(Draft& draft, Instant at) {
  const Plan& plan = draft.plan();
  for (ComponentIndex i = 0; i < plan.components.size(); ++i) {
    if (!HasOwnInstances(plan.components[i])) continue;
    CreateInstance(draft, i, {at, at}, draft.now());
    ComponentRecord& record = draft.EditComponent(plan.components[i].id);
    record.latest_run_at = at;
    record.last_created_at = draft.now();
  }
}

void PlanCreation(Draft& draft) {
  const std::set<std::string> touched = draft.TakeTouchedComponents();
  if (!draft.IsActivated()) return;
  for (const std::string& id : touched) {
    const auto index = draft.plan().OfObject(id);
    std::optional<Instant> wake_at, next_run_at;
    if (index && draft.plan().components[*index].schedule &&
        HasOwnInstances(draft.plan().components[*index])) {
      const Timetable table = CalendarOf(draft).Of(draft.plan().components[*index]);
      const ComponentRecord* progress = draft.FindComponent(id);
      const int64_t k = progress != nullptr ? progress->next_interval : 0;
      if (table.Has(k)) next_run_at = table.DueAt(k);
      if (const auto next = NextInstanceOf(draft, *index))
        wake_at = std::max(next->create_at, draft.now());
    }
    if (index) TouchResources(draft, *index);
    const ComponentRecord* old = draft.FindComponent(id);
    if (old != nullptr ? old->wake_at == wake_at && old->next_run_at == next_run_at
                       : !wake_at && !next_run_at)
      continue;
    ComponentRecord& record = draft.EditComponent(id);
    record.wake_at = wake_at;
    record.next_run_at = next_run_at;
  }
}

std::vector<std::string> LooksAt(const Draft& draft, const std::string& id) {
  std::vector<std::string> ids;
  if (!draft.IsActivated()) return ids;
  const Plan& plan = draft.plan();
  const auto index = plan.OfObject(id);
  if (!index || !plan.components[*index].schedule) return ids;
  const Calendar calendar = CalendarOf(draft);
  const Timetable table = calendar.Of(plan.components[*index]);
  const ComponentRecord* progress = draft.FindComponent(id);
  const int64_t first = progress != nullptr ? progress->next_interval : 0;
  const auto add = [&](ComponentIndex from, const Interval& interval) {
    for (const Link& link : calendar.Dependencies(from, interval)) {
      const Component& other = plan.components[link.component];
      const ComponentRecord* made = draft.FindComponent(other.id);
      if (HasOwnInstances(other) && made != nullptr && link.index < made->next_interval)
        ids.push_back(link.id);
    }
    if (plan.components[from].runs_on) {
      ids.push_back(calendar.Resource(from, interval, *plan.components[from].runs_on).id);
    }
  };
  for (int64_t k = first; k < first + kCreationBatch && table.Has(k); ++k) {
    if (table.DueAt(k) > draft.now() + draft.options().create_ahead_max) break;
    add(*index, table.At(k));
    for (ComponentIndex precondition : plan.components[*index].preconditions)
      add(precondition, table.At(k));
  }
  return ids;
}

}  // namespace penstock::engine
