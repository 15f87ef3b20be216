// What the clients of JSON services have in common: an operation's name and the request's JSON text
// in, the answer's JSON text out. Bulk callers write and read the texts without a tree in between.
#pragma once

#include "aws/service_client.h"

namespace penstock {

/// How one service's operations are called. Value type; the views are of constants.
struct JsonService {
  std::string_view signing_name;   // "dynamodb"
  std::string_view target_prefix;  // "DynamoDB_20120810": X-Amz-Target is <prefix>.<operation>
  std::string_view version;        // "1.0": of the protocol
};
inline constexpr JsonService kDataPipelineService{"datapipeline", "DataPipeline", "1.1"};
inline constexpr JsonService kDynamoDbService{"dynamodb", "DynamoDB_20120810", "1.0"};
inline constexpr JsonService kEmrService{"elasticmapreduce", "ElasticMapReduce", "1.1"};

/// Thread-safe. Owns nothing of what it points to.
class JsonServiceClient {
 public:
  JsonServiceClient(const JsonService& service, ClientContext context, ServiceEndpoint endpoint)
      : service_(service), context_(context), endpoint_(std::move(endpoint)) {}

  /// One operation. The answer is empty for operations without an output; it may stay out for
  /// `silence_max` (Data Pipeline's PollForTask is held for up to 90 s).
  CallResult<std::string> Call(std::string_view operation, std::string_view body,
                               RetryPolicy retry = RetryPolicy::kStandard,
                               std::stop_token stop = {},
                               Duration silence_max = Duration(120'000)) const;

  const ServiceEndpoint& endpoint() const { return endpoint_; }

 private:
  JsonService service_;
  ClientContext context_;
  ServiceEndpoint endpoint_;
};

}  // namespace penstock
