#include "engine/deactivate.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/instances.h"
#include "engine/outcome.h"
#include "engine/precondition.h"
#include "engine/resource.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

constexpr std::string_view kReason = "the pipeline was deactivated";

void Suspend(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  const RunStatus before = record.status;
  record.status = RunStatus::kCanceled;
  record.cancellation_reason = kReason;
  record.resumes = true;
  record.actual_end = draft.now();
  record.wake_at.reset();
  record.retry_at.reset();
  record.waiting_reason.clear();
  if (!record.resource.empty()) {
    std::erase(record.waiting_on, record.resource);
    std::erase(record.blocked_by, record.resource);
  }
  EraseCheck(draft, record);
  const Component* component = draft.ComponentOf(record);
  if (component != nullptr && component->kind == ComponentKind::kResource)
    EndMachine(draft, id, before);
  if (draft.LiveAttempt(id) == nullptr) return;
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kCanceled;
  attempt.ended_at = draft.now();
  attempt.cancel_requested = attempt.lease != 0;
  attempt.deadline.reset();
  attempt.held = false;
}

/// Whether a worker or a machine is busy with it.
bool AtWork(const Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  const AttemptRecord* attempt = draft.LiveAttempt(id);
  switch (record.status) {
    case RunStatus::kRunning:
    case RunStatus::kCreating:
    case RunStatus::kShuttingDown:
      return true;
    case RunStatus::kWaitingForRunner:
      return attempt != nullptr && attempt->lease != 0;
    default:
      return false;
  }
}

}  // namespace

void Stop(Draft& draft, const std::string& id) {
  if (draft.plan().on_demand) {
    draft.Edit(id).cancellation_reason = kReason;
    End(draft, id, RunStatus::kCanceled);
    return;
  }
  if (const std::string& resource = draft.Find(id)->resource; !resource.empty())
    draft.Touch(resource);
  Suspend(draft, id);
  draft.TouchPipeline();
}

Reply DeactivatePipeline(Draft& draft, bool cancel_active) {
  switch (draft.record().state) {
    case PipelineState::kPending:
      return Refusal{
          RefusalKind::kInvalidRequest,
          fmt::format("pipeline {} cannot be deactivated: it was never activated", draft.key().id)};
    case PipelineState::kFinished:
      return Refusal{
          RefusalKind::kInvalidRequest,
          fmt::format("pipeline {} cannot be deactivated: it is FINISHED", draft.key().id)};
    case PipelineState::kInactive:
      return Done{};
    case PipelineState::kDeactivating:
    case PipelineState::kScheduled:
      break;
  }
  PipelineRecord& record = draft.EditRecord();
  record.state = PipelineState::kDeactivating;
  record.last_deactivated_at = draft.now();
  for (const std::string& id : draft.Unfinished()) {
    const InstanceRecord& instance = *draft.Find(id);
    if (IsTerminal(instance.status)) continue;
    if (!cancel_active && AtWork(draft, id)) {
      draft.Touch(id);  // a machine may have been kept only for work that will not come now
      continue;
    }
    // A machine that goes down already may do so in peace.
    if (instance.status == RunStatus::kShuttingDown) continue;
    Stop(draft, id);
  }
  for (const Component& component : draft.plan().components) draft.TouchComponent(component.id);
  draft.TouchPipeline();
  return Done{};
}

void ResumeAll(Draft& draft, std::optional<Instant> skip_before) {
  const std::vector<std::string> stopped = draft.Resumable();
  for (const std::string& id : stopped) {
    InstanceRecord& record = draft.Edit(id);
    record.resumes = false;
    const Component* component = draft.ComponentOf(record);
    if (component == nullptr) continue;
    if (skip_before && record.scheduled_start < *skip_before) {
      const bool own = component->kind == ComponentKind::kActivity ||
                       component->kind == ComponentKind::kDataNode;
      if (own) {
        record.status = RunStatus::kSkipped;
        record.cancellation_reason.clear();
      }
      record.waiting_on.clear();
      record.blocked_by.clear();
      Block(draft, id);
      if (!record.resource.empty()) draft.Touch(record.resource);
      continue;
    }
    const ComponentRecord* progress = draft.FindComponent(record.component);
    record.status = RunStatus::kScheduled;
    record.version = draft.record().active_version;
    if (const Component* edited = draft.ComponentOf(record)) component = edited;
    record.actual_start.reset();
    record.actual_end.reset();
    record.cancellation_reason.clear();
    record.tries_left = 1 + MaximumRetries(draft.options(), *component);
    record.held = progress != nullptr && progress->paused;
    record.first_check_at.reset();
    record.terminate_at.reset();
    draft.Touch(id);
    // Its machine may have ended in peace meanwhile: nothing seemed to need it.
    ReviveResource(draft, id);
  }
  // What had begun, and begins again, may find a dependency being rerun that it had seen finish.
  for (const std::string& id : stopped) {
    if (IsTerminal(draft.Find(id)->status)) continue;
    InstanceRecord& record = draft.Edit(id);
    for (const std::string& dependency : record.depends_on) {
      const InstanceRecord* other = draft.Find(dependency);
      if (other == nullptr || IsTerminal(other->status)) continue;
      auto& waiting = record.waiting_on;
      if (std::find(waiting.begin(), waiting.end(), dependency) == waiting.end())
        waiting.push_back(dependency);
    }
  }
}

}  // namespace penstock::engine
