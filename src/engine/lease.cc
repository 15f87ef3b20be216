#include "engine/lease.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "engine/attempt.h"
#include "engine/explain.h"
#include "engine/late.h"
#include "engine/outcome.h"
#include "engine/precondition.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

constexpr std::string_view kReservedErrorPrefix = "Service_";

// Of what workers reported on one attempt, where the profile says nothing about an object's fields.
// No worker needs them; an attempt is kept in memory and written whole with each report.
constexpr size_t kReportedFieldsMax = 1'000;
constexpr size_t kReportedBytesMax = 1 << 20;

Refusal NotFoundTask(const TaskKey& task, std::string_view why) {
  return {RefusalKind::kTaskNotFound,
          fmt::format("{} of pipeline {}: {}. Stop working on it and poll for another task.",
                      AttemptId(task.instance, task.attempt), task.pipeline, why)};
}

size_t SizeOf(const std::vector<Field>& fields) {
  size_t bytes = 0;
  for (const Field& field : fields) bytes += field.key.size() + field.value.size();
  return bytes;
}

/// `old` with `reported` merged into it, unless that is more than an object may hold.
std::optional<Refusal> MergeReported(std::vector<Field>& old, const std::vector<Field>& reported,
                                     const Limits& limits) {
  size_t count_max = limits.fields_per_object > 0 ? limits.fields_per_object : kReportedFieldsMax;
  size_t bytes_max = limits.object_size_max > 0 ? limits.object_size_max : kReportedBytesMax;
  // Before merging, which compares each with each.
  bool fits = reported.size() <= count_max;
  if (fits) MergeFields(old, reported);
  if (fits && old.size() <= count_max && SizeOf(old) <= bytes_max) return std::nullopt;
  return Refusal{RefusalKind::kInvalidRequest,
                 fmt::format("Web service limit exceeded: the fields reported for one attempt may "
                             "be {} at most, with {} bytes in all. A field that is reported again "
                             "replaces its value; report fewer, or shorter ones.",
                             count_max, bytes_max)};
}

void SetDeadline(Draft& draft, const Component& component, AttemptRecord& attempt) {
  Instant deadline = SilentUntil(draft.options(), component, *attempt.reported_at);
  if (component.attempt_timeout)
    deadline = std::min(deadline, Plus(*attempt.started_at, *component.attempt_timeout));
  attempt.deadline = deadline;
}

void Acknowledge(Draft& draft, const std::string& id, AttemptRecord& attempt) {
  if (attempt.acknowledged_at) return;
  attempt.acknowledged_at = draft.now();
  attempt.started_at = draft.now();
  attempt.status = RunStatus::kRunning;
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kRunning;
  NoteBegin(draft, record);
  Explain(draft, id);
}

void NotMet(Draft& draft, const std::string& id, const Component& component) {
  InstanceRecord& record = draft.Edit(id);
  ++record.checks;
  record.last_check_at = draft.now();
  if (FailIfUnmetForTooLong(draft, id)) return;
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kFailed;
  attempt.ended_at = draft.now();
  attempt.deadline.reset();
  attempt.error_id = "PreconditionNotMet";
  attempt.error_message = "checked and not met";
  ++record.tries_left;  // unmet is not failed
  record.status = RunStatus::kWaitingForRunner;
  record.retry_at = NextCheckAt(draft.options(), component, draft.now());
  draft.Touch(id);
}

}  // namespace

TaskKey HandOut(Draft& draft, const std::string& id, const Poll& poll) {
  AttemptRecord& attempt = draft.EditAttempt(id);
  CHECK(attempt.lease == 0 && !attempt.held, "{} is not on offer", id);
  attempt.lease = ++attempt.leases;
  attempt.leased_at = draft.now();
  attempt.worker = poll.worker;
  attempt.hostname = poll.hostname;
  attempt.deadline = draft.now() + draft.options().ack_timeout;
  const Component* component = draft.ComponentOf(id);
  if (component != nullptr && component->kind == ComponentKind::kPrecondition &&
      !draft.Find(id)->first_check_at) {
    draft.Edit(id).first_check_at = draft.now();
    Explain(draft, id);  // its preconditionTimeout begins
  }
  return {draft.key().id, id, attempt.number, attempt.lease};
}

Reply NoteProgress(Draft& draft, const ReportProgress& report) {
  const TaskKey& task = report.task;
  const InstanceRecord* record = draft.Find(task.instance);
  if (record == nullptr) return NotFoundTask(task, "there is no such task");
  // A deactivated instance keeps its place in memory, but not its attempt.
  if (record->resumes && record->attempts == task.attempt) return ProgressNoted{true};
  const AttemptRecord* newest = draft.NewestAttempt(task.instance);
  if (newest == nullptr || newest->number != task.attempt)
    return NotFoundTask(task, "the attempt is over");
  if (newest->lease != task.lease) return NotFoundTask(task, "it was given to another worker");
  if (IsTerminal(newest->status)) {
    if (newest->cancel_requested) return ProgressNoted{true};
    return NotFoundTask(task, fmt::format("the attempt ended {}", StatusName(newest->status)));
  }
  const Component* component = draft.ComponentOf(*record);
  if (component == nullptr) return NotFoundTask(task, "its object is no longer in the definition");
  std::vector<Field> fields = newest->fields;
  if (auto refused = MergeReported(fields, report.fields, draft.options().limits)) return *refused;
  AttemptRecord& attempt = draft.EditAttempt(task.instance);
  Acknowledge(draft, task.instance, attempt);
  attempt.reported_at = draft.now();
  attempt.fields = std::move(fields);
  SetDeadline(draft, *component, attempt);
  return ProgressNoted{false};
}

Reply NoteOutcome(Draft& draft, const SetTaskStatus& report) {
  const TaskKey& task = report.task;
  if (report.error_id.starts_with(kReservedErrorPrefix)) {
    return Refusal{RefusalKind::kInvalidRequest,
                   fmt::format("errorId '{}' must not begin with '{}'", report.error_id,
                               kReservedErrorPrefix)};
  }
  const InstanceRecord* record = draft.Find(task.instance);
  if (record == nullptr) return NotFoundTask(task, "there is no such task");
  if (record->resumes && record->attempts == task.attempt) return Done{};
  const AttemptRecord* newest = draft.NewestAttempt(task.instance);
  if (newest == nullptr || newest->number != task.attempt)
    return NotFoundTask(task, "the attempt is over");
  if (newest->lease != task.lease) return NotFoundTask(task, "it was given to another worker");
  if (IsTerminal(newest->status)) {
    const RunStatus said =
        report.outcome == TaskOutcome::kFinished ? RunStatus::kFinished : RunStatus::kFailed;
    if (newest->cancel_requested || newest->status == said) return Done{};
    return NotFoundTask(task, fmt::format("the attempt ended {}", StatusName(newest->status)));
  }
  const Component* component = draft.ComponentOf(*record);
  if (component == nullptr) return NotFoundTask(task, "its object is no longer in the definition");
  if (report.outcome == TaskOutcome::kFalse && component->kind != ComponentKind::kPrecondition) {
    return Refusal{RefusalKind::kInvalidRequest,
                   fmt::format("status FALSE is for preconditions; {} is a {}", component->id,
                               component->type)};
  }
  AttemptRecord& attempt = draft.EditAttempt(task.instance);
  Acknowledge(draft, task.instance, attempt);
  attempt.reported_at = draft.now();
  switch (report.outcome) {
    case TaskOutcome::kFinished:
      End(draft, task.instance, RunStatus::kFinished);
      break;
    case TaskOutcome::kFailed:
      FailAttempt(draft, task.instance,
                  {report.error_id, report.error_message, report.error_stack_trace});
      break;
    case TaskOutcome::kFalse:
      NotMet(draft, task.instance, *component);
      break;
  }
  return Done{};
}

void Expire(Draft& draft, const std::string& id) {
  const AttemptRecord* live = draft.LiveAttempt(id);
  if (live == nullptr || !live->deadline || *live->deadline > draft.now()) return;
  if (!live->acknowledged_at) {
    OfferAgain(draft, id);
    return;
  }
  const Component& component = *draft.ComponentOf(id);
  if (component.attempt_timeout &&
      Plus(*live->started_at, *component.attempt_timeout) <= draft.now()) {
    FailAttempt(draft, id,
                {"AttemptTimeout",
                 fmt::format("attempt {} ran longer than its attemptTimeout ({})", live->number,
                             FormatPeriod(*component.attempt_timeout)),
                 ""});
    return;
  }
  FailAttempt(
      draft, id,
      {"ReportProgressTimeout",
       fmt::format("worker '{}' was last heard of at {}: longer ago than the reportProgressTimeout",
                   live->worker,
                   FormatDateTime(live->reported_at.value_or(*live->acknowledged_at))),
       ""});
}

void OfferAgain(Draft& draft, const std::string& id) {
  AttemptRecord& attempt = draft.EditAttempt(id);
  attempt.status = RunStatus::kWaitingForRunner;
  attempt.lease = 0;
  attempt.leased_at.reset();
  attempt.acknowledged_at.reset();
  attempt.started_at.reset();
  attempt.reported_at.reset();
  attempt.deadline.reset();
  attempt.worker.clear();
  attempt.hostname.clear();
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kWaitingForRunner;
  // A component that was paused while this ran lets it finish (A25), but not start again.
  const ComponentRecord* component = draft.FindComponent(record.component);
  record.held = component != nullptr && component->paused;
  attempt.held = record.held;
  if (!attempt.held) draft.Offer(attempt.worker_group);
  Explain(draft, id);
}

void Withdraw(Draft& draft, const std::string& id) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr || draft.LiveAttempt(id) == nullptr) return;
  if (found->status != RunStatus::kWaitingForRunner && found->status != RunStatus::kRunning) return;
  OfferAgain(draft, id);
  draft.EditAttempt(id).held = true;
  InstanceRecord& record = draft.Edit(id);
  record.status = RunStatus::kWaitingOnDependencies;
  record.waiting_on = {record.resource};
  draft.Touch(id);
}

}  // namespace penstock::engine
