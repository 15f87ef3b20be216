// Signature Version 4: the text that is signed, the key that signs it, and the signing of our own
// requests. What a server does with a signature that it receives is signature_check.h. Pure but for
// OpenSSL.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/credentials.h"
#include "ports/http.h"

namespace penstock {

inline constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kScopeTerminator = "aws4_request";
/// Stand-ins for the payload's hash.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
/// SHA-256 of nothing, in hex.
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What a signing key is good for: one day, one region, one service.
struct SigningScope {
  std::string date;     // "20130524"
  std::string region;   // "us-east-1"
  std::string service;  // "s3"
  bool operator==(const SigningScope&) const = default;
};
/// "20130524/us-east-1/s3/aws4_request".
std::string FormatScope(const SigningScope& scope);

/// How a path becomes canonical.
enum class PathRule {
  kAsSent,      // S3
  kReencoded,   // S3, for clients that send characters like '(' bare but sign them encoded
  kNormalized,  // every other service: without "." and "..", repeated slashes folded, encoded once
                // more
};
inline PathRule PathRuleOf(std::string_view service) {
  return service == "s3" ? PathRule::kAsSent : PathRule::kNormalized;
}

/// A raw '+' in a query means itself to most signers and a blank to some; a verifier tries both.
enum class PlusRule { kLiteral, kSpace };

std::string CanonicalPath(std::string_view raw_path, PathRule rule);
/// Sorted, re-encoded, "key=" for keys without a value; leaves out X-Amz-Signature.
std::string CanonicalQuery(std::string_view raw_query, PlusRule plus = PlusRule::kLiteral);
/// "name:value\n" for each of `signed_headers` (lower case, sorted): values trimmed, inner blanks
/// collapsed, repeated fields joined by commas in their order; an absent field has an empty value.
std::string CanonicalHeaders(const Headers& headers,
                             const std::vector<std::string>& signed_headers);

/// The six lines of the canonical request. `target` is path and query as sent.
std::string CanonicalRequest(std::string_view method, std::string_view target,
                             const Headers& headers, const std::vector<std::string>& signed_headers,
                             std::string_view payload_hash, PathRule path_rule,
                             PlusRule plus = PlusRule::kLiteral);
/// `amz_date`: "20130524T000000Z".
std::string StringToSign(std::string_view amz_date, const SigningScope& scope,
                         std::string_view canonical_request);
/// 32 raw bytes.
std::string SigningKey(std::string_view secret, const SigningScope& scope);
/// Signing keys by secret and scope, so that a request costs one HMAC and not five. Thread-safe.
class SigningKeyCache {
 public:
  /// 32 raw bytes.
  std::string Get(std::string_view secret, const SigningScope& scope);

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::string> keys_;
};

/// HMAC-SHA256 in hex.
std::string SignatureOf(std::string_view signing_key, std::string_view string_to_sign);

/// The value of the Host header and the target ("/path?query") of an http(s) URL; an empty path
/// becomes "/". A default port (80 for http, 443 for https) is left out of the host, as clients
/// send it.
struct UrlParts {
  std::string host;
  std::string target;
};
UrlParts SplitUrl(std::string_view url);

/// As whom and for what a request is signed.
struct SigningIdentity {
  Credentials credentials;
  std::string region;
  std::string service;
};

/// Adds Host, X-Amz-Date, X-Amz-Security-Token (for temporary keys), x-amz-content-sha256 (S3 only)
/// and Authorization. All headers that the request has already are signed, save those that proxies
/// and HTTP libraries change (Connection, Expect, User-Agent, Transfer-Encoding, X-Amzn-Trace-Id).
/// `payload_hash`: hex SHA-256 of the body, or kUnsignedPayload. `keys`: null: the key is made
/// anew.
void SignRequest(ClientRequest& request, const SigningIdentity& identity,
                 std::string_view payload_hash, Instant now, SigningKeyCache* keys = nullptr);

/// The URL with a SigV4 query signature, valid for `expires_s` (1 to 604,800) seconds; only the
/// host is signed.
std::string PresignUrl(std::string_view method, std::string_view url,
                       const SigningIdentity& identity, Instant now, int64_t expires_s);

/// What Signature Version 2 signs for S3: "GET\n\n\n<date>\n/bucket/key". `path_style_target` has
/// the bucket in its path; `date` is the Date header's text, the Expires parameter of a presigned
/// URL, or empty with an x-amz-date header.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
std::string S3V2StringToSign(std::string_view method, std::string_view path_style_target,
                             const Headers& headers, std::string_view date);
/// HMAC-SHA1 in base64.
std::string S3V2SignatureOf(std::string_view secret, std::string_view string_to_sign);

}  // namespace penstock
