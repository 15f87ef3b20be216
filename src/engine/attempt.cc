#include "engine/attempt.h"

#include "engine/explain.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

std::string GroupOf(const Draft& draft, const InstanceRecord& record, const Component& component) {
  if (record.resource.empty()) return component.worker_group;
  const InstanceRecord* resource = draft.Find(record.resource);
  return resource != nullptr ? resource->worker_group : std::string();
}

}  // namespace

void MakeAttempt(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  record.worker_group = GroupOf(draft, record, *draft.ComponentOf(record));
  record.status = RunStatus::kWaitingForRunner;
  record.retry_at.reset();
  if (draft.LiveAttempt(id) != nullptr) {
    AttemptRecord& withdrawn = draft.EditAttempt(id);
    withdrawn.worker_group = record.worker_group;
    withdrawn.held = false;
  } else {
    ++record.attempts;
    --record.tries_left;
    AttemptRecord attempt;
    attempt.instance = id;
    attempt.number = record.attempts;
    attempt.worker_group = record.worker_group;
    attempt.created_at = draft.now();
    draft.CreateAttempt(std::move(attempt));
  }
  draft.Offer(record.worker_group);
  Explain(draft, id);
}

void FailAttempt(Draft& draft, const std::string& id, const Failure& why) {
  if (draft.Find(id)->tries_left <= 0) {
    End(draft, id, RunStatus::kFailed, why);
    return;
  }
  const Component& component = *draft.ComponentOf(id);
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kFailed;
  attempt.ended_at = draft.now();
  attempt.deadline.reset();
  attempt.error_id = why.id;
  attempt.error_message = why.message;
  attempt.error_stack_trace = why.stack_trace;
  InstanceRecord& record = draft.Edit(id);
  record.error_id = why.id;
  record.error_message = why.message;
  record.error_stack_trace = why.stack_trace;
  if (!component.managed_by_service) record.status = RunStatus::kWaitingForRunner;
  record.retry_at = RetryAt(draft.options(), component, draft.now());
  const ComponentRecord* progress = draft.FindComponent(record.component);
  record.held = progress != nullptr && progress->paused;
  draft.Touch(id);
}

}  // namespace penstock::engine
