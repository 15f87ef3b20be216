#include "transfer/item_file.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "transfer/decompression.h"
#include "transfer/delimited_reader.h"

namespace penstock {
namespace {

/// A source that fails at its end if what went through it has another MD5.
class Md5CheckedSource : public BodySource {
 public:
  Md5CheckedSource(std::unique_ptr<BodySource> bytes, std::string md5)
      : bytes_(std::move(bytes)), expected_(std::move(md5)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    ASSIGN_OR_RETURN(size_t count, bytes_->Read(buffer));
    if (count > 0) {
      md5_.Update({buffer.data(), count});
    } else if (!ended_) {
      ended_ = true;
      std::string found = Base64Encode(md5_.Finish());
      if (found != expected_) {
        return Corrupt(
            fmt::format("its MD5 is {}, its manifest says {}: it is not the file that was exported",
                        found, expected_));
      }
    }
    return count;
  }
  std::optional<uint64_t> Size() const override { return bytes_->Size(); }

 private:
  const std::unique_ptr<BodySource> bytes_;
  const std::string expected_;
  Hasher md5_{HashKind::kMd5};
  bool ended_ = false;
};

std::unique_ptr<RecordReader> NewReader(const FileShape& shape) {
  if (shape.separator != 0) return std::make_unique<DelimitedReader>(shape.separator);
  return std::make_unique<LineReader>(shape.lines, shape.leniency);
}

}  // namespace

ItemFile::ItemFile(std::string name, std::unique_ptr<BodySource> bytes, const FileShape& shape)
    : name_(std::move(name)),
      bytes_(std::move(bytes)),
      lines_(bytes_.get(), shape.separator),
      reader_(NewReader(shape)) {}

Result<std::unique_ptr<ItemFile>> ItemFile::Open(DataFolder& folder, const ExportFile& file,
                                                 std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<BodySource> bytes, folder.Open(file.name, std::move(stop)));
  if (!file.md5.empty()) bytes = std::make_unique<Md5CheckedSource>(std::move(bytes), file.md5);
  auto plain = Decompressed(std::move(bytes), file.name);
  std::string address = folder.AddressOf(file.name);
  if (!plain) return std::move(plain.error()).In(address);
  return std::unique_ptr<ItemFile>(new ItemFile(std::move(address), *std::move(plain), file.shape));
}

Result<std::optional<LineKind>> ItemFile::Next(Item* item) {
  while (true) {
    auto line = lines_.Next();
    if (!line) return std::move(line.error()).In("reading " + name_);
    if (!*line) return std::optional<LineKind>();
    line_ = **line;
    if (line_.too_long) return std::optional<LineKind>(LineKind::kBad);
    const bool is_header = reader_->NeedsHeader();
    LineKind kind = reader_->Read(line_.text, item);
    if (kind == LineKind::kHeader) continue;
    if (is_header) return InvalidArgument(fmt::format("reading {}: {}", name_, reason()));
    return std::optional<LineKind>(kind);
  }
}

std::string ItemFile::reason() const {
  if (line_.too_long)
    return fmt::format("the line is longer than {} bytes", LineSource::kLineSizeMax);
  return reader_->reason();
}

}  // namespace penstock
