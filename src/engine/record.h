// The engine's durable records: everything that survives a restart, one plain value per thing. A
// decision writes full new values of them; the store keeps key and bytes (engine/codec.h) and never
// looks inside, save for what it wants to index.
//
// Secrets: only a DefinitionRecord can hold one (the text users put, and activation values). Fields
// are evaluated with secrets in clear only at hand-out, in a Reply; no other record ever contains
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/definition.h"
#include "engine/status.h"
#include "time/instant.h"

namespace penstock::engine {

/// The name space that pipelines and worker groups live in.
struct Scope {
  std::string account;  // 12 digits
  std::string region;   // one fixed word when regions are shared
  auto operator<=>(const Scope&) const = default;
};

/// State is partitioned by this: no record of one pipeline speaks of another.
struct PipelineKey {
  Scope scope;
  std::string id;  // "df-" and 20 of [0-9A-Z]; unique on the server
  auto operator<=>(const PipelineKey&) const = default;
};

struct Tag {
  std::string key, value;
  bool operator==(const Tag&) const = default;
};

struct PipelineRecord {
  std::string name, unique_id, description;
  std::string creator;    // who asked for it: @userId, pipelineCreator
  std::vector<Tag> tags;  // in order of first addition
  PipelineState state = PipelineState::kPending;
  Instant created_at{};
  std::optional<Instant> first_activated_at, last_activated_at, last_deactivated_at, finished_at;
  uint64_t latest_version = 0;  // of the definition last put; 0 when none was
  uint64_t active_version =
      0;  // of the definition last activated; has the activation's parameter values in it
  uint64_t last_version = 0;  // highest number ever given
  bool errored = false;       // the latest definition has validation errors
  std::optional<Instant>
      skip_before;  // startTimestamp: intervals that start earlier become SKIPPED
  std::optional<Instant>
      last_run_at;  // of an on-demand pipeline: the second its newest run is named by
  bool operator==(const PipelineRecord&) const = default;
};

/// One version of the text. Kept: the latest, the active, and those that unfinished instances were
/// made under. MAY HOLD SECRETS.
struct DefinitionRecord {
  uint64_t version = 0;  // @version of what is made under it
  Definition definition;
  bool operator==(const DefinitionRecord&) const = default;
};

/// What running leaves on a component. Absent until something did.
struct ComponentRecord {
  std::string id;
  bool paused = false;
  int64_t next_interval = 0;  // of the schedule: the first one that has no instance yet
  std::optional<Instant> last_created_at;  // when the newest instance was made
  std::optional<Instant>
      next_run_at;  // when the next instance starts; absent when the schedule is exhausted
  std::optional<Instant> latest_run_at, latest_completed_run_at;  // scheduled starts
  std::optional<Instant>
      wake_at;  // when its next instance is to be made, unless something else holds it back
  std::optional<Health> health;
  std::string health_from;  // instance id
  std::optional<Instant> health_updated_at;
  bool operator==(const ComponentRecord&) const = default;
};

/// One component in one interval.
struct InstanceRecord {
  std::string id;         // "@<component>_<YYYY-MM-DDTHH:MM:SS>"
  std::string component;  // component id
  uint64_t version = 0;   // of the definition it was made under
  Instant scheduled_start{}, scheduled_end{};
  Instant due_at{};  // when it may start: the interval's start (cron) or end (timeseries)
  RunStatus status = RunStatus::kScheduled;
  std::optional<Instant> actual_start;  // when processing began, not when the work did
  std::optional<Instant> actual_end;
  std::string node;      // of a precondition: the instance that refers to it; else empty
  std::string resource;  // of what runs on one: the resource's instance id; else empty
  std::string
      worker_group;  // where its tasks are offered; of a resource: the group its workers poll
  std::vector<std::string> inputs, outputs;  // data node instances
  std::vector<std::string> depends_on;       // every instance it must see FINISHED first
  std::vector<std::string>
      waiting_on;  // those of depends_on, and the resource, that are still missing
  std::vector<std::string> blocked_by;  // those of waiting_on that ended, and not FINISHED
  std::string waiting_reason;           // the same in a sentence; empty when it does not wait
  int attempts = 0;                     // made so far; reruns go on counting (A37)
  int tries_left = 0;                   // attempts that may still be made; a rerun resets it
  std::optional<Instant> retry_at;      // not before this is the next attempt or check made
  std::optional<Instant>
      wake_at;           // when it must be looked at again; its attempt has a deadline of its own
  bool held = false;     // its component is paused: it may not go on from waiting
  bool resumes = false;  // CANCELED by a deactivation: the next activation takes it up again
  bool marked_finished = false;  // FINISHED by MARK_FINISHED (A23)
  bool late_decided = false;     // it was late and the actions fired, or cannot be late any more
  bool actions_decided = false;  // onSuccess or onFail fired for this outcome
  std::vector<std::string> cascade_failed_on;  // the chain to the origin
  std::string cancellation_reason;
  std::string error_id, error_message, error_stack_trace;  // of the newest failure
  int checks = 0;  // of a precondition: made since its first
  std::optional<Instant> first_check_at, last_check_at;
  std::optional<Instant> launched_at;   // of a resource: when its machine was asked for
  std::optional<Instant> terminate_at;  // of a resource: launched_at + terminateAfter
  std::vector<Field> fields;  // reported by effects: @resourceId, @failureReason, emrStepLog, …
  bool operator==(const InstanceRecord&) const = default;
};

/// One try at an instance.
struct AttemptRecord {
  std::string instance;
  int number = 0;  // from 1; the id is "<instance>_Attempt=<number>"
  RunStatus status = RunStatus::kWaitingForRunner;
  std::string worker_group;  // where it is, or was, offered; empty for what the server does itself
  Instant created_at{};      // its place in the queue: first in, first out
  uint64_t lease = 0;        // of the newest hand-out; 0 while it is on offer
  uint64_t leases = 0;       // hand-outs so far; a lease is never used twice
  std::optional<Instant> leased_at, acknowledged_at, reported_at;
  std::optional<Instant> started_at,
      ended_at;                  // started: acknowledged (tasks) or asked for (resources)
  std::string worker, hostname;  // who holds it
  std::optional<Instant>
      deadline;       // acknowledgement, progress or attemptTimeout, whichever comes first
  bool held = false;  // its component is paused: not handed out
  bool cancel_requested = false;  // the worker hears canceled:true on its next report
  std::string error_id, error_message, error_stack_trace;
  std::vector<Field> fields;  // as the worker reported them, the newest value of each key
  bool operator==(const AttemptRecord&) const = default;
};

enum class EffectKind : uint8_t {
  kLaunchResource,     // make the resource's machine or cluster exist and ready; done when it is
  kTerminateResource,  // end it; done when it is gone or never was
  kCheckPrecondition,  // one check of a system-managed precondition
  kPublishAlarm,       // one message of an SnsAlarm, evaluated: topicArn, subject, message, role
};
std::string_view EffectKindName(EffectKind kind);

/// Something the world must do (outbox). Decided once; executed at least once under its key; gone
/// when its EffectDone was decided, or when nobody wants it any more (a launch whose resource was
/// canceled: stop trying).
struct EffectRecord {
  std::string key;  // stable, unique in the pipeline
  EffectKind kind = EffectKind::kLaunchResource;
  std::string object;  // component id: of the resource, precondition or action
  std::string
      instance;      // of the resource or precondition; of an action: the instance that fired it
  int attempt = 0;   // of that instance
  std::string name;  // of a resource: "<pipelineId>_@<component>_<time>", the cluster's name and
                     // worker group
  Instant decided_at{};
  std::vector<Field> fields;  // evaluated, secrets masked: of an alarm, all it needs. Launches and
                              // checks are evaluated when executed, by EffectObjects() of
                              // engine/hand_out.h; a termination has what identifies the machine:
                              // type, region, @resourceId
  bool operator==(const EffectRecord&) const = default;
};

/// What stays of a deleted pipeline, so that later calls hear PipelineDeletedException.
struct TombstoneRecord {
  Instant deleted_at{};
  bool operator==(const TombstoneRecord&) const = default;
};

/// "@A_2014-05-01T00:00:00" from "A"; `stem` is the component id, but for a shared precondition
/// (engine/plan.h).
std::string InstanceId(std::string_view stem, Instant scheduled_start);
/// "<instance>_Attempt=<number>".
std::string AttemptId(std::string_view instance, int number);
/// The parts of an attempt id, or nullopt.
struct AttemptName {
  std::string instance;
  int number = 0;
};
std::optional<AttemptName> ParseAttemptId(std::string_view id);

}  // namespace penstock::engine
