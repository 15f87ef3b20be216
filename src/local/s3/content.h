// Bytes on their way into and out of object files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "local/s3/checksum.h"
#include "local/s3/object_files.h"
#include "ports/http.h"

namespace penstock {

/// The largest body of one PutObject, UploadPart or CopyObject.
inline constexpr uint64_t kContentBytesMax = uint64_t{5} << 30;

/// What the bytes must be like to be accepted.
struct ContentClaim {
  std::optional<std::string> md5;  // raw
  ChecksumClaim checksum;
};
/// Reads Content-MD5 and the checksum headers.
ApiResult<ContentClaim> ReadContentClaim(const Headers& headers);

/// Bytes received, verified and durable, waiting to be named by the index.
struct Content {
  std::unique_ptr<NewObjectFile> file;  // null for no bytes
  uint64_t size = 0;
  std::string md5;  // raw
  std::optional<ChecksumAlgorithm> checksum_algorithm;
  std::string checksum;  // raw

  FileId file_id() const { return file ? file->id() : 0; }
};
/// Reads `body` to its end. `compute`: an algorithm to use when the claim names none. On any
/// failure nothing is left.
ApiResult<Content> ReceiveContent(ObjectFiles& files, BodySource& body, const ContentClaim& claim,
                                  std::optional<ChecksumAlgorithm> compute = std::nullopt);

/// A small body in memory (XML documents), held against the claim too. MaxMessageLengthExceeded
/// beyond `size_max`.
ApiResult<std::string> ReceiveDocument(BodySource& body, const Headers& headers, uint64_t size_max);

struct Segment {
  FileId file = 0;
  uint64_t size = 0;
};

/// An object's bytes, whatever happens to the object meanwhile. One thread at a time.
class ContentReader final : public BodySource {
 public:
  /// kNotFound when the object was removed or replaced since `segments` were read: read its record
  /// again.
  static Result<std::unique_ptr<ContentReader>> Open(ObjectFiles& files,
                                                     std::vector<Segment> segments);

  /// From now on Read gives bytes [offset, offset + size). REQUIRES: they are within the object.
  void Limit(uint64_t offset, uint64_t size);
  Result<size_t> Read(std::span<char> buffer) override;
  std::optional<uint64_t> Size() const override { return size_; }

 private:
  ContentReader(ObjectFiles& files, std::vector<Segment> segments);

  ObjectFiles& files_;
  std::vector<Segment> segments_;
  ObjectFiles::Pin pin_;
  std::unique_ptr<ReadableFile> file_;  // of segments_[at_], once opened
  size_t at_ = 0;
  uint64_t offset_ = 0;  // within segments_[at_]
  uint64_t size_ = 0, left_ = 0;
};

}  // namespace penstock
