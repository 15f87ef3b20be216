#include "engine/explain.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/late.h"

namespace penstock::engine {
namespace {

constexpr size_t kNamedMax = 3;

std::string Names(const std::vector<std::string>& ids) {
  std::string text;
  for (size_t i = 0; i < ids.size() && i < kNamedMax; ++i) text += (i == 0 ? "" : ", ") + ids[i];
  if (ids.size() > kNamedMax) text += fmt::format(" and {} more", ids.size() - kNamedMax);
  return text;
}

std::string Reason(const Draft& draft, const InstanceRecord& record, const Component& component) {
  if (IsTerminal(record.status)) return {};
  if (record.held && record.status != RunStatus::kRunning) {
    return fmt::format("component {} is paused: set its status to RESUME", record.component);
  }
  switch (record.status) {
    case RunStatus::kScheduled:
      return fmt::format("due at {}", FormatDateTime(record.due_at));
    case RunStatus::kWaitingOnDependencies: {
      if (component.kind == ComponentKind::kResource) {
        if (record.retry_at && *record.retry_at > draft.now()) {
          return fmt::format("launch {} failed ({}); the next is at {}", record.attempts,
                             record.error_message, FormatDateTime(*record.retry_at));
        }
        return "waits for its first activity; this is normal";
      }
      if (!record.resource.empty() && record.blocked_by == std::vector{record.resource})
        return fmt::format("waits for its resource {}, which ended: rerun it", record.resource);
      if (!record.blocked_by.empty()) {
        return fmt::format(
            "waits for {}, which ended without finishing: rerun it or mark it finished",
            Names(record.blocked_by));
      }
      if (record.waiting_on.size() == 1 && record.waiting_on.front() == record.resource) {
        return fmt::format("waits for its resource {} to start", record.resource);
      }
      if (!record.waiting_on.empty())
        return fmt::format("waits for {} to finish", Names(record.waiting_on));
      return "conditions are being checked";
    }
    case RunStatus::kWaitingForRunner: {
      const AttemptRecord* live = draft.LiveAttempt(record.id);
      if (live == nullptr) {
        if (!record.retry_at) return "waits for its next attempt";
        return fmt::format("attempt {} did not succeed; the next is at {}", record.attempts,
                           FormatDateTime(*record.retry_at));
      }
      if (live->worker_group.empty())
        return "has neither runsOn nor workerGroup, so that no worker will ever take it";
      // Also while it is handed out and not acknowledged: the instance does not change with that.
      return fmt::format("waits for a worker of group '{}' to take it", live->worker_group);
    }
    case RunStatus::kCreating:
      return "its machine is being started";
    case RunStatus::kShuttingDown:
      return "its machine is being ended";
    case RunStatus::kRunning: {
      if (!component.managed_by_service) return {};
      std::string text = record.checks == 0
                             ? "is being checked"
                             : fmt::format("checked {} times and not met", record.checks);
      if (!record.error_message.empty()) text += fmt::format(" ({})", record.error_message);
      if (record.retry_at)
        text += fmt::format("; next check at {}", FormatDateTime(*record.retry_at));
      return text;
    }
    default:
      return {};
  }
}

std::optional<Instant> WakeAt(const Draft& draft, const InstanceRecord& record,
                              const Component& component) {
  if (IsTerminal(record.status)) return std::nullopt;
  std::optional<Instant> wake = LateAt(draft, record, component);
  const auto consider = [&](const std::optional<Instant>& at) {
    if (at && *at > draft.now() && (!wake || *at < *wake)) wake = at;
  };
  if (wake && *wake <= draft.now()) wake.reset();
  if (record.status == RunStatus::kScheduled) consider(record.due_at);
  if (!record.held) consider(record.retry_at);
  consider(record.terminate_at);
  if (component.precondition_timeout && record.first_check_at) {
    consider(Plus(*record.first_check_at, *component.precondition_timeout));
  }
  return wake;
}

}  // namespace

void Explain(Draft& draft, const std::string& id) {
  const InstanceRecord* record = draft.Find(id);
  if (record == nullptr) return;
  const Component* component = draft.ComponentOf(*record);
  if (component == nullptr) return;
  std::string reason = Reason(draft, *record, *component);
  const std::optional<Instant> wake = WakeAt(draft, *record, *component);
  if (record->waiting_reason == reason && record->wake_at == wake) return;
  InstanceRecord& changed = draft.Edit(id);
  changed.waiting_reason = std::move(reason);
  changed.wake_at = wake;
}

void MergeFields(std::vector<Field>& into, const std::vector<Field>& from) {
  for (const Field& field : from) {
    auto old =
        std::find_if(into.begin(), into.end(), [&](const Field& f) { return f.key == field.key; });
    if (old != into.end()) {
      *old = field;
    } else {
      into.push_back(field);
    }
  }
}

}  // namespace penstock::engine
