#include "engine/resource.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "engine/explain.h"
#include "engine/late.h"
#include "engine/lease.h"
#include "engine/links.h"
#include "engine/retry.h"
#include "engine/runtime_scope.h"

namespace penstock::engine {
namespace {

std::string TerminateKey(const InstanceRecord& record) {
  return AttemptId(record.id, record.attempts) + "_terminate";
}
std::string LaunchKey(const InstanceRecord& record) {
  return AttemptId(record.id, record.attempts) + "_launch";
}

/// Whether an interval of one of its users that has no instance yet will use this resource
/// instance.
bool MoreWorkComes(const Draft& draft, const InstanceRecord& record, const Component& component) {
  if (draft.record().state != PipelineState::kScheduled) return false;
  const Plan& plan = draft.plan();
  if (plan.on_demand) return false;
  const Calendar calendar(plan, *draft.record().first_activated_at);
  for (ComponentIndex index : component.users) {
    if (index >= plan.components.size()) continue;
    const Component& user = plan.components[plan.components[index].node.value_or(index)];
    if (!user.schedule) continue;
    const Timetable table = calendar.Of(user);
    const ComponentRecord* progress = draft.FindComponent(user.id);
    const int64_t next = progress != nullptr ? progress->next_interval : 0;
    if (!table.Has(next)) continue;
    const Instant start = table.At(next).start;
    if (start >= record.scheduled_start && start < record.scheduled_end) return true;
  }
  return false;
}

bool AnyoneReady(const Draft& draft, const std::string& id) {
  for (const std::string& waiter : draft.WaitersOf(id)) {
    const InstanceRecord* user = draft.Find(waiter);
    if (!IsTerminal(user->status) && !user->held) return true;
  }
  return false;
}

/// What identifies the machine to whoever must end it, even when the pipeline is gone by then.
std::vector<Field> Identity(const Draft& draft, const InstanceRecord& record) {
  std::vector<Field> fields = record.fields;
  const Component* component = draft.ComponentOf(record);
  if (component == nullptr) return fields;
  fields.insert(fields.begin(), {"type", std::string(component->type), false});
  const DraftObjects objects(draft);
  for (std::string_view key : {"region", "role"}) {
    const std::string value = objects.MaskedField(record, key);
    if (!value.empty()) fields.push_back({std::string(key), value, false});
  }
  return fields;
}

void Terminate(Draft& draft, const InstanceRecord& record) {
  EffectRecord effect;
  effect.key = TerminateKey(record);
  effect.kind = EffectKind::kTerminateResource;
  effect.object = record.component;
  effect.instance = record.id;
  effect.attempt = record.attempts;
  effect.name = ResourceName(draft.key(), record.id, record.attempts);
  effect.fields = Identity(draft, record);
  draft.PutEffect(std::move(effect));
}

void Launch(Draft& draft, const std::string& id, const Component& component) {
  InstanceRecord& record = draft.Edit(id);
  ++record.attempts;
  --record.tries_left;
  record.status = RunStatus::kCreating;
  record.retry_at.reset();
  record.worker_group = ResourceName(draft.key(), id, record.attempts);
  record.fields.clear();
  record.launched_at = draft.now();
  NoteBegin(draft, record);
  record.terminate_at.reset();
  if (component.terminate_after)
    record.terminate_at = Plus(draft.now(), *component.terminate_after);
  AttemptRecord attempt;
  attempt.instance = id;
  attempt.number = record.attempts;
  attempt.status = RunStatus::kCreating;
  attempt.created_at = draft.now();
  attempt.started_at = draft.now();
  if (component.init_timeout) attempt.deadline = Plus(draft.now(), *component.init_timeout);
  draft.CreateAttempt(std::move(attempt));
  EffectRecord effect;
  effect.key = LaunchKey(record);
  effect.kind = EffectKind::kLaunchResource;
  effect.object = record.component;
  effect.instance = id;
  effect.attempt = record.attempts;
  effect.name = record.worker_group;
  draft.PutEffect(std::move(effect));
}

void ShutDown(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  draft.EraseEffect(LaunchKey(record));
  record.status = RunStatus::kShuttingDown;
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kShuttingDown;
  attempt.deadline.reset();
  Terminate(draft, record);
}

/// Its work goes on, on a new machine: back to where it waits for its first user.
void StartOver(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kWaitingOnDependencies;
  record.worker_group.clear();
  record.terminate_at.reset();
  draft.Touch(id);
}

void EndLaunch(Draft& draft, const std::string& id, RunStatus outcome, const Failure& why) {
  if (draft.LiveAttempt(id) == nullptr) return;
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = outcome;
  attempt.ended_at = draft.now();
  attempt.deadline.reset();
  attempt.error_id = why.id;
  attempt.error_message = why.message;
  attempt.error_stack_trace = why.stack_trace;
}

void NoteFailure(InstanceRecord& record, const Failure& why) {
  record.error_id = why.id;
  record.error_message = why.message;
  record.error_stack_trace = why.stack_trace;
  std::erase_if(record.fields, [](const Field& field) { return field.key == "@failureReason"; });
  record.fields.push_back({"@failureReason", why.message, false});
}

}  // namespace

std::string ResourceName(const PipelineKey& key, const std::string& instance, int attempt) {
  return attempt <= 1 ? fmt::format("{}_{}", key.id, instance)
                      : fmt::format("{}_{}_{}", key.id, instance, attempt);
}

bool IsReady(const Draft& draft, const std::string& resource) {
  const InstanceRecord* record = draft.Find(resource);
  return record != nullptr && record->status == RunStatus::kRunning;
}

void AdvanceResource(Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  const Component& component = *draft.ComponentOf(record);
  const bool wanted = !draft.UsersOf(id).empty() || MoreWorkComes(draft, record, component);
  switch (record.status) {
    case RunStatus::kWaitingOnDependencies:
      if (!wanted) {
        End(draft, id, RunStatus::kFinished);
        return;
      }
      if (!record.held && AnyoneReady(draft, id) &&
          (!record.retry_at || *record.retry_at <= draft.now())) {
        Launch(draft, id, component);
      }
      break;
    case RunStatus::kCreating:
    case RunStatus::kRunning: {
      if (record.terminate_at && *record.terminate_at <= draft.now()) {
        End(draft, id, RunStatus::kTimedOut,
            {"ResourceTimedOut",
             fmt::format("{} was ended because its terminateAfter ({}) passed", id,
                         FormatPeriod(*component.terminate_after)),
             ""});
        return;
      }
      const AttemptRecord* attempt = draft.LiveAttempt(id);
      if (record.status == RunStatus::kCreating && attempt != nullptr && attempt->deadline &&
          *attempt->deadline <= draft.now()) {
        LaunchFailed(draft, id,
                     {"ResourceInitTimeout",
                      fmt::format("{} was not ready within its initTimeout ({})", id,
                                  FormatPeriod(*component.init_timeout)),
                      ""});
        return;
      }
      if (!wanted) ShutDown(draft, id);
      break;
    }
    default:
      break;
  }
  Explain(draft, id);
}

void LaunchDone(Draft& draft, const std::string& id, const std::vector<Field>& fields) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr || found->status != RunStatus::kCreating) return;
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kRunning;
  MergeFields(record.fields, fields);
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kRunning;
  attempt.acknowledged_at = draft.now();
  attempt.deadline.reset();
  Release(draft, id);
  draft.Touch(id);
}

void LaunchFailed(Draft& draft, const std::string& id, const Failure& why) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr || found->status != RunStatus::kCreating) return;
  const Component& component = *draft.ComponentOf(*found);
  if (found->tries_left <= 0) {
    NoteFailure(draft.Edit(id), why);
    End(draft, id, RunStatus::kFailed, why);
    return;
  }
  InstanceRecord& record = draft.Edit(id);
  draft.EraseEffect(LaunchKey(record));
  Terminate(draft, record);  // whatever came into being of it
  EndLaunch(draft, id, RunStatus::kFailed, why);
  NoteFailure(record, why);
  record.retry_at = RetryAt(draft.options(), component, draft.now());
  StartOver(draft, id);
}

void TerminateDone(Draft& draft, const std::string& id, const Failure& why) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr || found->status != RunStatus::kShuttingDown) return;
  if (!why.message.empty()) NoteFailure(draft.Edit(id), why);
  if (draft.UsersOf(id).empty()) {
    End(draft, id, RunStatus::kFinished);
    return;
  }
  // Work came back to it while it went down.
  EndLaunch(draft, id, RunStatus::kFinished, {});
  draft.Edit(id).tries_left = 1 + MaximumRetries(draft.options(), *draft.ComponentOf(id));
  StartOver(draft, id);
}

void MachineLost(Draft& draft, const std::string& id, const Failure& why) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr) return;
  if (found->status == RunStatus::kCreating) {
    LaunchFailed(draft, id, why);
    return;
  }
  if (found->status == RunStatus::kShuttingDown) {
    draft.EraseEffect(TerminateKey(*found));
    TerminateDone(draft, id, {});
    return;
  }
  if (found->status != RunStatus::kRunning) return;
  const Component& component = *draft.ComponentOf(*found);
  if (component.on_resource_failure == ResourceFailureAction::kRetryNone ||
      found->tries_left <= 0) {
    NoteFailure(draft.Edit(id), why);
    End(draft, id, RunStatus::kFailed, why);
    return;
  }
  InstanceRecord& record = draft.Edit(id);
  NoteFailure(record, why);
  Terminate(draft, record);
  EndLaunch(draft, id, RunStatus::kFailed, why);
  for (const std::string& user : draft.UsersOf(id)) Withdraw(draft, user);
  StartOver(draft, id);
}

void EndMachine(Draft& draft, const std::string& id, RunStatus before) {
  const InstanceRecord& record = *draft.Find(id);
  if (before != RunStatus::kCreating && before != RunStatus::kRunning) return;
  draft.EraseEffect(LaunchKey(record));
  Terminate(draft, record);
}

void ResourceEnded(Draft& draft, const std::string& id, RunStatus outcome) {
  if (outcome == RunStatus::kFinished) return;
  const std::string reason = fmt::format("its resource {} ended: {}", id, StatusName(outcome));
  for (const std::string& user : draft.UsersOf(id)) {
    const InstanceRecord* found = draft.Find(user);
    if (IsTerminal(found->status)) continue;
    const bool begun =
        found->status == RunStatus::kRunning || found->status == RunStatus::kWaitingForRunner;
    if (begun && outcome == RunStatus::kCanceled) {
      draft.Edit(user).cancellation_reason = reason;
      End(draft, user, RunStatus::kCanceled);
    } else if (begun) {
      End(draft, user, RunStatus::kFailed, {"ResourceFailed", reason, ""});
    } else {
      InstanceRecord& record = draft.Edit(user);
      for (auto* list : {&record.waiting_on, &record.blocked_by}) {
        if (std::find(list->begin(), list->end(), id) == list->end()) list->push_back(id);
      }
      draft.Touch(user);
    }
  }
}

void UserEnded(Draft& draft, const std::string& id, RunStatus outcome) {
  const std::string resource = draft.Find(id)->resource;
  const InstanceRecord* found = draft.Find(resource);
  if (found == nullptr || IsTerminal(found->status)) return;
  draft.Touch(resource);
  const Component* component = draft.ComponentOf(*found);
  if (outcome != RunStatus::kFailed ||
      component->on_task_failure != TaskFailureAction::kTerminate ||
      found->status != RunStatus::kRunning) {
    return;
  }
  // actionOnTaskFailure = terminate: what else it was doing is done again on a new machine.
  for (const std::string& user : draft.UsersOf(resource)) Withdraw(draft, user);
  ShutDown(draft, resource);
}

}  // namespace penstock::engine
