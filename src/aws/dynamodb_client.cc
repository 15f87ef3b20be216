#include "aws/dynamodb_client.h"

namespace penstock {

DynamoDbClient::DynamoDbClient(ClientContext context, ServiceEndpoint endpoint)
    : context_(context), endpoint_(std::move(endpoint)) {}

CallResult<std::string> DynamoDbClient::Call(std::string_view operation, std::string body,
                                             RetryPolicy retry, std::stop_token stop) const {
  ServiceCall call = JsonCall("dynamodb", "DynamoDB_20120810", "1.0", operation, body);
  ASSIGN_OR_RETURN(HttpResponse response,
                   CallService(context_, endpoint_, call, retry, nullptr, std::move(stop)));
  return std::move(response.body);
}

}  // namespace penstock
