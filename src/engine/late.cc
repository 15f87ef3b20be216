#include "engine/late.h"

#include <algorithm>

#include "engine/actions.h"

namespace penstock::engine {

std::optional<Instant> LateAt(const Draft& draft, const InstanceRecord& record,
                              const Component& component) {
  if (!component.late_after_timeout || component.on_late_action.empty() || record.late_decided)
    return std::nullopt;
  if (component.schedule_type == ScheduleType::kOnDemand) return std::nullopt;
  switch (record.status) {
    case RunStatus::kScheduled:
    case RunStatus::kWaitingOnDependencies:
    case RunStatus::kWaitingForRunner:
      break;
    case RunStatus::kCreating:
    case RunStatus::kRunning:
      if (draft.options().late_until_finished) break;
      return std::nullopt;
    default:
      return std::nullopt;
  }
  const Instant from = std::max(record.due_at, record.actual_start.value_or(record.due_at));
  return Plus(from, *component.late_after_timeout);
}

void NoteBegin(const Draft& draft, InstanceRecord& record) {
  if (!draft.options().late_until_finished) record.late_decided = true;
}

void DecideLateness(Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  const Component& component = *draft.ComponentOf(record);
  const auto at = LateAt(draft, record, component);
  if (!at || *at > draft.now()) return;
  draft.Edit(id).late_decided = true;
  FireActions(draft, id, component.on_late_action, "onLateAction");
}

}  // namespace penstock::engine
