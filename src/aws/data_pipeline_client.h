// Data Pipeline (2012-10-29, JSON 1.1): PollForTask, ReportTaskProgress, SetTaskStatus and the
// rest.
#pragma once

#include "aws/service_client.h"

namespace penstock {

/// Thread-safe. Owns nothing of what it points to.
class DataPipelineClient {
 public:
  DataPipelineClient(ClientContext context, ServiceEndpoint endpoint);

  /// One operation: the request's JSON text in, the answer's JSON text out (empty for operations
  /// without an output). An answer may stay out for `silence_max` (PollForTask is held for up to 90
  /// s).
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
