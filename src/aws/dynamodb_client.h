// DynamoDB (2012-08-10, JSON 1.0).
#pragma once

#include "aws/json_service_client.h"

namespace penstock {

class DynamoDbClient : public JsonServiceClient {
 public:
  DynamoDbClient(ClientContext context, ServiceEndpoint endpoint)
      : JsonServiceClient(kDynamoDbService, context, std::move(endpoint)) {}
};

}  // namespace penstock
