// What the local EMR service keeps of one cluster. Value types; the JSON form is what the store
// holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "time/instant.h"

namespace penstock::emr {

enum class StepState { kPending, kRunning, kCompleted, kCancelled, kFailed };
std::string_view StepStateName(StepState state);

struct Step {
  std::string id;  // s-…
  std::string name;
  std::string action_on_failure = "CONTINUE";
  std::string jar;
  std::vector<std::string> arguments;
  StepState state = StepState::kPending;
  std::string failure;  // why it failed, with what to do
  Instant created_at{};
  std::optional<Instant> started_at, ended_at;
  bool operator==(const Step&) const = default;
};

enum class ClusterState { kStarting, kRunning, kTerminating, kTerminated, kTerminatedWithErrors };
std::string_view ClusterStateName(ClusterState state);
bool HasEnded(ClusterState state);

/// RunJobFlow's request is kept as it came, so that Describe* can answer what was asked for.
struct Cluster {
  std::string id;  // j-…
  std::string account, region;
  json::Object request;
  std::string worker_group;  // of the worker that the cluster consists of
  ClusterState state = ClusterState::kStarting;
  std::string reason_code, reason;  // StateChangeReason
  Instant created_at{};
  std::optional<Instant> ready_at, ended_at;
  std::vector<Step> steps;
  bool operator==(const Cluster&) const = default;
};

std::string EncodeCluster(const Cluster& cluster);
Result<Cluster> DecodeCluster(std::string_view text);

/// The worker group that a step `command-runner.jar penstock worker … --worker-group G …` names;
/// nullopt for another step.
std::optional<std::string> WorkerGroupOf(const Step& step);

}  // namespace penstock::emr
