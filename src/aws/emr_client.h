// EMR (2009-03-31, JSON 1.1): RunJobFlow, DescribeCluster, ListClusters, AddJobFlowSteps,
// DescribeStep, TerminateJobFlows and the rest.
#pragma once

#include "aws/json_service_client.h"

namespace penstock {

class EmrClient : public JsonServiceClient {
 public:
  EmrClient(ClientContext context, ServiceEndpoint endpoint)
      : JsonServiceClient(kEmrService, context, std::move(endpoint)) {}
};

}  // namespace penstock
