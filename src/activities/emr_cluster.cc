#include "activities/emr_cluster.h"

#include <fmt/core.h>

#include "activities/emr_step.h"
#include "activities/task.h"
#include "base/text.h"

namespace penstock {
namespace {

// The service notes a cluster's creation by its own clock; ours may be ahead of it.
constexpr Duration kClockSkew{60'000};

const PipelineObject* Object(const ResourceRequest& request) {
  return request.objects.empty() ? nullptr : &request.objects.front();
}

std::string RegionOf(const ResourceRequest& request) {
  const PipelineObject* object = Object(request);
  std::optional<std::string> own = object == nullptr ? std::nullopt : RegionField(*object);
  return own.value_or(request.region);
}

Result<EmrClient> Client(const ResourceRequest& request, const ResourceContext& context) {
  ASSIGN_OR_RETURN(ServiceEndpoint endpoint,
                   context.services->Find("elasticmapreduce", RegionOf(request)));
  return EmrClient(context.clients, endpoint);
}

Result<json::Object> Call(const EmrClient& client, std::string_view operation,
                          const json::Object& body, std::string_view attempted,
                          std::stop_token stop) {
  CallResult<std::string> answer =
      client.Call(operation, json::Write(body), RetryPolicy::kStandard, stop);
  if (!answer) return answer.error().ToError(attempted);
  return json::ParseObject(answer->empty() ? "{}" : *answer);
}

json::Object InstanceGroup(std::string_view role, int64_t count, const std::string& type,
                           const std::optional<std::string>& bid) {
  json::Object group;
  group["Name"] = fmt::format("{} instance group", AsciiLower(role));
  group["InstanceRole"] = role;
  group["InstanceType"] = type;
  group["InstanceCount"] = count;
  bool spot = bid && !EqualsIgnoreCase(*bid, "OnDemandPrice");
  group["Market"] = spot ? "SPOT" : "ON_DEMAND";
  if (spot) group["BidPrice"] = *bid;
  return group;
}

Result<int64_t> CountOf(const PipelineObject& object, std::string_view field, int64_t otherwise) {
  std::optional<std::string> text = FieldOf(object, field);
  if (!text || text->empty()) return otherwise;
  std::optional<int64_t> count = ParseInt64(*text);
  if (count && *count >= 0) return *count;
  return InvalidArgument(
      fmt::format("{} of \"{}\" is \"{}\"; it must be a whole number", field, object.name, *text));
}

Result<json::Object> Instances(const PipelineObject& object) {
  constexpr char kDefaultType[] = "m4.large";
  ASSIGN_OR_RETURN(int64_t core, CountOf(object, "coreInstanceCount", 1));
  ASSIGN_OR_RETURN(int64_t task, CountOf(object, "taskInstanceCount", 0));
  auto type = [&](std::string_view field) { return FieldOf(object, field).value_or(kDefaultType); };
  json::Array groups;
  groups.push_back(InstanceGroup("MASTER", 1, type("masterInstanceType"),
                                 FieldOf(object, "masterInstanceBidPrice")));
  if (core > 0) {
    groups.push_back(InstanceGroup("CORE", core, type("coreInstanceType"),
                                   FieldOf(object, "coreInstanceBidPrice")));
  }
  if (task > 0) {
    groups.push_back(InstanceGroup("TASK", task, type("taskInstanceType"),
                                   FieldOf(object, "taskInstanceBidPrice")));
  }
  json::Object instances;
  instances["InstanceGroups"] = std::move(groups);
  instances["KeepJobFlowAliveWhenNoSteps"] = true;
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"keyPair", "Ec2KeyName"},
      {"subnetId", "Ec2SubnetId"},
      {"emrManagedMasterSecurityGroupId", "EmrManagedMasterSecurityGroup"},
      {"emrManagedSlaveSecurityGroupId", "EmrManagedSlaveSecurityGroup"},
      {"serviceAccessSecurityGroupId", "ServiceAccessSecurityGroup"}};
  for (auto [field, member] : kNamed) {
    if (std::optional<std::string> value = FieldOf(object, field)) instances[member] = *value;
  }
  return instances;
}

// bootstrapAction is "path,argument,…" under the comma rules of a step.
Result<json::Array> BootstrapActions(const PipelineObject& object) {
  json::Array actions;
  for (const std::string& text : FieldsOf(object, "bootstrapAction")) {
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(EmrStep parsed, ParseEmrStep(text));
    json::Object script, action;
    script["Path"] = parsed.jar;
    script["Args"] = json::Array(parsed.arguments.begin(), parsed.arguments.end());
    action["Name"] = fmt::format("bootstrapAction {}", actions.size() + 1);
    action["ScriptBootstrapAction"] = std::move(script);
    actions.push_back(std::move(action));
  }
  return actions;
}

// The cluster of that id; nullopt if the service knows none, or it is another.
Result<std::optional<json::Object>> Describe(const EmrClient& client,
                                             const ResourceRequest& request, const std::string& id,
                                             std::stop_token stop) {
  std::string text = json::Write(json::Object{{"ClusterId", id}});
  CallResult<std::string> answer =
      client.Call("DescribeCluster", text, RetryPolicy::kStandard, stop);
  if (!answer && answer.error().type == "InvalidRequestException")
    return std::optional<json::Object>();
  if (!answer) return answer.error().ToError("looking at cluster " + id);
  ASSIGN_OR_RETURN(json::Object output, json::ParseObject(*answer));
  ASSIGN_OR_RETURN(const json::Object* cluster, json::GetObject(output, "Cluster"));
  if (json::GetString(*cluster, "Name").value_or("") != request.name)
    return std::optional<json::Object>();
  return std::optional(*cluster);
}

// The cluster of that name among those that `query` lists. The name is one attempt's own, so that
// there is one at most.
Result<std::optional<json::Object>> FindByName(const EmrClient& client,
                                               const ResourceRequest& request, json::Object query,
                                               std::stop_token stop) {
  while (true) {
    ASSIGN_OR_RETURN(json::Object page, Call(client, "ListClusters", query,
                                             "looking for cluster " + request.name, stop));
    ASSIGN_OR_RETURN(const json::Array* clusters, json::GetArray(page, "Clusters"));
    for (const json::Value& entry : *clusters) {
      const json::Object* cluster = entry.if_object();
      if (cluster != nullptr && json::GetString(*cluster, "Name").value_or("") == request.name) {
        return std::optional(*cluster);
      }
    }
    const json::Value* marker = json::Find(page, "Marker");
    if (marker == nullptr) return std::optional<json::Object>();
    query["Marker"] = *marker;
  }
}

// By its id where that is known, else by its name; nullopt if there is none.
Result<std::optional<json::Object>> FindCluster(const EmrClient& client,
                                                const ResourceRequest& request,
                                                const json::Object& query, std::stop_token stop) {
  const PipelineObject* object = Object(request);
  std::optional<std::string> id =
      object == nullptr ? std::nullopt : FieldOf(*object, "@resourceId");
  if (id && !id->empty()) {
    ASSIGN_OR_RETURN(std::optional<json::Object> known, Describe(client, request, *id, stop));
    if (known) return known;
  }
  return FindByName(client, request, query, stop);
}

json::Object MadeSince(const ResourceRequest& request) {
  return {{"CreatedAfter", ToEpochSeconds(request.asked_at - kClockSkew)}};
}

// However long ago it was made: a termination does not know when that was.
json::Object NotEnded() {
  return {{"ClusterStates",
           json::Array{"STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"}}};
}

Result<ResourceReport> ReportOf(const json::Object& cluster, const std::string& region) {
  ASSIGN_OR_RETURN(std::string id, json::GetString(cluster, "Id"));
  ASSIGN_OR_RETURN(const json::Object* status, json::GetObject(cluster, "Status"));
  ASSIGN_OR_RETURN(std::string state, json::GetString(*status, "State"));
  ResourceReport report{.message = {},
                        .fields = {{"@resourceId", id, false}, {"@resourceRegion", region, false}}};
  if (state == "STARTING" || state == "BOOTSTRAPPING") {
    report.state = ResourceState::kStarting;
  } else if (state == "RUNNING" || state == "WAITING") {
    report.state = ResourceState::kReady;
  } else if (state == "TERMINATING") {
    report.state = ResourceState::kEnding;
  } else {
    report.state = ResourceState::kEnded;
    Result<const json::Object*> reason = json::GetObject(*status, "StateChangeReason");
    std::string text = reason ? json::GetString(**reason, "Message").value_or("") : "";
    report.message = fmt::format("cluster {} is {}{}{}", id, state, text.empty() ? "" : ": ", text);
  }
  return report;
}

std::string IdOf(const ResourceReport& report) {
  for (const Field& field : report.fields) {
    if (field.key == "@resourceId") return field.value;
  }
  return "";
}

}  // namespace

Result<json::Object> RunJobFlowRequest(const ResourceRequest& request,
                                       const std::string& endpoint_url) {
  const PipelineObject* object = Object(request);
  if (object == nullptr)
    return InvalidArgument(fmt::format("cluster {} has no EmrCluster object", request.name));
  json::Object body;
  body["Name"] = request.name;
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"emrLogUri", "LogUri"},
      {"releaseLabel", "ReleaseLabel"},
      {"amiVersion", "AmiVersion"},
      {"role", "ServiceRole"},
      {"resourceRole", "JobFlowRole"}};
  for (auto [field, member] : kNamed) {
    if (std::optional<std::string> value = FieldOf(*object, field)) body[member] = *value;
  }
  if (!body.contains("LogUri")) {
    if (std::optional<std::string> logs = FieldOf(*object, "pipelineLogUri"))
      body["LogUri"] = *logs;
  }
  ASSIGN_OR_RETURN(json::Object instances, Instances(*object));
  body["Instances"] = std::move(instances);
  ASSIGN_OR_RETURN(json::Array actions, BootstrapActions(*object));
  if (!actions.empty()) body["BootstrapActions"] = std::move(actions);
  json::Array applications;
  for (const std::string& name : FieldsOf(*object, "applications"))
    applications.push_back(json::Object{{"Name", name}});
  if (!applications.empty()) body["Applications"] = std::move(applications);

  json::Array arguments = {"penstock", "worker", "--worker-group", json::Value(request.name)};
  if (!endpoint_url.empty()) {
    arguments.emplace_back("--endpoint");
    arguments.emplace_back(endpoint_url);
  }
  json::Object jar, step;
  jar["Jar"] = "command-runner.jar";
  jar["Args"] = std::move(arguments);
  step["Name"] = "Penstock worker";
  step["ActionOnFailure"] = "TERMINATE_CLUSTER";
  step["HadoopJarStep"] = std::move(jar);
  body["Steps"] = json::Array{std::move(step)};
  body["VisibleToAllUsers"] = true;
  return body;
}

Result<ResourceReport> EmrCluster::Launch(const ResourceRequest& request,
                                          const ResourceContext& context, std::stop_token stop) {
  ASSIGN_OR_RETURN(EmrClient client, Client(request, context));
  ASSIGN_OR_RETURN(std::optional<json::Object> found,
                   FindCluster(client, request, MadeSince(request), stop));
  if (found) return ReportOf(*found, RegionOf(request));
  ASSIGN_OR_RETURN(json::Object body, RunJobFlowRequest(request, context.endpoint_url));
  ASSIGN_OR_RETURN(json::Object made,
                   Call(client, "RunJobFlow", body, "creating cluster " + request.name, stop));
  ASSIGN_OR_RETURN(std::string id, json::GetString(made, "JobFlowId"));
  return ResourceReport{
      .state = ResourceState::kStarting,
      .message = {},
      .fields = {{"@resourceId", id, false}, {"@resourceRegion", RegionOf(request), false}}};
}

Result<ResourceReport> EmrCluster::Look(const ResourceRequest& request,
                                        const ResourceContext& context, std::stop_token stop) {
  ASSIGN_OR_RETURN(EmrClient client, Client(request, context));
  ASSIGN_OR_RETURN(std::optional<json::Object> found,
                   FindCluster(client, request, MadeSince(request), stop));
  if (!found) return ResourceReport{.state = ResourceState::kAbsent, .message = {}, .fields = {}};
  return ReportOf(*found, RegionOf(request));
}

Result<ResourceReport> EmrCluster::Terminate(const ResourceRequest& request,
                                             const ResourceContext& context, std::stop_token stop) {
  ASSIGN_OR_RETURN(EmrClient client, Client(request, context));
  ASSIGN_OR_RETURN(std::optional<json::Object> found,
                   FindCluster(client, request, NotEnded(), stop));
  if (!found) return ResourceReport{.state = ResourceState::kAbsent, .message = {}, .fields = {}};
  ASSIGN_OR_RETURN(ResourceReport report, ReportOf(*found, RegionOf(request)));
  if (report.state != ResourceState::kStarting && report.state != ResourceState::kReady)
    return report;
  json::Object body;
  body["JobFlowIds"] = json::Array{json::Value(IdOf(report))};
  ASSIGN_OR_RETURN(json::Object ended,
                   Call(client, "TerminateJobFlows", body, "ending cluster " + request.name, stop));
  report.state = ResourceState::kEnding;
  return report;
}

}  // namespace penstock
