// What a caller is told when its signature does not do, in the words that the addressed AWS service
// itself uses. Pure.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/error_response.h"
#include "aws/signature_check.h"

namespace penstock {

/// Who is asked, and for what request.
struct SignatureErrorContext {
  std::string_view service;  // signing name
  WireProtocol protocol;
  const HttpRequest& request;
  Instant now;
};

/// `claim`: what could be read of it, or nullptr.
ApiError SignatureError(const SignatureErrorContext& context, const SignatureFault& fault,
                        const SignatureClaim* claim);
/// No such access key.
ApiError UnknownKeyError(const SignatureErrorContext& context, std::string_view access_key_id);
/// A session token that is missing, wrong, or given with a permanent key.
ApiError SessionTokenError(const SignatureErrorContext& context, std::string_view session_token);
/// A temporary key past its time.
ApiError ExpiredKeyError(const SignatureErrorContext& context, std::string_view session_token);
/// The scope names another service than the request is for.
ApiError WrongServiceError(const SignatureErrorContext& context, std::string_view scope_service);

}  // namespace penstock
