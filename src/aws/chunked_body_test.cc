#include "aws/chunked_body.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

// Gives the bytes in pieces of at most `piece`.
class PieceSource : public BodySource {
 public:
  PieceSource(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  Result<size_t> Read(std::span<char> buffer) override {
    size_t count = std::min({buffer.size(), piece_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, buffer.data());
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  size_t piece_;
  size_t at_ = 0;
};

struct Outcome {
  std::string body;
  std::string error;  // code for the client, empty: none
  Headers trailers;
};

Outcome Drain(BodySource& source, size_t buffer_size) {
  Outcome outcome;
  std::string buffer(buffer_size, '\0');
  while (true) {
    auto count = source.Read(buffer);
    if (!count) {
      outcome.error = BodyError(count.error()).type;
      return outcome;
    }
    if (*count == 0) break;
    outcome.body.append(buffer, 0, *count);
  }
  outcome.trailers = source.Trailers();
  return outcome;
}

Outcome Decode(const std::string& bytes, uint64_t size, bool trailer,
               std::optional<ChunkSigning> signing = {}, size_t piece = 1 << 20,
               size_t buffer = 65536) {
  PieceSource raw(bytes, piece);
  return Drain(*ChunkedBody(raw, size, trailer, std::move(signing)), buffer);
}

const SigningScope kScope{"20130524", "us-east-1", "s3"};
ChunkSigning DocumentedSigning(std::string seed) {
  return {SigningKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", kScope), "20130524T000000Z",
          kScope, std::move(seed)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
const std::string kSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
std::string DocumentedBody() {
  return "10000;chunk-signature="
         "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature="
         "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature="
         "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
const std::string kTrailerSeed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
std::string DocumentedTrailerBody() {
  return "10000;chunk-signature="
         "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature="
         "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature="
         "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
         "x-amz-checksum-crc32c:sOO8/Q==\r\n"
         "x-amz-trailer-signature:"
         "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

TEST(ChunkedBody, DocumentedSignedChunks) {
  for (size_t piece : {1u, 7u, 1000u, 100000u}) {
    Outcome outcome = Decode(DocumentedBody(), 66560, false, DocumentedSigning(kSeed), piece);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.body, std::string(66560, 'a'));
  }
}

TEST(ChunkedBody, DocumentedSignedTrailer) {
  Outcome outcome =
      Decode(DocumentedTrailerBody(), 66560, true, DocumentedSigning(kTrailerSeed), 333);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.body.size(), 66560u);
  EXPECT_EQ(outcome.trailers, (Headers{{"x-amz-checksum-crc32c", "sOO8/Q=="}}));
}

TEST(ChunkedBody, EveryByteOfASignedBodyCounts) {
  const std::string right = DocumentedTrailerBody();
  // Headers, borders and trailer byte by byte; of the data a few.
  for (size_t i = 0; i < right.size(); i += (i > 200 && i < 65400) ? 4999 : 1) {
    std::string wrong = right;
    wrong[i] = wrong[i] == '1' ? '2' : '1';
    Outcome outcome = Decode(wrong, 66560, true, DocumentedSigning(kTrailerSeed));
    // A changed CR or final LF is no change of meaning.
    if (outcome.error.empty()) {
      EXPECT_TRUE(right[i] == '\r' || right[i] == '\n') << i;
      EXPECT_EQ(outcome.body, std::string(66560, 'a')) << i;
    }
  }
}

TEST(ChunkedBody, EveryTruncationIsFound) {
  const std::string right = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  for (size_t size = 0; size + 4 < right.size() - 30; ++size) {
    EXPECT_EQ(Decode(right.substr(0, size), 5, true).error, "IncompleteBody") << size;
  }
}

TEST(ChunkedBody, UnsignedTrailerInAllSplits) {
  const std::string bytes = "5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    for (size_t buffer : {1u, 2u, 5u, 64u, 4096u}) {
      Outcome outcome = Decode(bytes, 6, true, {}, piece, buffer);
      EXPECT_EQ(outcome.error, "");
      EXPECT_EQ(outcome.body, "hello!");
      EXPECT_EQ(outcome.trailers, (Headers{{"x-amz-checksum-crc32", "NhCmhg=="}}));
    }
  }
}

TEST(ChunkedBody, EmptyBody) {
  Outcome outcome = Decode("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 0, true);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.body, "");
  EXPECT_EQ(Decode("0\r\n", 0, true).error, "");
}

TEST(ChunkedBody, WrongFramingIsNamed) {
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\n\r\n", 6, true).error, "IncompleteBody");
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\n\r\n", 4, true).error, "IncompleteBody");
  EXPECT_EQ(Decode("5\r\nhelloo\r\n0\r\n\r\n", 5, true).error, "InvalidChunkSizeError");
  EXPECT_EQ(Decode("x\r\nhello\r\n0\r\n\r\n", 5, true).error, "InvalidChunkSizeError");
  EXPECT_EQ(Decode("-5\r\nhello\r\n0\r\n\r\n", 5, true).error, "InvalidChunkSizeError");
  EXPECT_EQ(Decode("FFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", 5, true).error,
            "InvalidChunkSizeError");
  EXPECT_EQ(Decode(std::string(5000, '0') + "\r\n", 0, true).error, "InvalidChunkSizeError");
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\nno colon\r\n\r\n", 5, true).error, "MalformedTrailerError");
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\na:b\r\n\r\n", 5, false).error, "MalformedTrailerError");
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\n\r\nmore", 5, true).error, "MalformedTrailerError");
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\n\r\n", 5, false, DocumentedSigning(kSeed)).error,
            "SignatureDoesNotMatch");
}

TEST(ChunkedBody, ErrorsAreFinal) {
  PieceSource raw("x\r\n", 10);
  auto source = ChunkedBody(raw, 5, true, {});
  char buffer[8];
  EXPECT_FALSE(source->Read(buffer));
  EXPECT_FALSE(source->Read(buffer));
}

TEST(HashCheckedBody, PassesTheRightBytesAndFailsAtTheEndOfWrongOnes) {
  std::string hash = HexEncode(Sha256("hello"));
  StringSource right("hello"), wrong("hallo"), shorter("hell");
  EXPECT_EQ(Drain(*HashCheckedBody(right, hash), 2).error, "");
  Outcome outcome = Drain(*HashCheckedBody(wrong, hash), 2);
  EXPECT_EQ(outcome.body, "hallo");
  EXPECT_EQ(outcome.error, "XAmzContentSHA256Mismatch");
  EXPECT_EQ(Drain(*HashCheckedBody(shorter, hash), 100).error, "XAmzContentSHA256Mismatch");
}

TEST(BodyError, ConnectionErrorsHaveS3Codes) {
  EXPECT_EQ(BodyError(Unavailable("peer gone")).type, "IncompleteBody");
  EXPECT_EQ(BodyError(DeadlineExceeded("slow")).type, "RequestTimeout");
  EXPECT_EQ(BodyError(Corrupt("Nonsense: text")).type, "IncompleteBody");
}

TEST(PayloadKind, AllLiterals) {
  EXPECT_EQ(ParsePayloadKind(kEmptySha256), PayloadKind::kHash);
  EXPECT_EQ(ParsePayloadKind("UNSIGNED-PAYLOAD"), PayloadKind::kUnsigned);
  EXPECT_EQ(ParsePayloadKind("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            PayloadKind::kUnsignedChunksTrailer);
  EXPECT_EQ(ParsePayloadKind("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), PayloadKind::kSignedChunks);
  EXPECT_EQ(ParsePayloadKind("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            PayloadKind::kSignedChunksTrailer);
  EXPECT_EQ(ParsePayloadKind("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), PayloadKind::kAsymmetric);
  EXPECT_EQ(ParsePayloadKind("unsigned-payload"), std::nullopt);
  EXPECT_EQ(ParsePayloadKind(""), std::nullopt);
}

}  // namespace
}  // namespace penstock
