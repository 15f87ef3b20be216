// What one event means: the records to write, what the world must do, who has work now, and what
// the caller hears.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "definition/definition.h"
#include "definition/problem.h"
#include "engine/event.h"
#include "engine/record.h"
#include "time/instant.h"

namespace penstock::engine {

enum class RecordKind : uint8_t {
  kPipeline,
  kDefinition,
  kComponent,
  kInstance,
  kAttempt,
  kEffect,
  kTombstone
};

/// Removes one record of the pipeline. `id` as in RecordId() of engine/codec.h.
struct EraseRecord {
  RecordKind kind = RecordKind::kEffect;
  std::string id;
  bool operator==(const EraseRecord&) const = default;
};
/// Removes every record of the pipeline, also those that are not in memory. Its tombstone, if any,
/// comes after it.
struct ErasePipeline {
  bool operator==(const ErasePipeline&) const = default;
};

using Change =
    std::variant<PipelineRecord, DefinitionRecord, ComponentRecord, InstanceRecord, AttemptRecord,
                 EffectRecord, TombstoneRecord, EraseRecord, ErasePipeline>;

/// A full new value under its key, or its removal: applying twice equals applying once. Order
/// within a decision matters.
struct Write {
  PipelineKey pipeline;
  Change change;
  bool operator==(const Write&) const = default;
};

/// A worker group that has work now. Parked polls for it are worth repeating.
struct Offer {
  Scope scope;
  std::string worker_group;
  auto operator<=>(const Offer&) const = default;
};

// ---- replies

/// Which AWS error a refusal becomes.
enum class RefusalKind : uint8_t {
  kInvalidRequest,    // InvalidRequestException
  kPipelineNotFound,  // PipelineNotFoundException
  kPipelineDeleted,   // PipelineDeletedException
  kTaskNotFound,      // TaskNotFoundException
};
/// Nothing was changed. The message says what was attempted, why not, and what to do.
struct Refusal {
  RefusalKind kind = RefusalKind::kInvalidRequest;
  std::string message;
  bool operator==(const Refusal&) const = default;
};
inline Refusal InvalidRequest(std::string message) {
  return {RefusalKind::kInvalidRequest, std::move(message)};
}
struct Done {
  bool operator==(const Done&) const = default;
};
struct Created {
  std::string pipeline;
  bool operator==(const Created&) const = default;
};
/// The answer to a put, fatal problems aside (those are a Refusal).
struct DefinitionStored {
  bool errored = false;           // stored all the same, but it cannot be activated
  std::vector<Problem> problems;  // errors and warnings
  bool operator==(const DefinitionStored&) const = default;
};
/// A hand-out. `objects`: the attempt first, then all it refers to, evaluated, SECRETS IN CLEAR:
/// for this worker's answer only, never for a log or a record.
struct Task {
  TaskKey key;
  std::string attempt_id;
  std::vector<PipelineObject> objects;
  bool operator==(const Task&) const = default;
};
struct NoTask {
  bool operator==(const NoTask&) const = default;
};
struct ProgressNoted {
  bool canceled = false;  // stop; no SetTaskStatus is needed
  bool operator==(const ProgressNoted&) const = default;
};
struct HeartbeatNoted {
  bool terminate = false;  // exit
  bool operator==(const HeartbeatNoted&) const = default;
};

/// Which one: CreatePipeline -> Created; PutDefinition -> DefinitionStored; Poll -> Task or NoTask;
/// ReportProgress -> ProgressNoted; Heartbeat -> HeartbeatNoted; everything else -> Done. Or a
/// Refusal.
using Reply = std::variant<Done, Refusal, Created, DefinitionStored, Task, NoTask, ProgressNoted,
                           HeartbeatNoted>;

struct Decision {
  std::vector<Write> writes;  // in order; empty for most refusals and for a poll without work
  std::vector<EffectRecord>
      effects;  // those of `writes` that are new: execute them once the writes are durable
  std::vector<Offer> ready;  // sorted, each group once
  Reply reply;               // to be sent only after `writes` are durable
  std::optional<Instant>
      wake_at;  // the next time at which anything can change by itself, after this decision
};

}  // namespace penstock::engine
