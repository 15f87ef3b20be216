// What a server does with the signature of a request: read it (the claim), and hold it against a
// secret. All four ways in which AWS clients sign: SigV4 in the Authorization header or in the
// query, and S3's Version 2 in either. Whose secret it is, and how the fault is worded for which
// service, is the caller's business (gateway/). Pure but for the key cache.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/sigv4.h"
#include "ports/http.h"

namespace penstock {

/// How far a signer's clock may be off.
inline constexpr Duration kSignatureSkewMax{15 * 60 * 1000};
/// The longest life of a presigned URL.
inline constexpr int64_t kPresignExpiresMaxSeconds = 604'800;

enum class SignatureKind { kHeaderV4, kQueryV4, kHeaderV2, kQueryV2 };

class FormUpload;

/// What a request says about itself; nothing of it is proven yet.
struct SignatureClaim {
  SignatureKind kind = SignatureKind::kHeaderV4;
  std::string access_key_id;
  SigningScope scope;                       // V4
  std::vector<std::string> signed_headers;  // V4: lower case, sorted
  std::string signature;                    // hex (V4) or base64 (V2)
  std::string
      date_text;        // V4: "20130524T000000Z"; V2: the text that is signed as date, may be empty
  Instant signed_at{};  // not for kQueryV2
  std::optional<Instant> expires_at;  // presigned only
  std::string expires_text;           // presigned only: as given
  std::string session_token;          // empty: none
};

enum class SignatureProblem {
  kMissing,               // the request is not signed
  kTwoSignatures,         // both in the header and in the query
  kUnsupportedType,       // the Authorization header is of another scheme
  kUnsupportedAlgorithm,  // AWS4-… but not AWS4-HMAC-SHA256
  kIncomplete,            // a part is missing; `detail` lists them
  kNoDate,                // neither X-Amz-Date nor Date
  kBadDate,               // not a time; `detail` is what was given
  kBadCredential,         // not five parts; `detail` is what was given
  kBadScope,              // terminator or date of the scope; `detail` says so
  kBadExpires,            // not in 1..604,800; `detail` says so
  kHostNotSigned,
  kUnsignedHeaders,  // x-amz-… headers outside the signature; `detail` lists them
  kTooEarly,         // dated in the future by more than the skew
  kTooOld,           // dated in the past by more than the skew
  kExpired,          // a presigned URL past its time
  kMismatch,         // the signature is another one
};

struct SignatureFault {
  SignatureProblem problem;
  std::string detail{};
  std::string canonical_request{};  // kMismatch, V4
  std::string string_to_sign{};     // kMismatch
};

/// Reads the claim. The fault is kMissing if there is none. Dates are not held against a clock
/// here.
Result<SignatureClaim, SignatureFault> ParseSignature(const HttpRequest& request);

/// The claim in the fields of a browser's upload (Version 4, or 2), whose signature is of its
/// policy alone and has no time of its own: the policy expires. kMissing if it has no policy.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
Result<SignatureClaim, SignatureFault> ParseFormSignature(const FormUpload& form);
/// `policy`: the field as it is, in base64.
Result<void, SignatureFault> CheckFormSignature(const SignatureClaim& claim,
                                                std::string_view policy, std::string_view secret,
                                                SigningKeyCache& keys);

/// The signing name in the request's credential scope, even of a request whose signature is
/// otherwise malformed; empty if there is none. "s3" for Version 2.
std::string ClaimedService(const HttpRequest& request);

/// Whether the claim's times fit `now`: ± kSignatureSkewMax for headers, not yet expired for
/// presigned URLs.
Result<void, SignatureFault> CheckTime(const SignatureClaim& claim, Instant now);

/// What is signed besides the request itself.
struct SignedContext {
  /// V4: the payload's line of the canonical request.
  std::string_view payload_hash;
  /// V2: the target with the bucket in its path (differs from the request's for virtual-host
  /// buckets).
  std::string_view path_style_target;
};

/// Holds the signature against `secret`, in time independent of where it differs.
/// The claim must be of this request.
Result<void, SignatureFault> CheckSignature(const SignatureClaim& claim, const HttpRequest& request,
                                            const SignedContext& context, std::string_view secret,
                                            SigningKeyCache& keys);

/// The names of x-amz-… header fields that a V4 claim does not cover (S3 refuses such requests:
/// they could have been added on the way). x-amz-content-sha256 is part of every canonical request
/// and needs no cover of its own.
std::vector<std::string> UncoveredHeaders(const SignatureClaim& claim, const Headers& headers);

}  // namespace penstock
