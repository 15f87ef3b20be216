#include "engine/advance.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/attempt.h"
#include "engine/cascade.h"
#include "engine/deactivate.h"
#include "engine/explain.h"
#include "engine/instances.h"
#include "engine/late.h"
#include "engine/lease.h"
#include "engine/lifecycle.h"
#include "engine/outcome.h"
#include "engine/precondition.h"
#include "engine/resource.h"

namespace penstock::engine {
namespace {

/// Everything but the resource is there. Whether the resource is, too; else the instance waits for
/// it.
bool HasResource(Draft& draft, const std::string& id) {
  const std::string resource = draft.Find(id)->resource;
  if (resource.empty() || IsReady(draft, resource)) return true;
  InstanceRecord& record = draft.Edit(id);
  if (std::find(record.waiting_on.begin(), record.waiting_on.end(), resource) ==
      record.waiting_on.end()) {
    record.waiting_on.push_back(resource);
  }
  const InstanceRecord* found = draft.Find(resource);
  if (found == nullptr || IsTerminal(found->status)) {
    record.blocked_by = {resource};
    CascadeFailure(draft, id);
  } else {
    draft.Touch(resource);
  }
  return false;
}

void AdvanceWaiting(Draft& draft, const std::string& id, const Component& component) {
  if (draft.record().state == PipelineState::kDeactivating) {
    Stop(draft, id);  // it was at work, and would have to wait again
    return;
  }
  if (CascadeFailure(draft, id)) return;
  const InstanceRecord& record = *draft.Find(id);
  if (record.held || !record.waiting_on.empty()) return;
  if (component.kind == ComponentKind::kDataNode) {
    End(draft, id, RunStatus::kFinished);
    return;
  }
  if (component.managed_by_service) {
    AdvanceCheck(draft, id);
    return;
  }
  if (!HasResource(draft, id)) return;
  if (record.retry_at && *record.retry_at > draft.now()) return;
  MakeAttempt(draft, id);
}

void AdvanceQueued(Draft& draft, const std::string& id, const Component& component) {
  if (draft.LiveAttempt(id) != nullptr) {
    Expire(draft, id);
    return;
  }
  const InstanceRecord& record = *draft.Find(id);
  if (record.held || (record.retry_at && *record.retry_at > draft.now())) return;
  if (!record.resource.empty() && !IsReady(draft, record.resource)) {
    draft.Edit(id).status = RunStatus::kWaitingOnDependencies;
    AdvanceWaiting(draft, id, component);
    return;
  }
  MakeAttempt(draft, id);
}

}  // namespace

void Advance(Draft& draft, const std::string& id) {
  const InstanceRecord* record = draft.Find(id);
  if (record == nullptr || IsTerminal(record->status)) return;
  const Component* component = draft.ComponentOf(*record);
  if (component == nullptr) {
    End(draft, id, RunStatus::kCanceled,
        {"ObjectGone", fmt::format("{} is no longer in the definition", record->component), ""});
    return;
  }
  DecideLateness(draft, id);
  record = draft.Find(id);
  if (IsTerminal(record->status)) return;
  if (record->status == RunStatus::kScheduled && record->due_at <= draft.now() && !record->held) {
    InstanceRecord& changed = draft.Edit(id);
    changed.status = RunStatus::kWaitingOnDependencies;
    changed.actual_start = draft.now();
    record = &changed;
  }
  if (component->kind == ComponentKind::kResource) {
    if (record->status == RunStatus::kScheduled) {
      Explain(draft, id);
    } else {
      AdvanceResource(draft, id);
    }
    return;
  }
  if (component->kind == ComponentKind::kPrecondition) {
    const AttemptRecord* live = draft.LiveAttempt(id);
    const bool at_work = live != nullptr && live->lease != 0;  // its worker tells what it finds
    if (!at_work && FailIfUnmetForTooLong(draft, id)) return;
  }
  switch (record->status) {
    case RunStatus::kWaitingOnDependencies:
      AdvanceWaiting(draft, id, *component);
      break;
    case RunStatus::kWaitingForRunner:
      AdvanceQueued(draft, id, *component);
      break;
    case RunStatus::kRunning:
      if (component->managed_by_service) {
        AdvanceCheck(draft, id);
      } else {
        Expire(draft, id);
      }
      break;
    default:
      break;
  }
  Explain(draft, id);
}

void Settle(Draft& draft) {
  // Planning the next instances touches resources, whose end touches nothing that is planned: this
  // ends.
  for (auto id = draft.NextTouched(); id || draft.AnyComponentTouched(); id = draft.NextTouched()) {
    if (id) {
      Advance(draft, *id);
    } else {
      PlanCreation(draft);
    }
  }
  SettlePipeline(draft);
}

}  // namespace penstock::engine
