// EMR (2009-03-31, JSON 1.1): RunJobFlow, DescribeCluster, ListClusters, AddJobFlowSteps,
// DescribeStep, TerminateJobFlows and the rest.
#pragma once

#include "aws/service_client.h"

namespace penstock {

/// Thread-safe. Owns nothing of what it points to.
class EmrClient {
 public:
  EmrClient(ClientContext context, ServiceEndpoint endpoint);

  /// One operation: the request's JSON text in, the answer's JSON text out (empty for operations
  /// without an output). An answer may stay out for `silence_max`.
  CallResult<std::string> Call(std::string_view operation, std::string_view body,
                               RetryPolicy retry = RetryPolicy::kStandard,
                               std::stop_token stop = {},
                               Duration silence_max = Duration(120'000)) const;

  const ServiceEndpoint& endpoint() const { return endpoint_; }

 private:
  ClientContext context_;
  ServiceEndpoint endpoint_;
};

}  // namespace penstock
