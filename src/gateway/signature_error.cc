#include "gateway/signature_error.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr std::string_view kServiceMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key "
    "and signing method. Consult the service documentation for details.";

// One fault has a name in the JSON services and another, with another status, in the query
// services.
struct Names {
  std::string_view json;
  std::string_view query;
  int query_http;
};
constexpr Names kMissingToken{"MissingAuthenticationTokenException", "MissingAuthenticationToken",
                              403};
constexpr Names kIncomplete{"IncompleteSignatureException", "IncompleteSignature", 400};
constexpr Names kInvalid{"InvalidSignatureException", "SignatureDoesNotMatch", 403};
constexpr Names kUnrecognized{"UnrecognizedClientException", "InvalidClientTokenId", 403};
constexpr Names kExpiredToken{"ExpiredTokenException", "ExpiredToken", 403};
constexpr Names kRequestExpired{"InvalidSignatureException", "RequestExpired", 400};

ApiError Coral(const SignatureErrorContext& context, const Names& names, std::string message) {
  if (context.protocol == WireProtocol::kQuery) {
    return {std::string(names.query), std::move(message), names.query_http, {}};
  }
  // Only DynamoDB spells out the name space; boto2 compares Data Pipeline's whole type with the
  // bare name.
  std::string prefix = context.service == "dynamodb" ? "com.amazon.coral.service#" : "";
  return {prefix + std::string(names.json), std::move(message), 400, {}};
}

ApiError CoralSignatureError(const SignatureErrorContext& context, const SignatureFault& fault) {
  switch (fault.problem) {
    case SignatureProblem::kMissing:
    case SignatureProblem::kUnsupportedType:
      return Coral(context, kMissingToken, "Request is missing Authentication Token");
    case SignatureProblem::kTwoSignatures:
      return Coral(context, kInvalid,
                   "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as "
                   "HTTP header.");
    case SignatureProblem::kUnsupportedAlgorithm:
      return Coral(
          context, kIncomplete,
          fmt::format("Unsupported AWS 'algorithm': '{}' (only AWS4-HMAC-SHA256 for now). ",
                      fault.detail));
    case SignatureProblem::kIncomplete:
    case SignatureProblem::kNoDate:
      return Coral(context, kIncomplete, fault.detail);
    case SignatureProblem::kBadDate:
      return Coral(context, kIncomplete,
                   fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                               "http://en.wikipedia.org/wiki/ISO_8601",
                               fault.detail));
    case SignatureProblem::kBadCredential:
      return Coral(context, kIncomplete,
                   fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                               "keyid/date/region/service/term, got '{}'",
                               fault.detail));
    case SignatureProblem::kBadScope:
      return Coral(context, kInvalid, fault.detail);
    case SignatureProblem::kBadExpires:
      return Coral(context, kIncomplete, fault.detail);
    case SignatureProblem::kHostNotSigned:
      return Coral(context, kInvalid, "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    case SignatureProblem::kUnsignedHeaders:
      return Coral(context, kInvalid, "These headers must be signed: " + fault.detail);
    case SignatureProblem::kTooEarly:
    case SignatureProblem::kTooOld:
      return Coral(context, kInvalid, fault.detail);
    case SignatureProblem::kExpired:
      return Coral(context, kRequestExpired, fault.detail);
    case SignatureProblem::kMismatch:
      return Coral(
          context, kInvalid,
          fmt::format("{}\n\nThe Canonical String for this request should have been\n'{}'\n\nThe "
                      "String-to-Sign should have been\n'{}'\n",
                      kServiceMismatch, fault.canonical_request, fault.string_to_sign));
  }
  return Coral(context, kInvalid, std::string(kServiceMismatch));
}

std::string SpacedHex(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i)
    out += fmt::format("{}{:02x}", i == 0 ? "" : " ", uint8_t(bytes[i]));
  return out;
}

ApiError S3InvalidArgument(std::string message, std::string value) {
  return {"InvalidArgument",
          std::move(message),
          400,
          {{"ArgumentName", "Authorization"}, {"ArgumentValue", std::move(value)}}};
}

ApiError S3Malformed(bool query, std::string message) {
  if (query) return {"AuthorizationQueryParametersError", std::move(message), 400, {}};
  return {"AuthorizationHeaderMalformed",
          "The authorization header is malformed; " + std::move(message),
          400,
          {}};
}

ApiError S3Skewed(const SignatureErrorContext& context, const SignatureClaim* claim) {
  ApiError error{"RequestTimeTooSkewed",
                 "The difference between the request time and the current time is too large.",
                 403,
                 {}};
  if (claim != nullptr) error.details.emplace_back("RequestTime", FormatAmzDate(claim->signed_at));
  error.details.emplace_back("ServerTime", FormatIsoMillis(context.now));
  error.details.emplace_back("MaxAllowedSkewMilliseconds",
                             std::to_string(kSignatureSkewMax.count()));
  return error;
}

ApiError S3SignatureError(const SignatureErrorContext& context, const SignatureFault& fault,
                          const SignatureClaim* claim) {
  bool query = context.request.RawQuery().find("X-Amz-Algorithm=") != std::string_view::npos;
  switch (fault.problem) {
    case SignatureProblem::kMissing:
      return {"AccessDenied", "Access Denied", 403, {}};
    case SignatureProblem::kUnsupportedType:
      return S3InvalidArgument("Unsupported Authorization Type", fault.detail);
    case SignatureProblem::kTwoSignatures:
      return S3InvalidArgument(
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
          "query string parameter "
          "or the Authorization header should be specified",
          fault.detail);
    case SignatureProblem::kUnsupportedAlgorithm:
      if (query) {
        return S3Malformed(
            true, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"");
      }
      return S3InvalidArgument(
          "Unsupported Authorization Type",
          std::string(context.request.headers.Get("authorization").value_or("")));
    case SignatureProblem::kIncomplete:
      return S3Malformed(
          query, query ? "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                         "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                         "X-Amz-Expires parameters."
                       : fault.detail);
    case SignatureProblem::kNoDate:
      return {
          "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403, {}};
    case SignatureProblem::kBadDate:
      if (query)
        return S3Malformed(
            true, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
      return {
          "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403, {}};
    case SignatureProblem::kBadCredential:
      return S3Malformed(
          query, fmt::format("{}the Credential is mal-formed; expecting "
                             "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
                             query ? "Error parsing the X-Amz-Credential parameter; " : ""));
    case SignatureProblem::kBadScope:
      return S3Malformed(query, fault.detail);
    case SignatureProblem::kBadExpires:
      if (!query)
        return {
            "AccessDenied", "Invalid date (should be seconds since epoch): see Expires", 403, {}};
      return S3Malformed(true, fault.detail);
    case SignatureProblem::kHostNotSigned:
      return {"AccessDenied",
              "There were headers present in the request which were not signed",
              403,
              {{"HeadersNotSigned", "host"}}};
    case SignatureProblem::kUnsignedHeaders:
      return {"AccessDenied",
              "There were headers present in the request which were not signed",
              403,
              {{"HeadersNotSigned", fault.detail}}};
    case SignatureProblem::kTooEarly:
      if (query) return {"AccessDenied", "Request is not valid yet", 403, {}};
      return S3Skewed(context, claim);
    case SignatureProblem::kTooOld:
      return S3Skewed(context, claim);
    case SignatureProblem::kExpired: {
      ApiError error{"AccessDenied", "Request has expired", 403, {}};
      if (claim != nullptr && claim->kind == SignatureKind::kQueryV4) {
        error.details.emplace_back("X-Amz-Expires", claim->expires_text);
      }
      if (claim != nullptr && claim->expires_at) {
        error.details.emplace_back("Expires", FormatDateTime(*claim->expires_at) + "Z");
      }
      error.details.emplace_back("ServerTime", FormatDateTime(context.now) + "Z");
      return error;
    }
    case SignatureProblem::kMismatch:
      break;
  }
  ApiError error{"SignatureDoesNotMatch",
                 "The request signature we calculated does not match the signature you provided. "
                 "Check your key and "
                 "signing method.",
                 403,
                 {}};
  if (claim != nullptr) error.details.emplace_back("AWSAccessKeyId", claim->access_key_id);
  error.details.emplace_back("StringToSign", fault.string_to_sign);
  if (claim != nullptr) error.details.emplace_back("SignatureProvided", claim->signature);
  error.details.emplace_back("StringToSignBytes", SpacedHex(fault.string_to_sign));
  if (!fault.canonical_request.empty()) {
    error.details.emplace_back("CanonicalRequest", fault.canonical_request);
    error.details.emplace_back("CanonicalRequestBytes", SpacedHex(fault.canonical_request));
  }
  return error;
}

bool IsS3(const SignatureErrorContext& context) {
  return context.protocol == WireProtocol::kRestXml;
}

}  // namespace

ApiError SignatureError(const SignatureErrorContext& context, const SignatureFault& fault,
                        const SignatureClaim* claim) {
  return IsS3(context) ? S3SignatureError(context, fault, claim)
                       : CoralSignatureError(context, fault);
}

ApiError UnknownKeyError(const SignatureErrorContext& context, std::string_view access_key_id) {
  if (IsS3(context)) {
    return {"InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
            {{"AWSAccessKeyId", std::string(access_key_id)}}};
  }
  return Coral(context, kUnrecognized, "The security token included in the request is invalid.");
}

ApiError SessionTokenError(const SignatureErrorContext& context, std::string_view session_token) {
  if (IsS3(context)) {
    return {"InvalidToken",
            "The provided token is malformed or otherwise invalid.",
            400,
            {{"Token-0", std::string(session_token)}}};
  }
  return Coral(context, kUnrecognized, "The security token included in the request is invalid");
}

ApiError ExpiredKeyError(const SignatureErrorContext& context, std::string_view session_token) {
  if (IsS3(context)) {
    return {"ExpiredToken",
            "The provided token has expired.",
            400,
            {{"Token-0", std::string(session_token)}}};
  }
  return Coral(context, kExpiredToken, "The security token included in the request is expired");
}

ApiError WrongServiceError(const SignatureErrorContext& context, std::string_view scope_service) {
  if (IsS3(context)) {
    return S3Malformed(false,
                       fmt::format("incorrect service \"{}\". This endpoint belongs to \"{}\".",
                                   scope_service, context.service));
  }
  return Coral(
      context, kInvalid,
      fmt::format("Credential should be scoped to correct service: '{}'. ", context.service));
}

}  // namespace penstock
