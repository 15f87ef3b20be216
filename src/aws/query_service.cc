#include "aws/query_service.h"

#include "aws/error_response.h"

namespace penstock {

ApiResult<QueryParameters> ReadQuery(const HttpRequest& request, BodySource& body,
                                     uint64_t size_max, std::string_view fault) {
  Result<std::string> text = ReadAll(body, size_max);
  if (!text) return ApiError{std::string(fault), text.error().message, 400, {}};
  QueryParameters parameters(request.RawQuery(), *text);
  if (!parameters.IsUtf8())
    return ApiError{std::string(fault), "The parameters are not UTF-8", 400, {}};
  return parameters;
}

void AnswerQuery(const HttpRequest& request, const QueryEnvelope& envelope,
                 const std::function<ApiResult<void>(XmlWriter& result)>& write_result,
                 Responder& responder) {
  const std::string action(envelope.action);
  XmlWriter xml;
  xml.Open(action + "Response", envelope.xmlns);
  if (envelope.has_result) xml.Open(action + "Result");
  ApiResult<void> written = write_result(xml);
  if (!written) return FailQuery(request, written.error(), responder);
  if (envelope.has_result) xml.Close();
  xml.Open("ResponseMetadata");
  xml.Element("RequestId", request.request_id);
  xml.Close();
  xml.Close();
  responder.Respond(XmlResponse(WireProtocol::kQuery, 200, std::move(xml).Finish(), request));
}

void FailQuery(const HttpRequest& request, const ApiError& error, Responder& responder) {
  responder.Respond(ErrorResponse(error, WireProtocol::kQuery, request));
}

ApiError MissingAuthenticationToken() {
  return {"MissingAuthenticationToken", "Request is missing Authentication Token", 403, {}};
}

}  // namespace penstock
