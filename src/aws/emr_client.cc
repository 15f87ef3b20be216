#include "aws/emr_client.h"

namespace penstock {

EmrClient::EmrClient(ClientContext context, ServiceEndpoint endpoint)
    : context_(context), endpoint_(std::move(endpoint)) {}

CallResult<std::string> EmrClient::Call(std::string_view operation, std::string_view body,
                                        RetryPolicy retry, std::stop_token stop,
                                        Duration silence_max) const {
  ServiceCall call = JsonCall("elasticmapreduce", "ElasticMapReduce", "1.1", operation, body);
  call.timeout = silence_max;
  ASSIGN_OR_RETURN(HttpResponse response,
                   CallService(context_, endpoint_, call, retry, nullptr, std::move(stop)));
  return std::move(response.body);
}

}  // namespace penstock
