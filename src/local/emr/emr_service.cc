#include "local/emr/emr_service.h"

#include <fmt/core.h>

#include <algorithm>

#include "aws/error_response.h"
#include "base/log.h"
#include "base/text.h"
#include "local/emr/emr_json.h"

namespace penstock::emr {
namespace {

constexpr uint64_t kBodyBytesMax = 1 << 20;
constexpr size_t kStepsMax = 256;  // of one cluster, as EMR
constexpr size_t kPageSize = 50;   // ListClusters, ListSteps

ApiError Validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}

// The describing operations' own error; ErrorCode is what the SDKs show.
ApiError InvalidRequest(std::string message) {
  return {"InvalidRequestException",
          std::move(message),
          400,
          {{"ErrorCode", json::Quote("InvalidRequest")}}};
}

ApiError Internal(const Error& error) {
  Log(LogLevel::kError, "emr: {}", error.message);
  return {"InternalServerError", "The request could not be stored: " + error.message, 500, {}};
}

ApiResult<std::string> Required(const json::Object& input, std::string_view key) {
  Result<std::string> value = json::GetString(input, key);
  if (!value) return Validation(value.error().message);
  return *value;
}

ApiResult<std::vector<std::string>> OptionalStrings(const json::Object& input,
                                                    std::string_view key) {
  std::vector<std::string> values;
  const json::Value* list = json::Find(input, key);
  if (list == nullptr) return values;
  if (!list->is_array())
    return Validation(fmt::format("member \"{}\" must be an array of strings", key));
  for (const json::Value& value : list->get_array()) {
    if (!value.is_string())
      return Validation(fmt::format("member \"{}\" must be an array of strings", key));
    values.emplace_back(value.get_string());
  }
  return values;
}

}  // namespace

EmrService::EmrService(KeyValue& store, WorkerHost& workers, Clock& clock, Random& random,
                       bool shared_regions)
    : store_(store),
      workers_(workers),
      clock_(clock),
      random_(random),
      shared_regions_(shared_regions) {}

void EmrService::Serve(HttpRequest request, BodySource& body,
                       std::unique_ptr<Responder> responder) {
  auto fail = [&](const ApiError& error) {
    responder->Respond(ErrorResponse(error, WireProtocol::kJson11, request));
  };
  constexpr std::string_view kPrefix = "ElasticMapReduce.";
  std::string_view target = request.headers.Get("X-Amz-Target").value_or("");
  if (request.method != "POST" || !target.starts_with(kPrefix)) {
    return fail({"UnknownOperationException",
                 "An EMR request is a POST with X-Amz-Target: ElasticMapReduce.<Operation>.",
                 400,
                 {}});
  }
  if (!request.caller)
    return fail({"MissingAuthenticationTokenException",
                 "Request is missing Authentication Token",
                 400,
                 {}});
  Result<std::string> text = ReadAll(body, kBodyBytesMax);
  if (!text) return fail({"SerializationException", text.error().message, 400, {}});
  Result<json::Object> input = json::ParseObject(text->empty() ? "{}" : *text);
  if (!input) return fail({"SerializationException", input.error().message, 400, {}});
  std::lock_guard lock(mutex_);
  Reply reply = Dispatch(*request.caller, std::string(target.substr(kPrefix.size())), *input);
  if (!reply) return fail(reply.error());
  responder->Respond(
      JsonResponse(WireProtocol::kJson11, *reply ? json::Write(**reply) : "", request));
}

EmrService::Reply EmrService::Dispatch(const Caller& caller, const std::string& operation,
                                       const json::Object& input) {
  using Handler = Reply (EmrService::*)(const Caller&, const json::Object&);
  constexpr std::pair<std::string_view, Handler> kOperations[] = {
      {"AddJobFlowSteps", &EmrService::AddJobFlowSteps},
      {"DescribeCluster", &EmrService::DescribeCluster},
      {"DescribeStep", &EmrService::DescribeStep},
      {"ListBootstrapActions", &EmrService::ListBootstrapActions},
      {"ListClusters", &EmrService::ListClusters},
      {"ListInstanceGroups", &EmrService::ListInstanceGroups},
      {"ListSteps", &EmrService::ListSteps},
      {"RunJobFlow", &EmrService::RunJobFlow},
      {"TerminateJobFlows", &EmrService::TerminateJobFlows},
  };
  for (const auto& [name, handler] : kOperations) {
    if (name == operation) return (this->*handler)(caller, input);
  }
  return ApiError{
      "UnknownOperationException",
      fmt::format(
          "This EMR service has no operation {}; it has RunJobFlow, DescribeCluster, ListClusters, "
          "AddJobFlowSteps, DescribeStep, ListSteps, TerminateJobFlows, ListInstanceGroups and "
          "ListBootstrapActions.",
          operation),
      400,
      {}};
}

std::string EmrService::Prefix(const Caller& caller) const {
  return fmt::format("emr/{}/{}/", caller.account, shared_regions_ ? "-" : caller.region);
}

std::string EmrService::NewId(std::string_view prefix) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string id(prefix);
  for (int i = 0; i < 13; ++i) id += kAlphabet[random_.Below(kAlphabet.size())];
  return id;
}

Status EmrService::Save(const Caller& caller, const Cluster& cluster) {
  WriteBatch batch;
  batch.Put(Prefix(caller) + cluster.id, EncodeCluster(cluster));
  return store_.Write(batch, Durability::kDisk);
}

Status EmrService::Refresh(const Caller& caller, Cluster& cluster) {
  if (HasEnded(cluster.state)) return {};
  Cluster before = cluster;
  Instant now = clock_.Now();
  WorkerStatus worker = workers_.Look(cluster.worker_group);
  auto end = [&](ClusterState state, StepState step_state) {
    cluster.state = state;
    cluster.ended_at = now;
    for (Step& step : cluster.steps) {
      if (step.state != StepState::kRunning && step.state != StepState::kPending) continue;
      step.state = step_state;
      step.ended_at = now;
    }
  };
  switch (worker.condition) {
    case WorkerCondition::kRunning:
      if (cluster.state == ClusterState::kStarting) {
        cluster.state = ClusterState::kRunning;
        cluster.ready_at = now;
      } else if (cluster.state == ClusterState::kTerminating) {
        // The end was recorded, then this server ended before the worker was told.
        RETURN_IF_ERROR(workers_.Stop(cluster.worker_group));
      }
      break;
    case WorkerCondition::kEnding:
      break;
    case WorkerCondition::kFailed:
      cluster.reason_code = "INSTANCE_FAILURE";
      cluster.reason = worker.message;
      end(ClusterState::kTerminatedWithErrors, StepState::kFailed);
      RETURN_IF_ERROR(workers_.Stop(cluster.worker_group));
      break;
    case WorkerCondition::kAbsent:
      if (cluster.state == ClusterState::kTerminating) {
        end(ClusterState::kTerminated, StepState::kCancelled);
      } else if (cluster.state == ClusterState::kStarting) {
        // The cluster was recorded, then this server ended before the worker was started.
        RETURN_IF_ERROR(workers_.Start({cluster.worker_group, cluster.account, cluster.region}));
      } else {
        cluster.reason_code = "INSTANCE_FAILURE";
        cluster.reason = "the cluster's worker process is gone";
        end(ClusterState::kTerminatedWithErrors, StepState::kFailed);
      }
      break;
  }
  return cluster == before ? Status() : Save(caller, cluster);
}

ApiResult<Cluster> EmrService::Load(const Caller& caller, const std::string& id) {
  Result<std::optional<std::string>> text = store_.Get(Prefix(caller) + id);
  if (!text) return Internal(text.error());
  if (!*text) return InvalidRequest(fmt::format("Cluster id '{}' is not valid.", id));
  Result<Cluster> cluster = DecodeCluster(**text);
  if (!cluster) return Internal(cluster.error());
  if (Status refreshed = Refresh(caller, *cluster); !refreshed) return Internal(refreshed.error());
  return *std::move(cluster);
}

ApiResult<Step> EmrService::MakeStep(const json::Value& config, const Cluster& cluster,
                                     bool first) {
  const json::Object* in = config.if_object();
  if (in == nullptr) return Validation("a step must be an object");
  ASSIGN_OR_RETURN(std::string name, Required(*in, "Name"));
  Result<const json::Object*> jar_step = json::GetObject(*in, "HadoopJarStep");
  if (!jar_step) return Validation(jar_step.error().message);
  ASSIGN_OR_RETURN(std::string jar, Required(**jar_step, "Jar"));
  ASSIGN_OR_RETURN(std::vector<std::string> arguments, OptionalStrings(**jar_step, "Args"));
  Step step{.id = NewId("s-"), .name = name, .jar = jar, .arguments = arguments, .failure = {}};
  if (Result<std::string> action = json::GetString(*in, "ActionOnFailure"))
    step.action_on_failure = *action;
  step.created_at = step.started_at.emplace(clock_.Now());
  if (first && WorkerGroupOf(step)) {
    step.state = StepState::kRunning;
    return step;
  }
  step.state = StepState::kFailed;
  step.ended_at = step.created_at;
  step.failure = fmt::format(
      "Step \"{}\" ({}) of cluster {} cannot run: this EMR service runs only a cluster's first "
      "step, command-runner.jar with "
      "arguments penstock worker --worker-group <group>. Run other steps on AWS EMR: [endpoints] "
      "emr = \"aws\".",
      name, jar, cluster.id);
  return step;
}

EmrService::Reply EmrService::RunJobFlow(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string name, Required(input, "Name"));
  if (Result<const json::Object*> instances = json::GetObject(input, "Instances"); !instances) {
    return Validation(instances.error().message);
  }
  Cluster cluster{
      .id = NewId("j-"), .account = caller.account, .region = caller.region, .request = input};
  cluster.created_at = clock_.Now();
  const json::Value* steps = json::Find(input, "Steps");
  if (steps != nullptr && !steps->is_array())
    return Validation("member \"Steps\" must be an array");
  if (steps != nullptr) {
    if (steps->get_array().size() > kStepsMax)
      return Validation(fmt::format("a cluster has at most {} steps", kStepsMax));
    for (const json::Value& config : steps->get_array()) {
      ASSIGN_OR_RETURN(Step step, MakeStep(config, cluster, cluster.steps.empty()));
      cluster.steps.push_back(std::move(step));
    }
  }
  std::optional<std::string> group =
      cluster.steps.empty() ? std::nullopt : WorkerGroupOf(cluster.steps.front());
  if (!group) {
    return Validation(
        "This EMR service runs clusters of one worker process: the first of Steps must be "
        "command-runner.jar with arguments "
        "penstock worker --worker-group <group>. For other clusters use AWS EMR: [endpoints] emr = "
        "\"aws\".");
  }
  cluster.worker_group = *group;
  if (workers_.Look(*group).condition != WorkerCondition::kAbsent) {
    return Validation(
        fmt::format("A worker of group {} runs already; two clusters cannot share one.", *group));
  }
  if (Status saved = Save(caller, cluster); !saved) return Internal(saved.error());
  if (Status started = workers_.Start({*group, caller.account, caller.region}); !started) {
    cluster.state = ClusterState::kTerminatedWithErrors;
    cluster.ended_at = clock_.Now();
    cluster.reason_code = "BOOTSTRAP_FAILURE";
    cluster.reason = started.error().message;
    if (Status saved = Save(caller, cluster); !saved) return Internal(saved.error());
  }
  json::Object out;
  out["JobFlowId"] = cluster.id;
  out["ClusterArn"] = ClusterArn(cluster);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::DescribeCluster(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "ClusterId"));
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  json::Object out;
  out["Cluster"] = ClusterJson(cluster);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::ListClusters(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::vector<std::string> states, OptionalStrings(input, "ClusterStates"));
  Result<std::optional<double>> after = json::OptionalDouble(input, "CreatedAfter");
  Result<std::optional<double>> before = json::OptionalDouble(input, "CreatedBefore");
  if (!after || !before)
    return Validation("CreatedAfter and CreatedBefore must be numbers of seconds since 1970");
  Result<std::optional<std::string>> marker = json::OptionalString(input, "Marker");
  if (!marker) return Validation(marker.error().message);

  std::vector<Cluster> clusters;
  std::string prefix = Prefix(caller);
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    Result<Cluster> cluster = DecodeCluster(at->value());
    if (!cluster) return Internal(cluster.error());
    clusters.push_back(*std::move(cluster));
  }
  if (Status walked = at->status(); !walked) return Internal(walked.error());
  for (Cluster& cluster : clusters) {
    if (Status refreshed = Refresh(caller, cluster); !refreshed) return Internal(refreshed.error());
  }
  std::sort(clusters.begin(), clusters.end(),
            [](const Cluster& a, const Cluster& b) {  // newest first
              return std::tie(b.created_at, b.id) < std::tie(a.created_at, a.id);
            });
  std::erase_if(clusters, [&](const Cluster& cluster) {
    double created = ToEpochSeconds(cluster.created_at);
    bool wanted = states.empty() || std::find(states.begin(), states.end(),
                                              ClusterStateName(cluster.state)) != states.end();
    return !wanted || (*after && created <= **after) || (*before && created >= **before);
  });

  json::Array page;
  json::Object out;
  bool started = !marker->has_value();
  for (const Cluster& cluster : clusters) {
    if (!started) {
      started = cluster.id == **marker;
      continue;
    }
    if (page.size() == kPageSize) {
      out["Marker"] = page.back().get_object()["Id"];
      break;
    }
    page.push_back(ClusterSummaryJson(cluster));
  }
  out["Clusters"] = std::move(page);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::AddJobFlowSteps(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "JobFlowId"));
  Result<const json::Array*> steps = json::GetArray(input, "Steps");
  if (!steps) return Validation(steps.error().message);
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  if (HasEnded(cluster.state) || cluster.state == ClusterState::kTerminating) {
    return Validation(
        "A job flow that is shutting down, terminated, or finished may not be modified.");
  }
  if (cluster.steps.size() + (*steps)->size() > kStepsMax) {
    return Validation(fmt::format("a cluster has at most {} steps", kStepsMax));
  }
  json::Array ids;
  for (const json::Value& config : **steps) {
    ASSIGN_OR_RETURN(Step step, MakeStep(config, cluster, false));
    ids.emplace_back(step.id);
    cluster.steps.push_back(std::move(step));
  }
  if (Status saved = Save(caller, cluster); !saved) return Internal(saved.error());
  json::Object out;
  out["StepIds"] = std::move(ids);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::DescribeStep(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "ClusterId"));
  ASSIGN_OR_RETURN(std::string step_id, Required(input, "StepId"));
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  for (const Step& step : cluster.steps) {
    if (step.id != step_id) continue;
    json::Object out;
    out["Step"] = StepJson(step);
    return std::optional(std::move(out));
  }
  return InvalidRequest(fmt::format("Step id '{}' is not valid.", step_id));
}

EmrService::Reply EmrService::ListSteps(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "ClusterId"));
  ASSIGN_OR_RETURN(std::vector<std::string> states, OptionalStrings(input, "StepStates"));
  ASSIGN_OR_RETURN(std::vector<std::string> ids, OptionalStrings(input, "StepIds"));
  Result<std::optional<std::string>> marker = json::OptionalString(input, "Marker");
  if (!marker) return Validation(marker.error().message);
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  json::Array page;
  json::Object out;
  bool started = !marker->has_value();
  for (auto step = cluster.steps.rbegin(); step != cluster.steps.rend(); ++step) {  // newest first
    if (!started) {
      started = step->id == **marker;
      continue;
    }
    bool wanted = states.empty() || std::find(states.begin(), states.end(),
                                              StepStateName(step->state)) != states.end();
    wanted = wanted && (ids.empty() || std::find(ids.begin(), ids.end(), step->id) != ids.end());
    if (!wanted) continue;
    if (page.size() == kPageSize) {
      out["Marker"] = page.back().get_object()["Id"];
      break;
    }
    page.push_back(StepJson(*step));
  }
  out["Steps"] = std::move(page);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::TerminateJobFlows(const Caller& caller, const json::Object& input) {
  Result<const json::Array*> given = json::GetArray(input, "JobFlowIds");
  if (!given) return Validation(given.error().message);
  ASSIGN_OR_RETURN(std::vector<std::string> ids, OptionalStrings(input, "JobFlowIds"));
  for (const std::string& id : ids) {
    ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
    if (HasEnded(cluster.state) || cluster.state == ClusterState::kTerminating) continue;
    const json::Value* instances = json::Find(cluster.request, "Instances");
    const json::Value* protection = json::Find(instances->get_object(), "TerminationProtected");
    if (protection != nullptr && *protection == json::Value(true)) {
      return Validation(
          "Could not shut down one or more job flows since they are termination protected.");
    }
    cluster.state = ClusterState::kTerminating;
    cluster.reason_code = "USER_REQUEST";
    cluster.reason = "Terminated by user request";
    if (Status saved = Save(caller, cluster); !saved) return Internal(saved.error());
    if (Status stopped = workers_.Stop(cluster.worker_group); !stopped)
      return Internal(stopped.error());
  }
  return std::optional<json::Object>();
}

EmrService::Reply EmrService::ListInstanceGroups(const Caller& caller, const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "ClusterId"));
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  json::Object out;
  out["InstanceGroups"] = InstanceGroupsJson(cluster);
  return std::optional(std::move(out));
}

EmrService::Reply EmrService::ListBootstrapActions(const Caller& caller,
                                                   const json::Object& input) {
  ASSIGN_OR_RETURN(std::string id, Required(input, "ClusterId"));
  ASSIGN_OR_RETURN(Cluster cluster, Load(caller, id));
  json::Object out;
  out["BootstrapActions"] = BootstrapActionsJson(cluster);
  return std::optional(std::move(out));
}

}  // namespace penstock::emr
