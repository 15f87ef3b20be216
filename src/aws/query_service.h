// What every service of the query protocol does around its operations: reads the parameters, and
// wraps the result as <ActionResponse><ActionResult>…</ActionResult><ResponseMetadata>… .
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/query_protocol.h"
#include "aws/xml_writer.h"
#include "ports/http.h"

namespace penstock {

/// The parameters of a request, in its URL and its body. An error of type `fault` (400) if the body
/// has more than `size_max` bytes or anything is not UTF-8.
ApiResult<QueryParameters> ReadQuery(const HttpRequest& request, BodySource& body,
                                     uint64_t size_max, std::string_view fault);

/// How the answer to an action is wrapped.
struct QueryEnvelope {
  std::string_view action;
  std::string_view xmlns;
  bool has_result = true;  // some actions answer without <…Result>
};

/// Answers with what `write_result` writes, or with its error.
void AnswerQuery(const HttpRequest& request, const QueryEnvelope& envelope,
                 const std::function<ApiResult<void>(XmlWriter& result)>& write_result,
                 Responder& responder);

/// Answers with an error.
void FailQuery(const HttpRequest& request, const ApiError& error, Responder& responder);

/// For a request that nobody signed.
ApiError MissingAuthenticationToken();

}  // namespace penstock
