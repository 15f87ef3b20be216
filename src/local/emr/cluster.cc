#include "local/emr/cluster.h"

#include <array>

namespace penstock::emr {
namespace {

constexpr std::array<std::string_view, 5> kStepStates = {"PENDING", "RUNNING", "COMPLETED",
                                                         "CANCELLED", "FAILED"};
constexpr std::array<std::string_view, 5> kClusterStates = {"STARTING", "RUNNING", "TERMINATING",
                                                            "TERMINATED", "TERMINATED_WITH_ERRORS"};

json::Value EncodeTime(const std::optional<Instant>& time) {
  return time ? json::Value(time->time_since_epoch().count()) : json::Value(nullptr);
}

Result<std::optional<Instant>> DecodeTime(const json::Object& object, std::string_view key) {
  ASSIGN_OR_RETURN(std::optional<int64_t> ms, json::OptionalInt(object, key));
  return ms ? std::optional(Instant(Duration(*ms))) : std::nullopt;
}

template <size_t kCount>
Result<size_t> IndexOf(const std::array<std::string_view, kCount>& names, const std::string& name) {
  for (size_t i = 0; i < kCount; ++i) {
    if (names[i] == name) return i;
  }
  return Corrupt("unknown state " + name);
}

json::Object EncodeStep(const Step& step) {
  json::Object out;
  out["id"] = step.id;
  out["name"] = step.name;
  out["actionOnFailure"] = step.action_on_failure;
  out["jar"] = step.jar;
  out["arguments"] = json::Array(step.arguments.begin(), step.arguments.end());
  out["state"] = StepStateName(step.state);
  out["failure"] = step.failure;
  out["created"] = EncodeTime(step.created_at);
  out["started"] = EncodeTime(step.started_at);
  out["ended"] = EncodeTime(step.ended_at);
  return out;
}

Result<Step> DecodeStep(const json::Object& in) {
  Step step;
  ASSIGN_OR_RETURN(step.id, json::GetString(in, "id"));
  ASSIGN_OR_RETURN(step.name, json::GetString(in, "name"));
  ASSIGN_OR_RETURN(step.action_on_failure, json::GetString(in, "actionOnFailure"));
  ASSIGN_OR_RETURN(step.jar, json::GetString(in, "jar"));
  ASSIGN_OR_RETURN(const json::Array* arguments, json::GetArray(in, "arguments"));
  for (const json::Value& argument : *arguments) {
    if (!argument.is_string()) return Corrupt("a step's argument is not a string");
    step.arguments.emplace_back(argument.get_string());
  }
  ASSIGN_OR_RETURN(std::string state, json::GetString(in, "state"));
  ASSIGN_OR_RETURN(size_t index, IndexOf(kStepStates, state));
  step.state = static_cast<StepState>(index);
  ASSIGN_OR_RETURN(step.failure, json::GetString(in, "failure"));
  ASSIGN_OR_RETURN(std::optional<Instant> created, DecodeTime(in, "created"));
  step.created_at = created.value_or(Instant{});
  ASSIGN_OR_RETURN(step.started_at, DecodeTime(in, "started"));
  ASSIGN_OR_RETURN(step.ended_at, DecodeTime(in, "ended"));
  return step;
}

}  // namespace

std::string_view StepStateName(StepState state) { return kStepStates[static_cast<size_t>(state)]; }
std::string_view ClusterStateName(ClusterState state) {
  return kClusterStates[static_cast<size_t>(state)];
}
bool HasEnded(ClusterState state) {
  return state == ClusterState::kTerminated || state == ClusterState::kTerminatedWithErrors;
}

std::string EncodeCluster(const Cluster& cluster) {
  json::Object out;
  out["id"] = cluster.id;
  out["account"] = cluster.account;
  out["region"] = cluster.region;
  out["request"] = cluster.request;
  out["workerGroup"] = cluster.worker_group;
  out["state"] = ClusterStateName(cluster.state);
  out["reasonCode"] = cluster.reason_code;
  out["reason"] = cluster.reason;
  out["created"] = EncodeTime(cluster.created_at);
  out["ready"] = EncodeTime(cluster.ready_at);
  out["ended"] = EncodeTime(cluster.ended_at);
  json::Array steps;
  for (const Step& step : cluster.steps) steps.push_back(EncodeStep(step));
  out["steps"] = std::move(steps);
  return json::Write(out);
}

Result<Cluster> DecodeCluster(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  Cluster cluster;
  ASSIGN_OR_RETURN(cluster.id, json::GetString(in, "id"));
  ASSIGN_OR_RETURN(cluster.account, json::GetString(in, "account"));
  ASSIGN_OR_RETURN(cluster.region, json::GetString(in, "region"));
  ASSIGN_OR_RETURN(const json::Object* request, json::GetObject(in, "request"));
  cluster.request = *request;
  ASSIGN_OR_RETURN(cluster.worker_group, json::GetString(in, "workerGroup"));
  ASSIGN_OR_RETURN(std::string state, json::GetString(in, "state"));
  ASSIGN_OR_RETURN(size_t index, IndexOf(kClusterStates, state));
  cluster.state = static_cast<ClusterState>(index);
  ASSIGN_OR_RETURN(cluster.reason_code, json::GetString(in, "reasonCode"));
  ASSIGN_OR_RETURN(cluster.reason, json::GetString(in, "reason"));
  ASSIGN_OR_RETURN(std::optional<Instant> created, DecodeTime(in, "created"));
  cluster.created_at = created.value_or(Instant{});
  ASSIGN_OR_RETURN(cluster.ready_at, DecodeTime(in, "ready"));
  ASSIGN_OR_RETURN(cluster.ended_at, DecodeTime(in, "ended"));
  ASSIGN_OR_RETURN(const json::Array* steps, json::GetArray(in, "steps"));
  for (const json::Value& entry : *steps) {
    if (!entry.is_object()) return Corrupt("a step is not an object");
    ASSIGN_OR_RETURN(Step step, DecodeStep(entry.get_object()));
    cluster.steps.push_back(std::move(step));
  }
  return cluster;
}

std::optional<std::string> WorkerGroupOf(const Step& step) {
  const std::vector<std::string>& arguments = step.arguments;
  bool runs_command = step.jar == "command-runner.jar" || step.jar.ends_with("/command-runner.jar");
  if (!runs_command || arguments.size() < 2 || arguments[0] != "penstock" ||
      arguments[1] != "worker")
    return std::nullopt;
  constexpr std::string_view kOption = "--worker-group";
  for (size_t i = 2; i < arguments.size(); ++i) {
    if (arguments[i] == kOption && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with("--worker-group=")) return arguments[i].substr(kOption.size() + 1);
  }
  return std::nullopt;
}

}  // namespace penstock::emr
