#include "engine/commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <map>

#include "base/text.h"
#include "engine/instances.h"
#include "engine/outcome.h"
#include "engine/resource.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

// A rerun that cascades looks this far; beyond it the origin's consumers are rerun on their own.
constexpr size_t kCascadeMax = 10'000;

std::string_view CommandName(Command command) {
  switch (command) {
    case Command::kPause:
      return "PAUSE";
    case Command::kResume:
      return "RESUME";
    case Command::kTryCancel:
      return "TRY_CANCEL";
    case Command::kRerun:
      return "RERUN";
    case Command::kMarkFinished:
      return "MARK_FINISHED";
  }
  return "";
}

// ---- components

void Pause(Draft& draft, const std::string& component) {
  draft.EditComponent(component).paused = true;
  draft.TouchComponent(component);
  for (const std::string& id : draft.UnfinishedOf(component)) {
    switch (draft.Find(id)->status) {
      case RunStatus::kScheduled:
      case RunStatus::kWaitingOnDependencies:
      case RunStatus::kWaitingForRunner:
        break;
      default:
        continue;  // under way: it finishes (A25)
    }
    const AttemptRecord* live = draft.LiveAttempt(id);
    if (live != nullptr && live->lease != 0) continue;  // a worker has it
    draft.Edit(id).held = true;
    if (live != nullptr) draft.EditAttempt(id).held = true;
    draft.Touch(id);
  }
}

void Resume(Draft& draft, const std::string& component) {
  draft.EditComponent(component).paused = false;
  draft.TouchComponent(component);
  for (const std::string& id : draft.UnfinishedOf(component)) {
    if (!draft.Find(id)->held) continue;
    draft.Edit(id).held = false;
    if (draft.Find(id)->status == RunStatus::kWaitingForRunner &&
        draft.LiveAttempt(id) != nullptr) {
      AttemptRecord& attempt = draft.EditAttempt(id);
      attempt.held = false;
      draft.Offer(attempt.worker_group);
    }
    draft.Touch(id);
    if (!draft.Find(id)->resource.empty()) draft.Touch(draft.Find(id)->resource);
  }
}

// ---- instances

void Cancel(Draft& draft, const std::string& id) {
  if (draft.Find(id)->resumes) {
    draft.Edit(id).resumes = false;
    draft.Edit(id).waiting_on.clear();
    draft.Edit(id).blocked_by.clear();
    Block(draft, id);
    return;
  }
  draft.Edit(id).cancellation_reason = "canceled by request";
  End(draft, id, RunStatus::kCanceled);
}

void MarkFinished(Draft& draft, const std::string& id) {
  if (!IsTerminal(draft.Find(id)->status)) {
    if (draft.LiveAttempt(id) != nullptr) {
      AttemptRecord& attempt = draft.EditAttempt(id);
      attempt.cancel_requested = attempt.lease != 0;
      attempt.status = RunStatus::kCanceled;
      attempt.ended_at = draft.now();
      attempt.deadline.reset();
    }
    draft.Edit(id).marked_finished = true;
    End(draft, id, RunStatus::kFinished);
    return;
  }
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kFinished;
  record.marked_finished = true;
  record.resumes = false;
  record.waiting_on.clear();
  record.blocked_by.clear();
  NoteOnComponent(draft, record);
  Release(draft, id);
  draft.TouchPipeline();
}

/// Puts one ended instance back to waiting, with a fresh retry budget; attempts go on counting
/// (A37).
void Restart(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  record.version = draft.record().active_version;
  const Component* component = draft.ComponentOf(record);  // as it was edited since
  record.status = RunStatus::kWaitingOnDependencies;
  record.actual_start = draft.now();
  record.actual_end.reset();
  record.tries_left = 1 + MaximumRetries(draft.options(), *component);
  record.retry_at.reset();
  record.terminate_at.reset();
  record.first_check_at.reset();
  record.last_check_at.reset();
  record.resumes = false;
  record.marked_finished = false;
  record.actions_decided = false;
  record.late_decided = true;  // its time was the first one
  record.cascade_failed_on.clear();
  record.cancellation_reason.clear();
  record.error_id.clear();
  record.error_message.clear();
  record.error_stack_trace.clear();
  const ComponentRecord* progress = draft.FindComponent(record.component);
  record.held = progress != nullptr && progress->paused;
  draft.Touch(id);
}

/// Those that wait for `id` will wait for its new run; also those that had seen the old one finish.
void WaitAgain(Draft& draft, const std::string& id, const Calendar& calendar,
               ComponentIndex index) {
  for (const std::string& waiter : draft.WaitersOf(id))
    std::erase(draft.Edit(waiter).blocked_by, id);
  const InstanceRecord& record = *draft.Find(id);
  for (const Link& link :
       calendar.Dependents(index, {record.scheduled_start, record.scheduled_end})) {
    const InstanceRecord* dependent = draft.Find(link.id);
    if (dependent == nullptr) continue;
    if (dependent->status != RunStatus::kScheduled &&
        dependent->status != RunStatus::kWaitingOnDependencies)
      continue;
    const auto& needs = dependent->depends_on;
    if (std::find(needs.begin(), needs.end(), id) == needs.end()) continue;
    auto& waiting = draft.Edit(link.id).waiting_on;
    if (std::find(waiting.begin(), waiting.end(), id) == waiting.end()) waiting.push_back(id);
    draft.Touch(link.id);
  }
}

/// Every instance, made or not, that a resource's instance serves.
std::vector<std::string> UsersIn(const Calendar& calendar, ComponentIndex resource,
                                 const Interval& interval) {
  const Plan& plan = calendar.plan();
  std::vector<std::string> ids;
  for (ComponentIndex user : plan.components[resource].users) {
    const Component& component = plan.components[user];
    const bool same = plan.on_demand || !component.schedule ||
                      component.schedule == plan.components[resource].schedule ||
                      interval.end <= interval.start;
    if (same) {
      ids.push_back(InstanceId(component.stem, interval.start));
      continue;
    }
    const Timetable table = calendar.Of(component);
    const auto [begin, end] = table.Overlapping(interval);
    for (int64_t k = begin; k < end; ++k) {
      if (table.At(k).start >= interval.start)
        ids.push_back(InstanceId(component.stem, table.At(k).start));
    }
  }
  return ids;
}

void Rerun(Draft& draft, const std::string& first) {
  const Plan& plan = draft.plan();
  const Calendar calendar = CalendarOf(draft);
  std::deque<std::string> queue = {first};
  std::vector<std::string> restarted;
  std::map<std::string, InstanceRecord> before;
  while (!queue.empty() && restarted.size() < kCascadeMax) {
    const std::string id = queue.front();
    queue.pop_front();
    const InstanceRecord* found = draft.Find(id);
    const auto index = plan.OfInstance(id);
    if (found == nullptr || !index || !(IsTerminal(found->status) || found->resumes)) continue;
    const Component& component = plan.components[*index];
    before.emplace(id, *found);
    Restart(draft, id);
    restarted.push_back(id);
    WaitAgain(draft, id, calendar, *index);
    const InstanceRecord& record = *draft.Find(id);
    const Interval interval{record.scheduled_start, record.scheduled_end};
    for (ComponentIndex precondition : component.preconditions) {
      const std::string check =
          InstanceId(plan.components[precondition].stem, record.scheduled_start);
      const InstanceRecord* state = draft.Find(check);
      if (state == nullptr) {
        // A SKIPPED run, marked finished since, had none.
        MakePrecondition(draft, precondition, id);
      } else if (state->status != RunStatus::kFinished) {
        queue.push_back(check);
      }
    }
    if (component.kind == ComponentKind::kResource) {
      for (const std::string& user : UsersIn(calendar, *index, interval)) {
        const InstanceRecord* state = draft.Find(user);
        if (state != nullptr && IsTerminal(state->status) &&
            state->status != RunStatus::kFinished && state->status != RunStatus::kSkipped) {
          queue.push_back(user);
        }
      }
    }
    if (!component.cascade) continue;
    for (const Link& link : calendar.Dependents(*index, interval)) {
      const InstanceRecord* consumer = draft.Find(link.id);
      if (consumer == nullptr) continue;
      const bool victim = consumer->status == RunStatus::kCascadeFailed ||
                          (!consumer->node.empty() && consumer->status == RunStatus::kCanceled);
      if (victim) queue.push_back(link.id);
    }
  }
  // What is missing is told only when everything that runs again is known to.
  for (const std::string& id : restarted) Wire(draft, id, true);
  // Behind a failure that is not rerun with it, a victim stays what it was. Nothing ran, so no
  // action fires again.
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string& id : restarted) {
      const InstanceRecord& record = *draft.Find(id);
      const Component* component = draft.ComponentOf(record);
      if (before.at(id).status != RunStatus::kCascadeFailed || IsTerminal(record.status)) continue;
      if (record.blocked_by.empty() || !component->cascade) continue;
      draft.Edit(id) = before.at(id);
      Block(draft, id);
      changed = true;
    }
  }
}

/// What unfinished work, other than what `ids` names, a resource instance is needed by; or empty.
std::string NeededBy(const Draft& draft, const std::string& resource,
                     const std::set<std::string>& ids) {
  for (std::string& user : draft.UsersOf(resource)) {
    if (!ids.contains(user)) return std::move(user);
  }
  return {};
}

std::optional<Refusal> CheckInstance(const Draft& draft, Command command, const std::string& id,
                                     const std::set<std::string>& ids) {
  const InstanceRecord* record = draft.Find(id);
  if (record == nullptr || !draft.plan().OfInstance(id)) {
    return InvalidRequest(fmt::format("{}: pipeline {} has no instance '{}'", CommandName(command),
                                      draft.key().id, id));
  }
  const bool ended = IsTerminal(record->status);
  switch (command) {
    case Command::kTryCancel:
      if (ended && !record->resumes) {
        return InvalidRequest(
            fmt::format("TRY_CANCEL: {} ended already: {}", id, StatusName(record->status)));
      }
      break;
    case Command::kRerun:
      if (!ended) {
        return InvalidRequest(fmt::format("RERUN: {} has not ended: it is {}. Cancel it first.", id,
                                          StatusName(record->status)));
      }
      if (record->status == RunStatus::kSkipped) {
        return InvalidRequest(
            fmt::format("RERUN: {} was SKIPPED by the startTimestamp of an activation; it can only "
                        "be marked finished",
                        id));
      }
      if (draft.record().state != PipelineState::kScheduled) {
        return InvalidRequest(fmt::format("RERUN: pipeline {} is {}: activate it first",
                                          draft.key().id, PipelineStateName(draft.record().state)));
      }
      break;
    case Command::kMarkFinished:
      // Those that run on it would have nowhere to run: only a machine helps them, not a word.
      if (std::string user = NeededBy(draft, id, ids); !user.empty()) {
        return InvalidRequest(
            fmt::format("MARK_FINISHED: {} still needs the resource {}, which ends by itself when "
                        "nothing does. "
                        "{}, or cancel {} or mark it finished first.",
                        user, id, ended ? "Rerun the resource" : "Wait", user));
      }
      break;
    case Command::kPause:
    case Command::kResume:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Command> ParseCommand(std::string_view word) {
  for (Command command : {Command::kPause, Command::kResume, Command::kTryCancel, Command::kRerun,
                          Command::kMarkFinished}) {
    if (EqualsIgnoreCase(word, CommandName(command))) return command;
  }
  return std::nullopt;
}

Reply SetStatusOf(Draft& draft, const SetStatus& request) {
  const auto command = ParseCommand(request.status);
  if (!command) {
    return InvalidRequest(fmt::format(
        "status '{}' cannot be set: use PAUSE or RESUME for components, TRY_CANCEL, RERUN or "
        "MARK_FINISHED for instances",
        request.status));
  }
  if (draft.record().state == PipelineState::kFinished) {
    return InvalidRequest(
        fmt::format("{}: pipeline {} is FINISHED", CommandName(*command), draft.key().id));
  }
  if (!draft.IsActivated()) {
    return InvalidRequest(
        fmt::format("{}: pipeline {} was never activated", CommandName(*command), draft.key().id));
  }
  const std::set<std::string> ids(request.object_ids.begin(), request.object_ids.end());
  const bool components = *command == Command::kPause || *command == Command::kResume;
  for (const std::string& id : ids) {
    if (components) {
      if (!draft.plan().OfObject(id)) {
        return InvalidRequest(
            fmt::format("{}: pipeline {} has no activity, data node, resource or precondition '{}'",
                        CommandName(*command), draft.key().id, id));
      }
    } else if (auto refusal = CheckInstance(draft, *command, id, ids)) {
      return *refusal;
    }
  }
  for (const std::string& id : ids) {
    // One of them may have been ended, or restarted, by another.
    const InstanceRecord* record = components ? nullptr : draft.Find(id);
    switch (*command) {
      case Command::kPause:
        Pause(draft, id);
        break;
      case Command::kResume:
        Resume(draft, id);
        break;
      case Command::kTryCancel:
        if (!IsTerminal(record->status) || record->resumes) Cancel(draft, id);
        break;
      case Command::kRerun:
        if (IsTerminal(record->status)) Rerun(draft, id);
        break;
      case Command::kMarkFinished:
        if (record->status != RunStatus::kFinished) MarkFinished(draft, id);
        break;
    }
  }
  return Done{};
}

std::vector<std::string> LooksAt(const Draft& draft, Command command, const std::string& first) {
  std::vector<std::string> ids = {first};
  if (command != Command::kRerun || !draft.IsActivated()) return ids;
  const Plan& plan = draft.plan();
  const Calendar calendar = CalendarOf(draft);
  std::set<std::string> seen = {first};
  const auto add = [&](std::string id) {
    if (seen.insert(id).second) ids.push_back(std::move(id));
  };
  std::vector<std::string> targets = {first};
  std::set<std::string> expanded = {first};
  for (size_t i = 0; i < targets.size() && i < kCascadeMax; ++i) {
    const std::string id = targets[i];
    const auto index = plan.OfInstance(id);
    const auto start = StartOf(id);
    if (!index || !start) continue;
    const Component& component = plan.components[*index];
    const Interval interval = calendar.IntervalOf(*index, *start);
    add(id);
    for (const Link& link : calendar.Dependencies(*index, interval)) add(link.id);
    for (ComponentIndex precondition : component.preconditions) {
      for (const Link& link : calendar.Dependencies(precondition, interval)) add(link.id);
      // It runs again with its owner, and may run on a resource of its own.
      const auto& resource = plan.components[precondition].runs_on;
      if (resource) add(calendar.Resource(precondition, interval, *resource).id);
    }
    if (component.runs_on) add(calendar.Resource(*index, interval, *component.runs_on).id);
    if (component.kind == ComponentKind::kResource) {
      for (const std::string& user : UsersIn(calendar, *index, interval)) {
        add(user);
        if (expanded.insert(user).second) targets.push_back(user);
      }
    }
    for (const Link& link : calendar.Dependents(*index, interval)) {
      add(link.id);
      if (component.cascade && expanded.insert(link.id).second) targets.push_back(link.id);
    }
  }
  return ids;
}

}  // namespace penstock::engine
