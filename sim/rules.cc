#include "sim/rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/codec.h"
#include "engine/retry.h"
#include "sim/scenario.h"
#include "sim/text_calendar.h"

namespace penstock::sim {
namespace {

using engine::AttemptRecord;
using engine::Component;
using engine::ComponentKind;
using engine::InstanceRecord;
using engine::RecordKind;
using engine::RunStatus;

bool IsOwn(const Component& component) {
  return component.kind == ComponentKind::kActivity || component.kind == ComponentKind::kDataNode;
}

/// A worker does it, not the service.
bool OnWorker(const Component& component) {
  return component.kind == ComponentKind::kActivity ||
         (component.kind == ComponentKind::kPrecondition && !component.managed_by_service);
}

bool Became(const InstanceChange& change, RunStatus status) {
  return change.after.status == status &&
         (change.before == nullptr || change.before->status != status);
}

template <class Record>
std::optional<Record> ReadRow(const Scene& scene, RecordKind kind, std::string_view id) {
  const auto row = scene.disk.find(engine::RecordKey(scene.key, kind, id));
  if (row == scene.disk.end()) return std::nullopt;
  return std::get<Record>(engine::DecodeRecord(row->first, row->second)->change);
}

bool HasEffect(const Scene& scene, const std::string& prefix) {
  const std::string key = engine::RecordKey(scene.key, RecordKind::kEffect, prefix);
  const auto row = scene.disk.lower_bound(key);
  return row != scene.disk.end() && row->first.starts_with(key);
}

bool Decided(const Scene& scene, const std::string& prefix) {
  return std::any_of(
      scene.decision.effects.begin(), scene.decision.effects.end(),
      [&](const engine::EffectRecord& effect) { return effect.key.starts_with(prefix); });
}

bool Commanded(const Scene& scene) {
  return std::holds_alternative<engine::SetStatus>(scene.event.body);
}

/// The worker's word on that instance, if that is what the event is.
const engine::SetTaskStatus* ReportOf(const Scene& scene, const InstanceRecord& instance) {
  const auto* report = std::get_if<engine::SetTaskStatus>(&scene.event.body);
  return report != nullptr && report->task.instance == instance.id ? report : nullptr;
}

// ---- instances

std::string FollowsItsSchedule(const Scene&, const InstanceChange& change) {
  if (change.before != nullptr || !IsOwn(change.component)) return {};
  const InstanceRecord& after = change.after;
  const auto beat = BeatOf(change.definition.resolved.source(), after.component);
  if (!beat) return {};
  const auto k = beat->IndexOf(after.scheduled_start);
  if (!k)
    return fmt::format("{} was made, but its schedule has no interval that starts then", after.id);
  if (after.scheduled_end != beat->EndOf(*k))
    return fmt::format("{} ends at {}, but its interval at {}", after.id,
                       FormatDateTime(after.scheduled_end), FormatDateTime(beat->EndOf(*k)));
  if (after.due_at != beat->DueAt(*k))
    return fmt::format("{} is due at {}, but its interval at {}", after.id,
                       FormatDateTime(after.due_at), FormatDateTime(beat->DueAt(*k)));
  return {};
}

std::string SkippedAsAsked(const Scene& scene, const InstanceChange& change) {
  if (change.before != nullptr || !IsOwn(change.component)) return {};
  const auto pipeline = ReadRow<engine::PipelineRecord>(scene, RecordKind::kPipeline, "");
  const bool asked =
      pipeline && pipeline->skip_before && change.after.scheduled_start < *pipeline->skip_before;
  if (asked == (change.after.status == RunStatus::kSkipped)) return {};
  return change.after.id + (asked ? " should be SKIPPED" : " should not be SKIPPED");
}

std::string FinishedForAReason(const Scene& scene, const InstanceChange& change) {
  if (!Became(change, RunStatus::kFinished) || change.after.marked_finished) return {};
  const InstanceRecord& after = change.after;
  if (OnWorker(change.component)) {
    const auto* report = ReportOf(scene, after);
    if (report == nullptr || report->outcome != engine::TaskOutcome::kFinished)
      return fmt::format("{} is FINISHED and no worker said so", after.id);
  } else if (change.component.kind == ComponentKind::kPrecondition) {
    const auto* done = std::get_if<engine::EffectDone>(&scene.event.body);
    if (done == nullptr || done->outcome != engine::EffectOutcome::kSucceeded)
      return fmt::format("{} is FINISHED and no check was met", after.id);
  } else if (change.component.kind == ComponentKind::kDataNode) {
    for (const std::string& id : after.depends_on) {
      const auto other = ReadRow<InstanceRecord>(scene, RecordKind::kInstance, id);
      if (other && other->status != RunStatus::kFinished)
        return fmt::format("{} is FINISHED before {}, which is {}", after.id, id,
                           engine::StatusName(other->status));
    }
  }
  return {};
}

std::string TriesAsOftenAsItMay(const Scene& scene, const InstanceChange& change) {
  if (!Became(change, RunStatus::kFailed) || !OnWorker(change.component)) return {};
  const InstanceRecord& after = change.after;
  const auto* report = ReportOf(scene, after);
  const bool attempt_failed =
      (report != nullptr && report->outcome == engine::TaskOutcome::kFailed) ||
      after.error_id == "AttemptTimeout" || after.error_id == "ReportProgressTimeout";
  const int most = 1 + engine::MaximumRetries(scene.options, change.component);
  if (attempt_failed && change.attempts_used < most)
    return fmt::format("{} gave up after {} attempts of {}", after.id, change.attempts_used, most);
  return {};
}

std::string FollowsAFailure(const Scene&, const InstanceChange& change) {
  const InstanceRecord& after = change.after;
  if (after.status != RunStatus::kWaitingOnDependencies || after.blocked_by.empty()) return {};
  if (!IsOwn(change.component) || !change.component.cascade) return {};
  return fmt::format("{} should have failed with {}", after.id, after.blocked_by.front());
}

/// Late is what has not begun that long after it was due: told once, and never of what began.
std::string LateInTime(const Scene& scene, const InstanceChange& change) {
  const Component& component = change.component;
  const InstanceRecord& after = change.after;
  if (!component.late_after_timeout || component.on_late_action.empty()) return {};
  const bool told = Decided(scene, after.id + "_onLateAction=");
  if (told && change.began) return after.id + " began in time and was called late";
  if (change.before == nullptr || change.before->late_decided || told || change.began) return {};
  const auto waits = [](RunStatus status) {
    return status == RunStatus::kScheduled || status == RunStatus::kWaitingOnDependencies ||
           status == RunStatus::kWaitingForRunner;
  };
  if (component.schedule_type == engine::ScheduleType::kOnDemand || Commanded(scene)) return {};
  if (!waits(change.before->status)) return {};
  const Instant from =
      std::max(after.due_at, change.before->actual_start.value_or(change.before->due_at));
  if (scene.event.at > Plus(from, *component.late_after_timeout))
    return after.id + " was late and nobody noticed";
  return {};
}

std::string AlarmsAtItsEnd(const Scene& scene, const InstanceChange& change) {
  if (Commanded(scene) || (change.before != nullptr && change.before->actions_decided)) return {};
  const auto alarms = [&](const std::vector<std::string>& actions) {
    return std::any_of(actions.begin(), actions.end(), [&](const std::string& action) {
      const auto* object = change.definition.resolved.Find(action);
      return object != nullptr && object->type_name == "SnsAlarm";
    });
  };
  const InstanceRecord& after = change.after;
  if (Became(change, RunStatus::kFinished) && alarms(change.component.on_success) &&
      !Decided(scene, after.id + "_onSuccess="))
    return after.id + " is FINISHED and told nobody";
  const bool failed =
      Became(change, RunStatus::kFailed) || Became(change, RunStatus::kCascadeFailed);
  if (failed && alarms(change.component.on_fail) && !Decided(scene, after.id + "_onFail="))
    return after.id + " failed and told nobody";
  return {};
}

/// An instance and its newest attempt are one thing in two records.
std::string AgreesWithItsAttempt(const Scene& scene, const InstanceChange& change) {
  const InstanceRecord& after = change.after;
  if (change.before != nullptr && after.attempts > change.before->attempts + 1)
    return after.id + " counts attempts that were never made";
  const auto newest = ReadRow<AttemptRecord>(scene, RecordKind::kAttempt,
                                             engine::AttemptId(after.id, after.attempts));
  const bool live = newest && !engine::IsTerminal(newest->status);
  if (after.attempts > 0 && !newest) return after.id + " has lost its attempt";
  if (engine::IsTerminal(after.status) && live) return after.id + " ended, and its attempt did not";
  if (OnWorker(change.component)) {
    if (after.status == RunStatus::kRunning && !(live && newest->acknowledged_at))
      return after.id + " is RUNNING and nobody works on it";
    if (after.status == RunStatus::kWaitingForRunner && !live && !after.retry_at)
      return after.id + " waits for a runner and is not offered to one";
  }
  return {};
}

/// What an instance waits for in the world was asked of the world.
std::string AskedTheWorld(const Scene& scene, const InstanceChange& change) {
  const InstanceRecord& after = change.after;
  const std::string attempt = engine::AttemptId(after.id, after.attempts);
  if (change.component.kind == ComponentKind::kResource) {
    if (after.status == RunStatus::kCreating && !HasEffect(scene, attempt + "_launch"))
      return after.id + " is CREATING and nobody was told to";
    if (after.status == RunStatus::kShuttingDown && !HasEffect(scene, attempt + "_terminate"))
      return after.id + " is SHUTTING_DOWN and nobody was told to";
  }
  if (change.component.managed_by_service && after.status == RunStatus::kRunning &&
      !after.retry_at && !after.held && !HasEffect(scene, attempt + "_check="))
    return after.id + " is being checked and nobody was told to";
  return {};
}

std::string TerminatesInTime(const Scene& scene, const InstanceChange& change) {
  const InstanceRecord* before = change.before;
  if (change.component.kind != ComponentKind::kResource || !change.component.terminate_after)
    return {};
  if (before == nullptr || !before->launched_at) return {};
  const auto is_up = [](RunStatus status) {
    return status == RunStatus::kCreating || status == RunStatus::kRunning;
  };
  if (!is_up(before->status)) return {};
  // The clock may have jumped past its end: then it ends now.
  const bool ends =
      !is_up(change.after.status) && std::holds_alternative<engine::Wake>(scene.event.body);
  if (!ends && scene.event.at > Plus(*before->launched_at, *change.component.terminate_after))
    return change.after.id + " outlived its terminateAfter";
  return {};
}

// ---- attempts

std::string NotBeforeItsTime(const Scene& scene, const AttemptChange& change) {
  if (change.before != nullptr || change.component.kind == ComponentKind::kResource) return {};
  if (scene.latest >= change.instance.due_at) return {};
  return fmt::format("{} ran before it was due at {}", change.instance.id,
                     FormatDateTime(change.instance.due_at));
}

/// By what the text says, not by what the engine made of it.
std::string RunsAfterWhatItNames(const Scene& scene, const AttemptChange& change) {
  if (change.before != nullptr || !change.first) return {};
  if (change.component.kind != ComponentKind::kActivity) return {};
  for (const auto& [object, start] :
       NeedsOf(change.made_under.resolved.source(), change.instance.component,
               change.instance.scheduled_start)) {
    const std::string id = engine::InstanceId(object, start);
    const auto other = ReadRow<InstanceRecord>(scene, RecordKind::kInstance, id);
    if (!other && !object.starts_with(kAddedPrefix))
      return fmt::format("{} ran before {}, which was not made yet", change.instance.id, id);
    if (other && other->status != RunStatus::kFinished)
      return fmt::format("{} ran before {}, which is {}", change.instance.id, id,
                         engine::StatusName(other->status));
  }
  return {};
}

std::string WaitsForItsRetry(const Scene& scene, const AttemptChange& change) {
  if (change.before != nullptr || change.first || change.previous == nullptr) return {};
  if (change.component.kind != ComponentKind::kActivity) return {};
  const AttemptRecord& previous = *change.previous;
  if (previous.status != RunStatus::kFailed || !previous.ended_at) return {};
  const Instant from = change.component.retry_delay
                           ? Plus(*previous.ended_at, *change.component.retry_delay)
                           : *previous.ended_at + scene.options.default_retry_delay;
  if (change.after.created_at >= from) return {};
  return fmt::format("attempt {} of {} did not wait for its retryDelay", change.after.number,
                     change.instance.id);
}

std::string OneAtATime(const Scene&, const AttemptChange& change) {
  if (engine::IsTerminal(change.after.status)) return {};
  if (change.after.number != change.instance.attempts)
    return fmt::format("{} has an attempt {} under way beside attempt {}", change.instance.id,
                       change.after.number, change.instance.attempts);
  if (engine::IsTerminal(change.instance.status))
    return fmt::format("{} ended, and its attempt {} did not", change.instance.id,
                       change.after.number);
  return {};
}

/// A worker that was silent, or took, for too long is not believed any more.
std::string WithinItsTimeouts(const Scene& scene, const AttemptChange& change) {
  if (change.before == nullptr || change.component.kind == ComponentKind::kResource) return {};
  const AttemptRecord& before = *change.before;
  const AttemptRecord& after = change.after;
  if (before.lease != after.lease || before.lease == 0) return {};
  if (!before.acknowledged_at && after.acknowledged_at && before.leased_at &&
      *after.acknowledged_at - *before.leased_at > scene.options.ack_timeout)
    return change.instance.id + " was acknowledged too late and kept its lease";
  if (!before.acknowledged_at || !after.reported_at || !before.reported_at) return {};
  if (*after.reported_at >
      engine::SilentUntil(scene.options, change.component, *before.reported_at))
    return change.instance.id + " was silent for longer than its reportProgressTimeout";
  if (change.component.attempt_timeout && before.started_at &&
      *after.reported_at > Plus(*before.started_at, *change.component.attempt_timeout))
    return change.instance.id + " ran for longer than its attemptTimeout";
  return {};
}

template <class Change>
using Rule = std::string (*)(const Scene&, const Change&);

constexpr Rule<InstanceChange> kInstanceRules[] = {
    FollowsItsSchedule, SkippedAsAsked, FinishedForAReason, TriesAsOftenAsItMay,  FollowsAFailure,
    LateInTime,         AlarmsAtItsEnd, AskedTheWorld,      AgreesWithItsAttempt, TerminatesInTime};
constexpr Rule<AttemptChange> kAttemptRules[] = {NotBeforeItsTime, RunsAfterWhatItNames,
                                                 WaitsForItsRetry, OneAtATime, WithinItsTimeouts};

template <class Change, size_t N>
std::string FirstBroken(const Rule<Change> (&rules)[N], const Scene& scene, const Change& change) {
  for (const Rule<Change> rule : rules) {
    if (std::string broken = rule(scene, change); !broken.empty()) return broken;
  }
  return {};
}

}  // namespace

std::string CheckInstanceRules(const Scene& scene, const InstanceChange& change) {
  return FirstBroken(kInstanceRules, scene, change);
}

std::string CheckAttemptRules(const Scene& scene, const AttemptChange& change) {
  return FirstBroken(kAttemptRules, scene, change);
}

}  // namespace penstock::sim
