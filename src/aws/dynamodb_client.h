// DynamoDB (2012-08-10, JSON 1.0). Bodies are JSON texts: bulk callers write and read them without
// a tree in between.
#pragma once

#include "aws/service_client.h"

namespace penstock {

/// Thread-safe. Owns nothing of what it points to.
class DynamoDbClient {
 public:
  DynamoDbClient(ClientContext context, ServiceEndpoint endpoint);

  /// One operation ("Scan", "BatchWriteItem", …): the request's JSON text in, the answer's JSON
  /// text out.
  CallResult<std::string> Call(std::string_view operation, std::string body,
                               RetryPolicy retry = RetryPolicy::kStandard,
                               std::stop_token stop = {}) const;

  const ServiceEndpoint& endpoint() const { return endpoint_; }

 private:
  ClientContext context_;
  ServiceEndpoint endpoint_;
};

}  // namespace penstock
