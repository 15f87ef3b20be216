// What stands between the wire and a service that reads an S3 request body: sources that undo
// aws-chunked framing and prove, while the bytes stream by, that they are the signed ones. Nothing
// is buffered beyond one chunk header: a wrong byte shows only at the end of its chunk or of the
// body, as an error from Read(). Whoever has consumed the bytes until then must throw them away.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/sigv4.h"
#include "ports/http.h"

namespace penstock {

/// What x-amz-content-sha256 says about the body.
enum class PayloadKind {
  kHash,                   // 64 hex digits: the body's SHA-256
  kUnsigned,               // UNSIGNED-PAYLOAD
  kUnsignedChunksTrailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
  kSignedChunks,           // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  kSignedChunksTrailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  kAsymmetric,  // STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD[-TRAILER]: SigV4A, not supported
};
/// nullopt: none of these.
std::optional<PayloadKind> ParsePayloadKind(std::string_view x_amz_content_sha256);

/// What chunk signatures chain from; the seed is the request's own signature (hex).
struct ChunkSigning {
  std::string signing_key;  // raw
  std::string date_text;    // "20130524T000000Z"
  SigningScope scope;
  std::string seed_signature;
};

/// Passes `source` through and fails at its end if the bytes' SHA-256 is not `sha256_hex`. `source`
/// outlives it.
std::unique_ptr<BodySource> HashCheckedBody(BodySource& source, std::string sha256_hex);

/// The decoded bytes of an aws-chunked body. `decoded_size`: x-amz-decoded-content-length; more or
/// fewer bytes fail. With `signing` each chunk's signature, and with `has_trailer` the trailer's,
/// must be right. Trailers() has the trailing fields (x-amz-checksum-…) but not
/// x-amz-trailer-signature. `source` outlives it.
std::unique_ptr<BodySource> ChunkedBody(BodySource& source, uint64_t decoded_size, bool has_trailer,
                                        std::optional<ChunkSigning> signing);

/// What a client is told about an error that Read() of any request body gave: the errors made here
/// (XAmzContentSHA256Mismatch, SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError,
/// MalformedTrailerError), and those of the connection (IncompleteBody, RequestTimeout,
/// EntityTooLarge).
ApiError BodyError(const Error& error);

}  // namespace penstock
