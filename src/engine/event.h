// Everything that can happen to the engine. A request becomes one of these on the service's side of
// the queue; time and entropy are given by whoever makes it, so that deciding needs neither clock
// nor dice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "definition/definition.h"
#include "engine/record.h"
#include "time/instant.h"

namespace penstock::engine {

/// Names one hand-out of one attempt. The service makes an opaque, authenticated taskId of it and
/// back.
struct TaskKey {
  std::string pipeline;
  std::string instance;
  int attempt = 0;
  uint64_t lease = 0;
  bool operator==(const TaskKey&) const = default;
};

// ---- requests about pipelines; `pipeline` is an id, looked up in the event's scope

struct CreatePipeline {
  std::string name, unique_id, description;
  std::string creator;
  std::vector<Tag> tags;
};
struct PutDefinition {
  std::string pipeline;
  Definition definition;
};
struct Activate {
  std::string pipeline;
  std::vector<ParameterValue> values;
  std::optional<Instant> start_timestamp;
};
struct Deactivate {
  std::string pipeline;
  bool cancel_active = true;
};
struct DeletePipeline {
  std::string pipeline;
};
/// PAUSE and RESUME of components; TRY_CANCEL, RERUN and MARK_FINISHED of instances. Any case.
struct SetStatus {
  std::string pipeline;
  std::vector<std::string> object_ids;
  std::string status;
};
struct AddTags {
  std::string pipeline;
  std::vector<Tag> tags;
};
struct RemoveTags {
  std::string pipeline;
  std::vector<std::string> keys;
};

// ---- requests of workers

/// Asks for one task of a group. Never state: a poll that gets NoTask may be parked by the caller,
/// who asks again when a Decision offers that group work.
struct Poll {
  std::string worker_group;  // exact
  std::string worker;        // task runner id, or what else tells workers apart; may be empty
  std::string hostname;
};
struct ReportProgress {
  TaskKey task;
  std::vector<Field> fields;
};
enum class TaskOutcome : uint8_t { kFinished, kFailed, kFalse };
struct SetTaskStatus {
  TaskKey task;
  TaskOutcome outcome = TaskOutcome::kFinished;
  std::string error_id, error_message, error_stack_trace;
};
struct Heartbeat {
  std::string worker, worker_group, hostname;
};

// ---- what the world does

/// Time passed. The scheduler sends one when a Decision's wake_at has come.
struct Wake {};

enum class EffectOutcome : uint8_t {
  kSucceeded,  // launched and ready; gone; precondition met; published
  kUnmet,      // a precondition checked and not met
  kFailed,     // it will not work as it stands: error_id and error_message say why
};
/// An effect ended. Ignored when the outbox no longer holds the key: repeats are harmless.
struct EffectDone {
  std::string pipeline;
  std::string key;
  EffectOutcome outcome = EffectOutcome::kSucceeded;
  std::string error_id, error_message;
  std::vector<Field> fields;  // kept on the instance: @resourceId, @resourceRegion, …
};
/// An effect under way has something to show (a cluster's id before it is ready).
struct EffectProgress {
  std::string pipeline;
  std::string key;
  std::vector<Field> fields;
};
/// A running resource is no more, unasked.
struct ResourceGone {
  std::string pipeline;
  std::string instance;
  int attempt = 0;
  std::string error_id, error_message;
};
/// A worker that polled under this id is no more, and whoever polls under it next is another: what
/// it held is offered again at once, no retry spent. (A server's embedded worker after a restart.)
struct WorkerLost {
  std::string worker;  // Poll::worker
};
/// A worker of a resource died and was replaced: what it held is offered again at once, no retry
/// spent.
struct WorkerReplaced {
  std::string pipeline;
  std::string instance;  // of the resource
  int attempt = 0;
};

using EventBody =
    std::variant<CreatePipeline, PutDefinition, Activate, Deactivate, DeletePipeline, SetStatus,
                 AddTags, RemoveTags, Poll, ReportProgress, SetTaskStatus, Heartbeat, Wake,
                 EffectDone, EffectProgress, ResourceGone, WorkerReplaced, WorkerLost>;

struct Event {
  Instant at{};                       // REQUIRES: not earlier than that of the event before
  std::array<uint64_t, 2> entropy{};  // ids derive from it
  Scope scope;                        // of the caller; unused by Wake and by what the world does
  EventBody body;
};

}  // namespace penstock::engine
