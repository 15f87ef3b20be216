#include "aws/signature_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "aws/form_upload.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

// A server sees few secrets, regions and services a day; past this many, somebody plays games with
// scopes.

using Parameters = std::map<std::string, std::string>;

SignatureFault Fault(SignatureProblem problem, std::string detail = {}) {
  return {problem, std::move(detail)};
}

// First value of each key: what AWS reads of a repeated one.
Parameters QueryOf(const HttpRequest& request) {
  Parameters query;
  for (auto& [key, value] : ParseQuery(request.RawQuery()))
    query.emplace(std::move(key), std::move(value));
  return query;
}

std::string Get(const Parameters& parameters, const std::string& key) {
  auto found = parameters.find(key);
  return found == parameters.end() ? std::string() : found->second;
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  auto value = request.headers.Get(name);
  return value ? std::string(Trim(*value)) : std::string();
}

std::vector<std::string> SortedNames(std::string_view list) {
  std::vector<std::string> names;
  for (std::string_view name : Split(list, ';')) {
    if (!name.empty()) names.push_back(AsciiLower(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// The id may itself contain slashes (it is opaque): the last four parts are the scope's.
std::optional<std::vector<std::string_view>> CredentialParts(std::string_view credential) {
  while (credential.ends_with('/')) credential.remove_suffix(1);
  std::vector<std::string_view> parts = Split(credential, '/');
  if (parts.size() != 5 || parts[0].empty()) return std::nullopt;
  return parts;
}

Result<void, SignatureFault> ReadCredential(SignatureClaim& claim, std::string_view credential) {
  auto parts = CredentialParts(credential);
  if (!parts) return Fault(SignatureProblem::kBadCredential, std::string(credential));
  claim.access_key_id = (*parts)[0];
  claim.scope = {std::string((*parts)[1]), std::string((*parts)[2]), std::string((*parts)[3])};
  std::string detail;
  if ((*parts)[4] != kScopeTerminator) {
    detail = fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'. ",
                         kScopeTerminator, (*parts)[4]);
  }
  std::string_view day = std::string_view(claim.date_text).substr(0, 8);
  if (claim.scope.date != day) {
    detail += fmt::format(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'{}' != '{}', from "
        "'{}'. ",
        claim.scope.date, day, claim.date_text);
  }
  if (detail.empty()) return {};
  detail.pop_back();
  return Fault(SignatureProblem::kBadScope, std::move(detail));
}

Result<void, SignatureFault> ReadDate(SignatureClaim& claim, std::string_view text,
                                      bool http_date) {
  std::optional<Instant> at = ParseAmzDate(text);
  if (!at && http_date) at = ParseHttpDate(text);
  if (!at && http_date) at = ParseIso(text);
  if (!at) return Fault(SignatureProblem::kBadDate, std::string(text));
  claim.signed_at = *at;
  claim.date_text = FormatAmzDate(*at);
  return {};
}

bool SignsHost(const SignatureClaim& claim) {
  return std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(), "host");
}

// "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…": any order, comma with or without a
// blank.
Parameters AuthorizationParts(std::string_view parts_text) {
  Parameters parts;
  for (std::string_view piece : Split(parts_text, ',')) {
    piece = Trim(piece);
    size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    parts.emplace(Trim(piece.substr(0, equals)), Trim(piece.substr(equals + 1)));
  }
  return parts;
}

Result<SignatureClaim, SignatureFault> ReadHeaderV4(const HttpRequest& request,
                                                    std::string_view authorization) {
  size_t blank = authorization.find_first_of(" \t");
  std::string_view algorithm = authorization.substr(0, blank);
  Parameters parts =
      AuthorizationParts(blank == std::string_view::npos ? "" : authorization.substr(blank));
  std::string missing;
  for (const char* name : {"Credential", "Signature", "SignedHeaders"}) {
    if (Get(parts, name).empty())
      missing += fmt::format("Authorization header requires '{}' parameter. ", name);
  }
  std::string amz_date = HeaderOf(request, "x-amz-date");
  std::string date = amz_date.empty() ? HeaderOf(request, "date") : amz_date;
  if (date.empty()) {
    std::string no_date =
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    if (missing.empty()) {
      return Fault(SignatureProblem::kNoDate,
                   fmt::format("{}Authorization={}", no_date, authorization));
    }
    missing += no_date;
  }
  if (!missing.empty()) {
    return Fault(SignatureProblem::kIncomplete,
                 fmt::format("{}Authorization={}", missing, authorization));
  }
  SignatureClaim claim;
  claim.kind = SignatureKind::kHeaderV4;
  claim.signature = Get(parts, "Signature");
  claim.signed_headers = SortedNames(Get(parts, "SignedHeaders"));
  claim.session_token = HeaderOf(request, "x-amz-security-token");
  RETURN_IF_ERROR(ReadDate(claim, date, /*http_date=*/amz_date.empty()));
  if (!SignsHost(claim)) return Fault(SignatureProblem::kHostNotSigned);
  if (algorithm != kSigV4Algorithm)
    return Fault(SignatureProblem::kUnsupportedAlgorithm, std::string(algorithm));
  RETURN_IF_ERROR(ReadCredential(claim, Get(parts, "Credential")));
  return claim;
}

Result<SignatureClaim, SignatureFault> ReadQueryV4(const Parameters& query) {
  std::string missing;
  for (const char* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature",
                           "X-Amz-SignedHeaders", "X-Amz-Date"}) {
    if (Get(query, name).empty())
      missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
  }
  if (!missing.empty()) {
    return Fault(SignatureProblem::kIncomplete,
                 missing + "Re-examine the query-string parameters.");
  }
  SignatureClaim claim;
  claim.kind = SignatureKind::kQueryV4;
  claim.signature = Get(query, "X-Amz-Signature");
  claim.signed_headers = SortedNames(Get(query, "X-Amz-SignedHeaders"));
  claim.session_token = Get(query, "X-Amz-Security-Token");
  RETURN_IF_ERROR(ReadDate(claim, Get(query, "X-Amz-Date"), /*http_date=*/false));
  if (!SignsHost(claim)) return Fault(SignatureProblem::kHostNotSigned);
  if (Get(query, "X-Amz-Algorithm") != kSigV4Algorithm) {
    return Fault(SignatureProblem::kUnsupportedAlgorithm, Get(query, "X-Amz-Algorithm"));
  }
  RETURN_IF_ERROR(ReadCredential(claim, Get(query, "X-Amz-Credential")));

  claim.expires_text = Get(query, "X-Amz-Expires");
  if (claim.expires_text.empty() && claim.scope.service != "s3") {
    // Other services' presigned requests live as long as the clock may be off.
    claim.expires_at = claim.signed_at + kSignatureSkewMax;
    return claim;
  }
  std::optional<int64_t> seconds = ParseInt64(claim.expires_text);
  if (!seconds) return Fault(SignatureProblem::kBadExpires, "X-Amz-Expires should be a number");
  if (*seconds < 0)
    return Fault(SignatureProblem::kBadExpires, "X-Amz-Expires must be non-negative");
  if (*seconds == 0)
    return Fault(SignatureProblem::kBadExpires, "X-Amz-Expires must be greater than zero");
  if (*seconds > kPresignExpiresMaxSeconds) {
    return Fault(SignatureProblem::kBadExpires,
                 "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                 "X-Amz-Expires must be less "
                 "than 604800 seconds");
  }
  claim.expires_at = claim.signed_at + std::chrono::seconds(*seconds);
  return claim;
}

Result<SignatureClaim, SignatureFault> ReadHeaderV2(const HttpRequest& request,
                                                    std::string_view authorization) {
  std::string_view pair = Trim(authorization.substr(4));
  size_t colon = pair.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == pair.size()) {
    return Fault(SignatureProblem::kBadCredential, std::string(pair));
  }
  SignatureClaim claim;
  claim.kind = SignatureKind::kHeaderV2;
  claim.scope.service = "s3";
  claim.access_key_id = pair.substr(0, colon);
  claim.signature = pair.substr(colon + 1);
  claim.session_token = HeaderOf(request, "x-amz-security-token");
  std::string amz_date = HeaderOf(request, "x-amz-date"), date = HeaderOf(request, "date");
  if (amz_date.empty() && date.empty()) return Fault(SignatureProblem::kNoDate);
  RETURN_IF_ERROR(ReadDate(claim, amz_date.empty() ? date : amz_date, /*http_date=*/true));
  claim.date_text = amz_date.empty() ? date : "";  // x-amz-date is signed as a header instead
  return claim;
}

Result<SignatureClaim, SignatureFault> ReadQueryV2(const Parameters& query) {
  std::string missing;
  for (const char* name : {"AWSAccessKeyId", "Signature", "Expires"}) {
    if (Get(query, name).empty())
      missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
  }
  if (!missing.empty()) {
    return Fault(SignatureProblem::kIncomplete,
                 missing + "Re-examine the query-string parameters.");
  }
  SignatureClaim claim;
  claim.kind = SignatureKind::kQueryV2;
  claim.scope.service = "s3";
  claim.access_key_id = Get(query, "AWSAccessKeyId");
  claim.signature = Get(query, "Signature");
  claim.date_text = claim.expires_text = Get(query, "Expires");
  claim.session_token = Get(query, "x-amz-security-token");
  std::optional<int64_t> seconds = ParseInt64(claim.expires_text);
  constexpr int64_t kYear10000 = 253'402'300'800;
  if (!seconds || *seconds < 0) {
    return Fault(SignatureProblem::kBadExpires, "Expires must be a number of seconds since 1970");
  }
  claim.expires_at = Instant(std::chrono::seconds(std::min(*seconds, kYear10000)));
  return claim;
}

}  // namespace

Result<SignatureClaim, SignatureFault> ParseSignature(const HttpRequest& request) {
  std::string authorization = HeaderOf(request, "authorization");
  Parameters query;
  if (!request.RawQuery().empty()) query = QueryOf(request);
  bool query_v4 = query.contains("X-Amz-Algorithm");
  bool query_v2 = query.contains("AWSAccessKeyId") && query.contains("Signature");
  if (!authorization.empty()) {
    if (query_v4 || query_v2) return Fault(SignatureProblem::kTwoSignatures, authorization);
    if (authorization.starts_with("AWS4-")) return ReadHeaderV4(request, authorization);
    if (authorization.starts_with("AWS ")) return ReadHeaderV2(request, authorization);
    return Fault(SignatureProblem::kUnsupportedType, authorization);
  }
  if (query_v4) return ReadQueryV4(query);
  if (query_v2) return ReadQueryV2(query);
  return Fault(SignatureProblem::kMissing);
}

Result<SignatureClaim, SignatureFault> ParseFormSignature(const FormUpload& form) {
  auto field = [&](std::string_view name) { return std::string(form.Field(name).value_or("")); };
  if (field("policy").empty()) return Fault(SignatureProblem::kMissing);
  SignatureClaim claim;
  claim.session_token = field("x-amz-security-token");
  if (!field("awsaccesskeyid").empty()) {
    claim.kind = SignatureKind::kQueryV2;
    claim.scope.service = "s3";
    claim.access_key_id = field("awsaccesskeyid");
    claim.signature = field("signature");
    if (claim.signature.empty()) {
      return Fault(SignatureProblem::kIncomplete,
                   "Bucket POST must contain a field named 'Signature'.");
    }
    return claim;
  }
  std::string missing;
  for (std::string_view name :
       {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}) {
    if (field(name).empty())
      missing += fmt::format("Bucket POST must contain a field named '{}'. ", name);
  }
  if (!missing.empty()) {
    missing.pop_back();
    return Fault(SignatureProblem::kIncomplete, std::move(missing));
  }
  claim.kind = SignatureKind::kQueryV4;
  claim.signature = field("x-amz-signature");
  RETURN_IF_ERROR(ReadDate(claim, field("x-amz-date"), /*http_date=*/false));
  if (field("x-amz-algorithm") != kSigV4Algorithm)
    return Fault(SignatureProblem::kUnsupportedAlgorithm, field("x-amz-algorithm"));
  RETURN_IF_ERROR(ReadCredential(claim, field("x-amz-credential")));
  return claim;
}

Result<void, SignatureFault> CheckFormSignature(const SignatureClaim& claim,
                                                std::string_view policy, std::string_view secret,
                                                SigningKeyCache& keys) {
  const bool is_v4 = claim.kind == SignatureKind::kQueryV4;
  std::string right =
      is_v4 ? SignatureOf(keys.Get(secret, claim.scope), policy) : S3V2SignatureOf(secret, policy);
  if (ConstantTimeEquals(right, claim.signature)) return {};
  SignatureFault fault{SignatureProblem::kMismatch};
  fault.string_to_sign = policy;
  return fault;
}

std::string ClaimedService(const HttpRequest& request) {
  std::string authorization = HeaderOf(request, "authorization");
  std::string credential;
  if (authorization.starts_with("AWS4-")) {
    size_t blank = authorization.find_first_of(" \t");
    if (blank != std::string::npos) {
      credential =
          Get(AuthorizationParts(std::string_view(authorization).substr(blank)), "Credential");
    }
  } else if (authorization.starts_with("AWS ")) {
    return "s3";
  }
  if (credential.empty() && !request.RawQuery().empty()) {
    Parameters query = QueryOf(request);
    credential = Get(query, "X-Amz-Credential");
    if (credential.empty() && query.contains("AWSAccessKeyId") && query.contains("Signature"))
      return "s3";
  }
  auto parts = CredentialParts(credential);
  return parts ? std::string((*parts)[3]) : std::string();
}

Result<void, SignatureFault> CheckTime(const SignatureClaim& claim, Instant now) {
  if (claim.kind != SignatureKind::kQueryV2 && claim.signed_at > now + kSignatureSkewMax) {
    return Fault(SignatureProblem::kTooEarly,
                 fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)",
                             FormatAmzDate(claim.signed_at), FormatAmzDate(now + kSignatureSkewMax),
                             FormatAmzDate(now)));
  }
  if (claim.expires_at) {
    if (now < *claim.expires_at) return {};
    return Fault(SignatureProblem::kExpired,
                 fmt::format("Signature expired: {} is now earlier than {}",
                             FormatAmzDate(*claim.expires_at), FormatAmzDate(now)));
  }
  if (claim.signed_at < now - kSignatureSkewMax) {
    return Fault(SignatureProblem::kTooOld,
                 fmt::format("Signature expired: {} is now earlier than {} ({} - 15 min.)",
                             FormatAmzDate(claim.signed_at), FormatAmzDate(now - kSignatureSkewMax),
                             FormatAmzDate(now)));
  }
  return {};
}

Result<void, SignatureFault> CheckSignature(const SignatureClaim& claim, const HttpRequest& request,
                                            const SignedContext& context, std::string_view secret,
                                            SigningKeyCache& keys) {
  SignatureFault fault{SignatureProblem::kMismatch};
  if (claim.kind == SignatureKind::kHeaderV2 || claim.kind == SignatureKind::kQueryV2) {
    fault.string_to_sign = S3V2StringToSign(request.method, context.path_style_target,
                                            request.headers, claim.date_text);
    if (ConstantTimeEquals(S3V2SignatureOf(secret, fault.string_to_sign), claim.signature))
      return {};
    return fault;
  }
  std::string key = keys.Get(secret, claim.scope);
  auto matches = [&](PathRule path, PlusRule plus) {
    std::string canonical =
        CanonicalRequest(request.method, request.target, request.headers, claim.signed_headers,
                         context.payload_hash, path, plus);
    std::string string_to_sign = StringToSign(claim.date_text, claim.scope, canonical);
    if (ConstantTimeEquals(SignatureOf(key, string_to_sign), claim.signature)) return true;
    if (fault.canonical_request.empty()) {
      fault.canonical_request = std::move(canonical);
      fault.string_to_sign = std::move(string_to_sign);
    }
    return false;
  };
  // The first is what AWS documents (and what the fault tells); the others are readings that some
  // clients need.
  PathRule path = PathRuleOf(claim.scope.service);
  if (matches(path, PlusRule::kLiteral)) return {};
  bool has_plus = request.RawQuery().find('+') != std::string_view::npos;
  if (has_plus && matches(path, PlusRule::kSpace)) return {};
  if (path == PathRule::kAsSent && matches(PathRule::kReencoded, PlusRule::kLiteral)) return {};
  return fault;
}

std::vector<std::string> UncoveredHeaders(const SignatureClaim& claim, const Headers& headers) {
  std::vector<std::string> names;
  if (claim.kind == SignatureKind::kHeaderV2 || claim.kind == SignatureKind::kQueryV2) return names;
  for (const auto& [field, value] : headers.fields()) {
    if (field.size() < 6 || !EqualsIgnoreCase(std::string_view(field).substr(0, 6), "x-amz-"))
      continue;
    std::string name = AsciiLower(field);
    if (name == "x-amz-content-sha256") continue;
    if (!std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(), name)) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace penstock
