#include "aws/chunked_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

// A chunk header is some 90 bytes, a trailer a few hundred; what is longer is no such thing.
constexpr size_t kLineMax = 4096;
constexpr size_t kTrailerFieldsMax = 32;
constexpr uint64_t kChunkSizeMax = uint64_t{5} << 30;  // the largest single upload

struct KnownError {
  std::string_view code;
  int http;
};
constexpr auto kKnownErrors = std::to_array<KnownError>({
    {"XAmzContentSHA256Mismatch", 400},
    {"SignatureDoesNotMatch", 403},
    {"IncompleteBody", 400},
    {"InvalidChunkSizeError", 403},
    {"MalformedTrailerError", 400},
});

// The code goes first in the message, so that BodyError finds it again.
Error Wrong(std::string_view code, std::string_view message) {
  return Corrupt(fmt::format("{}: {}", code, message));
}

Error Incomplete(std::string_view message) { return Wrong("IncompleteBody", message); }

class HashCheckedSource : public BodySource {
 public:
  HashCheckedSource(BodySource& source, std::string sha256_hex)
      : source_(source), expected_(AsciiLower(sha256_hex)), hasher_(HashKind::kSha256) {}

  Result<size_t> Read(std::span<char> buffer) override {
    if (done_) return Finished();
    ASSIGN_OR_RETURN(size_t count, source_.Read(buffer));
    if (count > 0) {
      hasher_.Update({buffer.data(), count});
      return count;
    }
    if (buffer.empty()) return size_t{0};
    done_ = true;
    matches_ = ConstantTimeEquals(HexEncode(hasher_.Finish()), expected_);
    return Finished();
  }
  std::optional<uint64_t> Size() const override { return source_.Size(); }
  const Headers& Trailers() const override { return source_.Trailers(); }

 private:
  Result<size_t> Finished() const {
    if (matches_) return size_t{0};
    return Wrong("XAmzContentSHA256Mismatch",
                 "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }

  BodySource& source_;
  std::string expected_;
  Hasher hasher_;
  bool done_ = false;
  bool matches_ = false;
};

class ChunkedSource : public BodySource {
 public:
  ChunkedSource(BodySource& source, uint64_t decoded_size, bool has_trailer,
                std::optional<ChunkSigning> signing)
      : source_(source),
        decoded_size_(decoded_size),
        has_trailer_(has_trailer),
        signing_(std::move(signing)),
        chunk_hasher_(HashKind::kSha256) {
    if (signing_) previous_signature_ = signing_->seed_signature;
  }

  Result<size_t> Read(std::span<char> buffer) override {
    if (failure_) return *failure_;
    if (done_ || buffer.empty()) return size_t{0};
    Result<size_t> count = ReadDecoded(buffer);
    if (!count) failure_ = count.error();
    return count;
  }
  std::optional<uint64_t> Size() const override { return decoded_size_; }
  const Headers& Trailers() const override { return trailers_; }

 private:
  Result<size_t> ReadDecoded(std::span<char> buffer) {
    if (chunk_left_ == 0) {
      RETURN_IF_ERROR(StartChunk());
      if (done_) return size_t{0};
    }
    size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), chunk_left_));
    ASSIGN_OR_RETURN(size_t count, ReadRaw(buffer.subspan(0, wanted)));
    if (count == 0) return Incomplete("The request body terminated unexpectedly");
    if (signing_) chunk_hasher_.Update({buffer.data(), count});
    chunk_left_ -= count;
    delivered_ += count;
    if (chunk_left_ == 0) RETURN_IF_ERROR(EndChunk());
    return count;
  }

  // Reads "<hex size>[;chunk-signature=<hex>]\r\n". The last chunk, of size 0, is followed by the
  // trailer and the end.
  Status StartChunk() {
    ASSIGN_OR_RETURN(std::string line, ReadLine());
    std::string_view text = line;
    size_t semicolon = text.find(';');
    std::string_view size_text = Trim(text.substr(0, semicolon));
    uint64_t size = 0;
    auto [end, error] =
        std::from_chars(size_text.data(), size_text.data() + size_text.size(), size, 16);
    if (error != std::errc() || end != size_text.data() + size_text.size() ||
        size > kChunkSizeMax) {
      return Wrong("InvalidChunkSizeError", "A chunk header of the aws-chunked body is malformed");
    }
    if (size > decoded_size_ - delivered_) {
      return Incomplete("The aws-chunked body is longer than x-amz-decoded-content-length says");
    }
    if (signing_) {
      constexpr std::string_view kName = "chunk-signature=";
      std::string_view extension =
          semicolon == std::string_view::npos ? "" : Trim(text.substr(semicolon + 1));
      if (!extension.starts_with(kName)) {
        return Wrong("SignatureDoesNotMatch",
                     "A chunk of the aws-chunked body has no chunk-signature");
      }
      chunk_signature_ = extension.substr(kName.size());
    }
    chunk_left_ = size;
    if (size > 0) return {};
    if (delivered_ != decoded_size_) {
      return Incomplete(
          "You did not provide the number of bytes specified by x-amz-decoded-content-length");
    }
    RETURN_IF_ERROR(CheckChunkSignature());
    RETURN_IF_ERROR(ReadTrailer());
    done_ = true;
    return {};
  }

  Status EndChunk() {
    ASSIGN_OR_RETURN(std::string line, ReadLine());
    if (!line.empty())
      return Wrong("InvalidChunkSizeError", "A chunk is longer than its header says");
    return CheckChunkSignature();
  }

  Status CheckChunkSignature() {
    if (!signing_) return {};
    std::string hash = HexEncode(std::exchange(chunk_hasher_, Hasher(HashKind::kSha256)).Finish());
    return CheckChained(
        fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", signing_->date_text,
                    FormatScope(signing_->scope), previous_signature_, kEmptySha256, hash),
        chunk_signature_);
  }

  Status CheckChained(const std::string& string_to_sign, const std::string& given) {
    std::string right = SignatureOf(signing_->signing_key, string_to_sign);
    if (!ConstantTimeEquals(right, given)) {
      return Wrong("SignatureDoesNotMatch",
                   "The request signature we calculated does not match the signature you provided. "
                   "Check your key and "
                   "signing method.");
    }
    previous_signature_ = std::move(right);
    return {};
  }

  // After the last chunk: "name:value\r\n"…, for signed ones x-amz-trailer-signature last, then an
  // empty line. Clients without a trailer end the body with one more empty line or with nothing at
  // all.
  Status ReadTrailer() {
    std::string canonical, signature;
    bool signature_seen = false;
    while (true) {
      ASSIGN_OR_RETURN(std::optional<std::string> line, ReadLineOrEnd());
      if (!line || line->empty()) break;
      size_t colon = line->find(':');
      if (!has_trailer_ || colon == 0 || colon == std::string::npos ||
          trailers_.fields().size() >= kTrailerFieldsMax) {
        return MalformedTrailer();
      }
      std::string name = AsciiLower(Trim(line->substr(0, colon)));
      std::string value(Trim(std::string_view(*line).substr(colon + 1)));
      if (name == "x-amz-trailer-signature") {
        signature = std::move(value);
        signature_seen = true;
        continue;
      }
      canonical += name + ":" + value + "\n";
      trailers_.Add(std::move(name), std::move(value));
    }
    if (signing_ && has_trailer_) {
      if (!signature_seen) return MalformedTrailer();
      RETURN_IF_ERROR(CheckChained(fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}",
                                               signing_->date_text, FormatScope(signing_->scope),
                                               previous_signature_, HexEncode(Sha256(canonical))),
                                   signature));
    }
    return Drain();
  }

  static Error MalformedTrailer() {
    return Wrong("MalformedTrailerError",
                 "The request contained trailing data that was not well-formed or did not conform "
                 "to our published "
                 "schema.");
  }

  // Nothing but blank lines may follow; reading to the end also lets an outer source check what it
  // has to.
  Status Drain() {
    char bytes[256];
    while (true) {
      ASSIGN_OR_RETURN(size_t count, ReadRaw(bytes));
      if (count == 0) return {};
      if (!Trim({bytes, count}).empty()) return MalformedTrailer();
    }
  }

  Result<std::string> ReadLine() {
    ASSIGN_OR_RETURN(std::optional<std::string> line, ReadLineOrEnd());
    if (!line) return Incomplete("The request body terminated unexpectedly");
    return *std::move(line);
  }

  // A line without its CRLF (or LF); nullopt at the end of the body.
  Result<std::optional<std::string>> ReadLineOrEnd() {
    std::string line;
    while (true) {
      if (ahead_begin_ == ahead_end_) {
        ASSIGN_OR_RETURN(ahead_end_, source_.Read(ahead_));
        ahead_begin_ = 0;
        if (ahead_end_ == 0) {
          if (line.empty()) return std::optional<std::string>();
          return Incomplete("The request body terminated unexpectedly");
        }
      }
      std::string_view ahead(ahead_.data() + ahead_begin_, ahead_end_ - ahead_begin_);
      size_t newline = ahead.find('\n');
      size_t count = newline == std::string_view::npos ? ahead.size() : newline;
      if (line.size() + count > kLineMax) {
        return Wrong("InvalidChunkSizeError",
                     "A chunk header or trailer of the aws-chunked body is too long");
      }
      line += ahead.substr(0, count);
      ahead_begin_ += count;
      if (newline == std::string_view::npos) continue;
      ++ahead_begin_;
      if (line.ends_with('\r')) line.pop_back();
      return std::optional(std::move(line));
    }
  }

  Result<size_t> ReadRaw(std::span<char> buffer) {
    if (ahead_begin_ == ahead_end_) {
      // Big reads go straight to the caller; short ones through the read-ahead, to save calls.
      if (buffer.size() >= ahead_.size()) return source_.Read(buffer);
      ASSIGN_OR_RETURN(ahead_end_, source_.Read(ahead_));
      ahead_begin_ = 0;
      if (ahead_end_ == 0) return size_t{0};
    }
    size_t count = std::min(buffer.size(), ahead_end_ - ahead_begin_);
    std::copy_n(ahead_.data() + ahead_begin_, count, buffer.data());
    ahead_begin_ += count;
    return count;
  }

  BodySource& source_;
  const uint64_t decoded_size_;
  const bool has_trailer_;
  const std::optional<ChunkSigning> signing_;

  std::array<char, 1024> ahead_{};
  size_t ahead_begin_ = 0, ahead_end_ = 0;
  uint64_t chunk_left_ = 0;
  uint64_t delivered_ = 0;
  Hasher chunk_hasher_;
  std::string chunk_signature_;
  std::string previous_signature_;
  Headers trailers_;
  bool done_ = false;
  std::optional<Error> failure_;
};

bool IsSha256Hex(std::string_view text) { return text.size() == 64 && HexDecode(text).has_value(); }

}  // namespace

std::optional<PayloadKind> ParsePayloadKind(std::string_view text) {
  if (IsSha256Hex(text)) return PayloadKind::kHash;
  if (text == kUnsignedPayload) return PayloadKind::kUnsigned;
  if (text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return PayloadKind::kUnsignedChunksTrailer;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return PayloadKind::kSignedChunks;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    return PayloadKind::kSignedChunksTrailer;
  if (text.starts_with("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")) return PayloadKind::kAsymmetric;
  return std::nullopt;
}

std::unique_ptr<BodySource> HashCheckedBody(BodySource& source, std::string sha256_hex) {
  return std::make_unique<HashCheckedSource>(source, std::move(sha256_hex));
}

std::unique_ptr<BodySource> ChunkedBody(BodySource& source, uint64_t decoded_size, bool has_trailer,
                                        std::optional<ChunkSigning> signing) {
  return std::make_unique<ChunkedSource>(source, decoded_size, has_trailer, std::move(signing));
}

ApiError BodyError(const Error& error) {
  std::string_view message = error.message;
  if (error.code == ErrorCode::kCorrupt) {
    for (const KnownError& known : kKnownErrors) {
      if (!message.starts_with(known.code) || !message.substr(known.code.size()).starts_with(": "))
        continue;
      return {std::string(known.code),
              std::string(message.substr(known.code.size() + 2)),
              known.http,
              {}};
    }
  }
  if (error.code == ErrorCode::kDeadlineExceeded) {
    return {"RequestTimeout",
            "Your socket connection to the server was not read from or written to within the "
            "timeout period. Idle "
            "connections will be closed.",
            400,
            {}};
  }
  if (error.code == ErrorCode::kResourceExhausted) {
    return {
        "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.", 400, {}};
  }
  return {"IncompleteBody", "The request body terminated unexpectedly", 400, {}};
}

}  // namespace penstock
