// Clusters and steps as EMR's API describes them (shapes Cluster, ClusterSummary, Step, StepSummary
// of 2009-03-31).
#pragma once

#include "json/json.h"
#include "local/emr/cluster.h"

namespace penstock::emr {

std::string ClusterArn(const Cluster& cluster);
json::Object ClusterJson(const Cluster& cluster);
json::Object ClusterSummaryJson(const Cluster& cluster);
json::Object StepJson(const Step& step);
/// The instance groups that the cluster was asked for; either form of RunJobFlow's Instances.
json::Array InstanceGroupsJson(const Cluster& cluster);
json::Array BootstrapActionsJson(const Cluster& cluster);

}  // namespace penstock::emr
