#include "local/emr/emr_json.h"

#include <fmt/core.h>

namespace penstock::emr {
namespace {

json::Value Or(const json::Object& object, std::string_view key, json::Value otherwise) {
  const json::Value* value = json::Find(object, key);
  return value == nullptr ? otherwise : *value;
}

void PutTime(json::Object& out, std::string_view key, const std::optional<Instant>& time) {
  if (time) out[key] = ToEpochSeconds(*time);
}

json::Object StatusJson(const Cluster& cluster) {
  json::Object reason, timeline, status;
  if (!cluster.reason_code.empty()) reason["Code"] = cluster.reason_code;
  if (!cluster.reason.empty()) reason["Message"] = cluster.reason;
  PutTime(timeline, "CreationDateTime", cluster.created_at);
  PutTime(timeline, "ReadyDateTime", cluster.ready_at);
  PutTime(timeline, "EndDateTime", cluster.ended_at);
  status["State"] = ClusterStateName(cluster.state);
  status["StateChangeReason"] = std::move(reason);
  status["Timeline"] = std::move(timeline);
  return status;
}

const json::Object& InstancesOf(const Cluster& cluster) {
  static const json::Object none;
  const json::Value* instances = json::Find(cluster.request, "Instances");
  return instances != nullptr && instances->is_object() ? instances->get_object() : none;
}

std::string_view GroupStateName(const Cluster& cluster) {
  switch (cluster.state) {
    case ClusterState::kStarting:
      return "PROVISIONING";
    case ClusterState::kRunning:
      return "RUNNING";
    case ClusterState::kTerminating:
      return "SHUTTING_DOWN";
    case ClusterState::kTerminated:
    case ClusterState::kTerminatedWithErrors:
      break;
  }
  return "TERMINATED";
}

json::Object InstanceGroupJson(const Cluster& cluster, const json::Object& asked, size_t number) {
  json::Object status, group;
  status["State"] = GroupStateName(cluster);
  status["StateChangeReason"] = json::Object();
  status["Timeline"] = json::Object();
  json::Value count = Or(asked, "InstanceCount", 1);
  group["Id"] = fmt::format("ig-{}{}", cluster.id.substr(2, 12), number);
  group["Name"] = Or(asked, "Name", "");
  group["Market"] = Or(asked, "Market", "ON_DEMAND");
  group["InstanceGroupType"] = Or(asked, "InstanceRole", "MASTER");
  group["InstanceType"] = Or(asked, "InstanceType", "");
  group["RequestedInstanceCount"] = count;
  // All of the cluster is one process: it counts as the master.
  bool master = group["InstanceGroupType"] == "MASTER" && cluster.state == ClusterState::kRunning;
  group["RunningInstanceCount"] = master ? 1 : 0;
  group["Status"] = std::move(status);
  return group;
}

}  // namespace

std::string ClusterArn(const Cluster& cluster) {
  return fmt::format("arn:aws:elasticmapreduce:{}:{}:cluster/{}", cluster.region, cluster.account,
                     cluster.id);
}

json::Object ClusterSummaryJson(const Cluster& cluster) {
  json::Object out;
  out["Id"] = cluster.id;
  out["Name"] = Or(cluster.request, "Name", "");
  out["Status"] = StatusJson(cluster);
  out["NormalizedInstanceHours"] = 0;
  out["ClusterArn"] = ClusterArn(cluster);
  return out;
}

json::Object ClusterJson(const Cluster& cluster) {
  json::Object out = ClusterSummaryJson(cluster);
  constexpr std::string_view kEchoed[] = {"LogUri",
                                          "ReleaseLabel",
                                          "ServiceRole",
                                          "SecurityConfiguration",
                                          "Applications",
                                          "Tags",
                                          "Configurations",
                                          "VisibleToAllUsers",
                                          "AmiVersion",
                                          "ScaleDownBehavior",
                                          "EbsRootVolumeSize",
                                          "CustomAmiId"};
  for (std::string_view key : kEchoed) {
    if (const json::Value* value = json::Find(cluster.request, key)) {
      out[key == "AmiVersion" ? std::string_view("RequestedAmiVersion") : key] = *value;
    }
  }
  if (!out.contains("Tags")) out["Tags"] = json::Array();
  if (!out.contains("Applications")) out["Applications"] = json::Array();
  const json::Object& instances = InstancesOf(cluster);
  out["InstanceCollectionType"] = "INSTANCE_GROUP";
  bool keep_alive = Or(instances, "KeepJobFlowAliveWhenNoSteps", false) == json::Value(true);
  out["AutoTerminate"] = !keep_alive;
  out["TerminationProtected"] = Or(instances, "TerminationProtected", false);
  json::Object ec2;
  if (const json::Value* profile = json::Find(cluster.request, "JobFlowRole"))
    ec2["IamInstanceProfile"] = *profile;
  if (const json::Value* key = json::Find(instances, "Ec2KeyName")) ec2["Ec2KeyName"] = *key;
  if (const json::Value* subnet = json::Find(instances, "Ec2SubnetId"))
    ec2["Ec2SubnetId"] = *subnet;
  out["Ec2InstanceAttributes"] = std::move(ec2);
  out["MasterPublicDnsName"] = "localhost";
  out["StepConcurrencyLevel"] = Or(cluster.request, "StepConcurrencyLevel", 1);
  return out;
}

json::Object StepJson(const Step& step) {
  json::Object config, reason, timeline, status, out;
  config["Jar"] = step.jar;
  config["Properties"] = json::Object();
  config["Args"] = json::Array(step.arguments.begin(), step.arguments.end());
  PutTime(timeline, "CreationDateTime", step.created_at);
  PutTime(timeline, "StartDateTime", step.started_at);
  PutTime(timeline, "EndDateTime", step.ended_at);
  status["State"] = StepStateName(step.state);
  status["StateChangeReason"] = std::move(reason);
  if (!step.failure.empty()) {
    json::Object failure;
    failure["Reason"] = "Unsupported step";
    failure["Message"] = step.failure;
    status["FailureDetails"] = std::move(failure);
  }
  status["Timeline"] = std::move(timeline);
  out["Id"] = step.id;
  out["Name"] = step.name;
  out["Config"] = std::move(config);
  out["ActionOnFailure"] = step.action_on_failure;
  out["Status"] = std::move(status);
  return out;
}

json::Array InstanceGroupsJson(const Cluster& cluster) {
  const json::Object& instances = InstancesOf(cluster);
  json::Array groups;
  if (const json::Value* asked = json::Find(instances, "InstanceGroups");
      asked != nullptr && asked->is_array()) {
    for (const json::Value& group : asked->get_array()) {
      if (group.is_object())
        groups.push_back(InstanceGroupJson(cluster, group.get_object(), groups.size()));
    }
    return groups;
  }
  // The short form: one type for the master, one for the others, a count of all.
  const json::Value* count = json::Find(instances, "InstanceCount");
  int64_t all = count != nullptr && count->is_int64() ? count->get_int64() : 1;
  json::Object master;
  master["InstanceRole"] = "MASTER";
  master["InstanceType"] = Or(instances, "MasterInstanceType", "");
  groups.push_back(InstanceGroupJson(cluster, master, 0));
  if (all > 1) {
    json::Object core;
    core["InstanceRole"] = "CORE";
    core["InstanceType"] = Or(instances, "SlaveInstanceType", "");
    core["InstanceCount"] = all - 1;
    groups.push_back(InstanceGroupJson(cluster, core, 1));
  }
  return groups;
}

json::Array BootstrapActionsJson(const Cluster& cluster) {
  json::Array actions;
  const json::Value* asked = json::Find(cluster.request, "BootstrapActions");
  if (asked == nullptr || !asked->is_array()) return actions;
  for (const json::Value& entry : asked->get_array()) {
    if (!entry.is_object()) continue;
    json::Object action;
    action["Name"] = Or(entry.get_object(), "Name", "");
    const json::Value* script = json::Find(entry.get_object(), "ScriptBootstrapAction");
    if (script != nullptr && script->is_object()) {
      action["ScriptPath"] = Or(script->get_object(), "Path", "");
      action["Args"] = Or(script->get_object(), "Args", json::Array());
    }
    actions.push_back(std::move(action));
  }
  return actions;
}

}  // namespace penstock::emr
