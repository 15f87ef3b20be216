#include "transfer/decompression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

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

class ZstdSource : public BodySource {
 public:
  explicit ZstdSource(std::unique_ptr<BodySource> bytes)
      : bytes_(std::move(bytes)), input_(kInputSize, '\0'), context_(ZSTD_createDCtx()) {
    CHECK(context_ != nullptr, "no memory for a zstd context");
    // A frame that wants more memory than this was not made by an exporter.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~ZstdSource() override { ZSTD_freeDCtx(context_); }

  Result<size_t> Read(std::span<char> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !holds_output_) {
        ASSIGN_OR_RETURN(size_t count, bytes_->Read(input_));
        if (count == 0) {
          if (in_frame_) return Corrupt("the zstd data ends too early");
          return size_t{0};
        }
        in_ = {input_.data(), count, 0};
      }
      size_t left = ZSTD_decompressStream(context_, &out, &in_);
      if (ZSTD_isError(left))
        return Corrupt(fmt::format("broken zstd data: {}", ZSTD_getErrorName(left)));
      in_frame_ = left != 0;
      holds_output_ = out.pos == out.size;
    }
    return out.pos;
  }

 private:
  static constexpr int kWindowLogMax = 27;  // 128 MiB, zstd's own default

  const std::unique_ptr<BodySource> bytes_;
  std::string input_;
  ZSTD_DCtx* const context_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool in_frame_ = false;
  bool holds_output_ = false;  // the output was full, so there may be more without input
};

/// Compressions that Hadoop knows and we do not, by the names of their files.
constexpr std::string_view kForeignSuffixes[] = {".bz2", ".deflate", ".snappy", ".lz4",
                                                 ".lzo", ".xz",      ".zip"};

}  // namespace

Result<std::unique_ptr<BodySource>> Decompressed(std::unique_ptr<BodySource> bytes,
                                                 std::string_view name) {
  for (std::string_view suffix : kForeignSuffixes) {
    if (!name.ends_with(suffix)) continue;
    return InvalidArgument(
        fmt::format("compressed as {}, which is not supported (gzip and zstd are): unpack it first",
                    suffix.substr(1)));
  }
  std::string first(4, '\0');
  size_t size = 0;
  while (size < first.size()) {
    ASSIGN_OR_RETURN(size_t count,
                     bytes->Read(std::span<char>(first.data() + size, first.size() - size)));
    if (count == 0) break;
    size += count;
  }
  first.resize(size);
  if (first.starts_with("BZh"))
    return InvalidArgument("compressed with bzip2, which is not supported: unpack it first");
  const bool gzip = first.starts_with("\x1f\x8b");
  // A frame, or a skippable one before it (RFC 8878 section 3.1.2).
  const bool zstd = first == "\x28\xb5\x2f\xfd" ||
                    (size == 4 && (first[0] & '\xf0') == '\x50' && first.ends_with("\x2a\x4d\x18"));
  if (!first.empty() && ((name.ends_with(".gz") && !gzip) || (name.ends_with(".zst") && !zstd))) {
    return Corrupt(fmt::format("it is named {} and does not begin as such a file does",
                               name.substr(name.rfind('.'))));
  }
  std::unique_ptr<BodySource> whole =
      std::make_unique<PeekedSource>(std::move(first), std::move(bytes));
  if (gzip) return std::unique_ptr<BodySource>(std::make_unique<GzipSource>(std::move(whole)));
  if (zstd) return std::unique_ptr<BodySource>(std::make_unique<ZstdSource>(std::move(whole)));
  return whole;
}

}  // namespace penstock
