#include "transfer/gzip_source.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace penstock {
namespace {

constexpr size_t kInputSize = 256u << 10;
constexpr int kGzipWindowBits = 15 + 16;  // zlib's way of saying "gzip, largest window"

/// A source whose first bytes were looked at.
class PeekedSource : public BodySource {
 public:
  PeekedSource(std::string first, std::unique_ptr<BodySource> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    if (taken_ == first_.size()) return rest_->Read(buffer);
    size_t count = std::min(buffer.size(), first_.size() - taken_);
    std::memcpy(buffer.data(), first_.data() + taken_, count);
    taken_ += count;
    return count;
  }
  std::optional<uint64_t> Size() const override { return rest_->Size(); }

 private:
  const std::string first_;
  const std::unique_ptr<BodySource> rest_;
  size_t taken_ = 0;
};

class GzipSource : public BodySource {
 public:
  explicit GzipSource(std::unique_ptr<BodySource> bytes)
      : bytes_(std::move(bytes)), input_(kInputSize, '\0') {}
  ~GzipSource() override { inflateEnd(&stream_); }

  Result<size_t> Read(std::span<char> buffer) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(buffer.size(), 1u << 30));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) {
        ASSIGN_OR_RETURN(size_t count, bytes_->Read(input_));
        if (count == 0) {
          if (in_member_) return Corrupt("the gzip data ends too early");
          return size_t{0};
        }
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(count);
      }
      if (!in_member_) {
        int begun = begun_ ? inflateReset(&stream_) : inflateInit2(&stream_, kGzipWindowBits);
        if (begun != Z_OK) return Corrupt("zlib cannot begin");
        begun_ = in_member_ = true;
      }
      int outcome = inflate(&stream_, Z_NO_FLUSH);
      if (outcome == Z_STREAM_END) {
        in_member_ = false;
      } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
        return Corrupt(fmt::format("broken gzip data: {}",
                                   stream_.msg != nullptr ? stream_.msg : "no more is known"));
      }
    }
    return size_t{room - stream_.avail_out};
  }

 private:
  const std::unique_ptr<BodySource> bytes_;
  std::string input_;
  z_stream stream_{};
  bool begun_ = false, in_member_ = false;
};

}  // namespace

Result<std::unique_ptr<BodySource>> Decompressed(std::unique_ptr<BodySource> bytes) {
  std::string first(4, '\0');
  size_t size = 0;
  while (size < first.size()) {
    ASSIGN_OR_RETURN(size_t count,
                     bytes->Read(std::span<char>(first.data() + size, first.size() - size)));
    if (count == 0) break;
    size += count;
  }
  first.resize(size);
  bool gzip = first.starts_with("\x1f\x8b");
  if (first == "\x28\xb5\x2f\xfd")
    return InvalidArgument("compressed with zstd, which is not supported yet: unpack it first");
  if (first.starts_with("BZh"))
    return InvalidArgument("compressed with bzip2, which is not supported: unpack it first");
  std::unique_ptr<BodySource> whole =
      std::make_unique<PeekedSource>(std::move(first), std::move(bytes));
  if (!gzip) return whole;
  return std::unique_ptr<BodySource>(std::make_unique<GzipSource>(std::move(whole)));
}

}  // namespace penstock
