#include "local/s3/content.h"

#include "aws/chunked_body.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kMd5Bytes = 16;

// What the trailer or header said against what came.
ApiResult<void> CheckClaim(const ContentClaim& claim, const std::string& md5,
                           const std::string& checksum, const Headers& trailers) {
  if (claim.md5 && *claim.md5 != md5)
    return s3_error::BadDigest(Base64Encode(*claim.md5), HexEncode(md5));
  if (!claim.checksum.algorithm) return {};
  std::optional<std::string> expected = claim.checksum.value;
  const std::string header = ChecksumHeader(*claim.checksum.algorithm);
  if (claim.checksum.in_trailer) {
    auto trailer = trailers.Get(header);
    if (!trailer) {
      return ApiError{"MalformedTrailerError",
                      "The request contained trailing data that was not well-formed or did not "
                      "conform to our published "
                      "schema.",
                      400,
                      {}};
    }
    expected = std::string(Trim(*trailer));
    auto raw = Base64Decode(*expected);
    if (!raw || raw->size() != checksum.size()) {
      return s3_error::InvalidRequest("Value for " + header + " trailing header is invalid.");
    }
  }
  if (expected && *expected != Base64Encode(checksum)) {
    return s3_error::ChecksumMismatch(ChecksumName(*claim.checksum.algorithm));
  }
  return {};
}

}  // namespace

ApiResult<ContentClaim> ReadContentClaim(const Headers& headers) {
  ContentClaim claim;
  if (auto text = headers.Get("Content-MD5")) {
    claim.md5 = Base64Decode(Trim(*text));
    if (!claim.md5 || claim.md5->size() != kMd5Bytes) return s3_error::InvalidDigest(*text);
  }
  ASSIGN_OR_RETURN(claim.checksum, ReadChecksumClaim(headers));
  return claim;
}

ApiResult<Content> ReceiveContent(ObjectFiles& files, BodySource& body, const ContentClaim& claim,
                                  std::optional<ChecksumAlgorithm> compute) {
  std::optional<uint64_t> expected_size = body.Size();
  if (expected_size && *expected_size > kContentBytesMax) {
    return s3_error::EntityTooLarge(*expected_size, kContentBytesMax);
  }
  Content content;
  content.checksum_algorithm = claim.checksum.algorithm ? claim.checksum.algorithm : compute;
  Hasher md5(HashKind::kMd5);
  std::optional<ChecksumHasher> checksum;
  if (content.checksum_algorithm) checksum.emplace(*content.checksum_algorithm);

  std::vector<char> buffer(kBufferBytes);
  while (true) {
    auto count = body.Read(buffer);
    if (!count) return BodyError(count.error());
    if (*count == 0) break;
    std::string_view bytes(buffer.data(), *count);
    content.size += bytes.size();
    if (content.size > kContentBytesMax)
      return s3_error::EntityTooLarge(content.size, kContentBytesMax);
    if (!content.file) {
      auto created = files.Create();
      if (!created) return s3_error::StorageFailure(created.error());
      content.file = *std::move(created);
    }
    if (Status written = content.file->Append(bytes); !written)
      return s3_error::StorageFailure(written.error());
    md5.Update(bytes);
    if (checksum) checksum->Update(bytes);
  }
  if (expected_size && *expected_size != content.size) {
    return s3_error::IncompleteBody(content.size, *expected_size);
  }
  content.md5 = md5.Finish();
  if (checksum) content.checksum = checksum->Finish();
  RETURN_IF_ERROR(CheckClaim(claim, content.md5, content.checksum, body.Trailers()));
  if (content.file) {
    if (Status finished = content.file->Finish(); !finished)
      return s3_error::StorageFailure(finished.error());
  }
  return content;
}

ApiResult<std::string> ReceiveDocument(BodySource& body, const Headers& headers,
                                       uint64_t size_max) {
  ASSIGN_OR_RETURN(ContentClaim claim, ReadContentClaim(headers));
  auto document = ReadAll(body, size_max);
  if (!document) {
    if (document.error().code == ErrorCode::kResourceExhausted)
      return s3_error::MaxMessageLengthExceeded(size_max);
    return BodyError(document.error());
  }
  std::string checksum;
  if (claim.checksum.algorithm) {
    ChecksumHasher hasher(*claim.checksum.algorithm);
    hasher.Update(*document);
    checksum = hasher.Finish();
  }
  RETURN_IF_ERROR(CheckClaim(claim, Md5(*document), checksum, body.Trailers()));
  return *std::move(document);
}

ContentReader::ContentReader(ObjectFiles& files, std::vector<Segment> segments)
    : files_(files), segments_(std::move(segments)) {
  std::erase_if(segments_, [](const Segment& segment) { return segment.size == 0; });
  for (const Segment& segment : segments_) size_ += segment.size;
  left_ = size_;
}

Result<std::unique_ptr<ContentReader>> ContentReader::Open(ObjectFiles& files,
                                                           std::vector<Segment> segments) {
  std::unique_ptr<ContentReader> reader(new ContentReader(files, std::move(segments)));
  if (reader->segments_.empty()) return reader;
  reader->pin_ = files.PinFiles(reader->segments_.front().file);
  ASSIGN_OR_RETURN(reader->file_, files.OpenFile(reader->segments_.front().file));
  return reader;
}

void ContentReader::Limit(uint64_t offset, uint64_t size) {
  size_ = left_ = size;
  size_t at = 0;
  while (at < segments_.size() && offset >= segments_[at].size) offset -= segments_[at++].size;
  if (at != at_) file_.reset();
  at_ = at;
  offset_ = offset;
}

Result<size_t> ContentReader::Read(std::span<char> buffer) {
  if (left_ == 0) return size_t{0};
  if (at_ < segments_.size() && offset_ == segments_[at_].size) {
    file_.reset();
    ++at_;
    offset_ = 0;
  }
  CHECK(at_ < segments_.size());
  const Segment& segment = segments_[at_];
  if (!file_) {
    ASSIGN_OR_RETURN(file_, files_.OpenFile(segment.file));
  }
  uint64_t wanted = std::min({uint64_t{buffer.size()}, left_, segment.size - offset_});
  ASSIGN_OR_RETURN(size_t count, file_->ReadAt(offset_, buffer.data(), wanted));
  if (count == 0) return Corrupt("an object's file is shorter than its index entry says");
  offset_ += count;
  left_ -= count;
  return count;
}

}  // namespace penstock
