// EmrCluster through the EMR API and nothing else, so that AWS's EMR works with the same code as
// ours. The cluster's first step is `command-runner.jar penstock worker --worker-group <name>`: on
// AWS its machines need `penstock` in PATH, which a bootstrapAction of the object installs.
#pragma once

#include "activities/resource.h"
#include "aws/emr_client.h"
#include "json/json.h"

namespace penstock {

class EmrCluster : public Resource {
 public:
  /// Looks for a cluster of that name before it makes one, so that a repeat after a crash makes no
  /// second.
  Result<ResourceReport> Launch(const ResourceRequest& request, const ResourceContext& context,
                                std::stop_token stop) override;
  Result<ResourceReport> Look(const ResourceRequest& request, const ResourceContext& context,
                              std::stop_token stop) override;
  /// Finds it by its @resourceId if the object has that field, else by its name among all that have
  /// not ended.
  Result<ResourceReport> Terminate(const ResourceRequest& request, const ResourceContext& context,
                                   std::stop_token stop) override;
};

/// The RunJobFlow request that an EmrCluster object means. Pure.
Result<json::Object> RunJobFlowRequest(const ResourceRequest& request,
                                       const std::string& endpoint_url);

}  // namespace penstock
