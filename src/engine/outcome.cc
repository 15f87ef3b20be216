#include "engine/outcome.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "engine/actions.h"
#include "engine/precondition.h"
#include "engine/resource.h"

namespace penstock::engine {
namespace {

void EndAttempt(Draft& draft, const std::string& id, RunStatus outcome, const Failure& why) {
  if (draft.LiveAttempt(id) == nullptr) return;
  AttemptRecord& attempt = draft.EditAttempt(id);
  const bool at_work = attempt.lease != 0;
  attempt.status = outcome == RunStatus::kCascadeFailed ? RunStatus::kCanceled : outcome;
  attempt.ended_at = draft.now();
  attempt.deadline.reset();
  attempt.held = false;
  // A worker that still works for it hears so on its next report.
  attempt.cancel_requested =
      at_work && outcome != RunStatus::kFinished && outcome != RunStatus::kFailed;
  if (!why.id.empty()) attempt.error_id = why.id;
  if (!why.message.empty()) attempt.error_message = why.message;
  if (!why.stack_trace.empty()) attempt.error_stack_trace = why.stack_trace;
}

}  // namespace

void NoteOnComponent(Draft& draft, const InstanceRecord& instance) {
  const Component* component = draft.ComponentOf(instance);
  if (component == nullptr || component->kind == ComponentKind::kPrecondition) return;
  ComponentRecord& record = draft.EditComponent(instance.component);
  const bool finished = instance.status == RunStatus::kFinished;
  if (finished) {
    record.latest_completed_run_at =
        std::max(record.latest_completed_run_at, std::optional(instance.scheduled_start));
  }
  record.health = finished ? Health::kHealthy : Health::kError;
  record.health_from = instance.id;
  record.health_updated_at = draft.now();
}

void Block(Draft& draft, const std::string& id) {
  for (const std::string& waiter : draft.WaitersOf(id)) {
    InstanceRecord& record = draft.Edit(waiter);
    if (std::find(record.blocked_by.begin(), record.blocked_by.end(), id) ==
        record.blocked_by.end()) {
      record.blocked_by.push_back(id);
    }
    draft.Touch(waiter);
  }
}

void Release(Draft& draft, const std::string& id) {
  for (const std::string& waiter : draft.WaitersOf(id)) {
    InstanceRecord& record = draft.Edit(waiter);
    std::erase(record.waiting_on, id);
    std::erase(record.blocked_by, id);
    draft.Touch(waiter);
  }
}

void End(Draft& draft, const std::string& id, RunStatus outcome, const Failure& why) {
  CHECK(IsTerminal(outcome));
  InstanceRecord& record = draft.Edit(id);
  CHECK(!IsTerminal(record.status), "{} ended already", id);
  const Component* component = draft.ComponentOf(record);
  const RunStatus before = record.status;
  record.status = outcome;
  record.actual_end = draft.now();
  record.wake_at.reset();
  record.retry_at.reset();
  record.waiting_on.clear();
  record.blocked_by.clear();
  record.waiting_reason.clear();
  record.held = false;
  if (!why.id.empty()) record.error_id = why.id;
  if (!why.message.empty()) record.error_message = why.message;
  if (!why.stack_trace.empty()) record.error_stack_trace = why.stack_trace;
  if (outcome == RunStatus::kFinished) {
    record.error_id.clear();
    record.error_message.clear();
    record.error_stack_trace.clear();
  }
  EraseCheck(draft, record);
  if (component != nullptr && component->kind == ComponentKind::kResource)
    EndMachine(draft, id, before);
  EndAttempt(draft, id, outcome, why);
  draft.TouchPipeline();
  if (component == nullptr) return;

  NoteOnComponent(draft, record);
  draft.TouchComponent(record.component);
  if (outcome == RunStatus::kFinished) {
    Release(draft, id);
  } else {
    Block(draft, id);
  }

  // A failed precondition fails its owner; an owner that ended needs no more checks.
  if (!record.node.empty() && (outcome == RunStatus::kFailed || outcome == RunStatus::kTimedOut)) {
    const InstanceRecord* node = draft.Find(record.node);
    if (node != nullptr && !IsTerminal(node->status)) {
      End(draft, record.node, RunStatus::kFailed,
          {"PreconditionFailed",
           fmt::format("precondition {} failed: {}", id, record.error_message), ""});
    }
  }
  for (ComponentIndex index : component->preconditions) {
    const std::string precondition =
        InstanceId(draft.PlanOf(record).components[index].stem, record.scheduled_start);
    const InstanceRecord* check = draft.Find(precondition);
    if (check == nullptr || IsTerminal(check->status)) continue;
    draft.Edit(precondition).cancellation_reason = fmt::format("{} ended", id);
    End(draft, precondition, RunStatus::kCanceled);
  }

  if (component->kind == ComponentKind::kResource) {
    ResourceEnded(draft, id, outcome);
  } else if (!record.resource.empty()) {
    UserEnded(draft, id, outcome);
  }
  DecideOutcomeActions(draft, id);
}

}  // namespace penstock::engine
