#include "aws/json_service_client.h"

namespace penstock {

CallResult<std::string> JsonServiceClient::Call(std::string_view operation, std::string_view body,
                                                RetryPolicy retry, std::stop_token stop,
                                                Duration silence_max) const {
  ServiceCall call =
      JsonCall(service_.signing_name, service_.target_prefix, service_.version, operation, body);
  call.timeout = silence_max;
  ASSIGN_OR_RETURN(HttpResponse response,
                   CallService(context_, endpoint_, call, retry, nullptr, std::move(stop)));
  return std::move(response.body);
}

}  // namespace penstock
