// Data Pipeline (2012-10-29, JSON 1.1): PollForTask, ReportTaskProgress, SetTaskStatus and the
// rest.
#pragma once

#include "aws/json_service_client.h"

namespace penstock {

class DataPipelineClient : public JsonServiceClient {
 public:
  DataPipelineClient(ClientContext context, ServiceEndpoint endpoint)
      : JsonServiceClient(kDataPipelineService, context, std::move(endpoint)) {}
};

}  // namespace penstock
