// ApiError -> bytes, in each protocol that AWS clients speak: the one place where an error takes
// its wire form. Pure.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "ports/http.h"

namespace penstock {

enum class WireProtocol {
  kJson10,   // application/x-amz-json-1.0: DynamoDB (with x-amz-crc32)
  kJson11,   // application/x-amz-json-1.1: Data Pipeline, EMR
  kRestXml,  // S3
  kQuery,    // form in, XML out: SNS, IAM, STS
  kCbor,     // Smithy RPC v2: CloudWatch
};

/// The answer that carries `error`. Takes from `request` its id, its path (S3's <Resource>) and
/// whether it is a HEAD, whose answers have no body.
///
/// JSON: {"__type", "message", details…}; no "message" if it is empty (errors that have "Message"
/// give it as a detail). S3: <Error> without a name space, the details between <Message> and
/// <RequestId>. Query: <ErrorResponse>.
HttpResponse ErrorResponse(const ApiError& error, WireProtocol protocol,
                           const HttpRequest& request);

/// A success of a JSON service: content type, x-amzn-RequestId, and for JSON 1.0 x-amz-crc32. An
/// empty `body` stays empty (operations without an output shape).
HttpResponse JsonResponse(WireProtocol protocol, std::string body, const HttpRequest& request);

/// A success of S3 or a query service: content type and request id.
HttpResponse XmlResponse(WireProtocol protocol, int status, std::string body,
                         const HttpRequest& request);

/// Adds the protocol's request id headers where they are not there yet.
void AddRequestId(Headers& headers, WireProtocol protocol, std::string_view request_id);

}  // namespace penstock
