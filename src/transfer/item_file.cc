#include "transfer/item_file.h"

#include "base/crc.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "transfer/decompression.h"
#include "transfer/delimited_reader.h"
#include "transfer/manifest.h"

namespace penstock {
namespace {

constexpr size_t kPassedAtOnce = 256u << 10;

/// MD5 and CRC64NVME of a file's bytes, as manifests show them.
class Md5Sum {
 public:
  static constexpr std::string_view kName = "MD5";
  void Update(std::string_view bytes) { md5_.Update(bytes); }
  std::string Finish() { return Base64Encode(md5_.Finish()); }

 private:
  Hasher md5_{HashKind::kMd5};
};

class Crc64Sum {
 public:
  static constexpr std::string_view kName = "CRC64NVME";
  void Update(std::string_view bytes) { crc_ = Crc64Nvme(bytes, crc_); }
  std::string Finish() const { return FormatCrc64(crc_); }

 private:
  uint64_t crc_ = 0;
};

/// A source that fails at its end if what went through it has another sum.
template <class Sum>
class CheckedSource : public BodySource {
 public:
  CheckedSource(std::unique_ptr<BodySource> bytes, std::string expected)
      : bytes_(std::move(bytes)), expected_(std::move(expected)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    ASSIGN_OR_RETURN(size_t count, bytes_->Read(buffer));
    if (count > 0) {
      sum_.Update({buffer.data(), count});
    } else if (!ended_) {
      ended_ = true;
      std::string found = sum_.Finish();
      if (found != expected_) {
        return Corrupt(
            fmt::format("its {} is {}, its manifest says {}: it is not the file that was exported",
                        Sum::kName, found, expected_));
      }
    }
    return count;
  }
  std::optional<uint64_t> Size() const override { return bytes_->Size(); }

 private:
  const std::unique_ptr<BodySource> bytes_;
  const std::string expected_;
  Sum sum_;
  bool ended_ = false;
};

/// Counts what is read.
class CountedSource : public BodySource {
 public:
  explicit CountedSource(std::unique_ptr<BodySource> bytes) : bytes_(std::move(bytes)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    ASSIGN_OR_RETURN(size_t count, bytes_->Read(buffer));
    count_ += count;
    return count;
  }
  std::optional<uint64_t> Size() const override { return bytes_->Size(); }
  const uint64_t* count() const { return &count_; }

 private:
  const std::unique_ptr<BodySource> bytes_;
  uint64_t count_ = 0;
};

std::unique_ptr<RecordReader> NewReader(const FileShape& shape) {
  if (shape.separator != 0) return std::make_unique<DelimitedReader>(shape.separator);
  return std::make_unique<LineReader>(shape.lines, shape.leniency);
}

}  // namespace

ItemFile::ItemFile(std::string name, BodySource* stored, const uint64_t* stored_bytes,
                   std::unique_ptr<BodySource> bytes, const FileShape& shape)
    : name_(std::move(name)),
      stored_(stored),
      stored_bytes_(stored_bytes),
      bytes_(std::move(bytes)),
      lines_(bytes_.get(), shape.separator),
      reader_(NewReader(shape)) {}

Result<std::unique_ptr<ItemFile>> ItemFile::Open(DataFolder& folder, const ExportFile& file,
                                                 std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<BodySource> bytes, folder.Open(file.name, std::move(stop)));
  auto counted = std::make_unique<CountedSource>(std::move(bytes));
  const uint64_t* const count = counted->count();
  bytes = std::move(counted);
  if (!file.md5.empty()) {
    bytes = std::make_unique<CheckedSource<Md5Sum>>(std::move(bytes), file.md5);
  } else if (file.crc64nvme) {
    bytes =
        std::make_unique<CheckedSource<Crc64Sum>>(std::move(bytes), FormatCrc64(*file.crc64nvme));
  }
  BodySource* const stored = bytes.get();
  auto plain = Decompressed(std::move(bytes), file.name);
  std::string address = folder.AddressOf(file.name);
  if (!plain) return std::move(plain.error()).In(address);
  return std::unique_ptr<ItemFile>(
      new ItemFile(std::move(address), stored, count, *std::move(plain), file.shape));
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

std::string ItemFile::Fault() const {
  return fmt::format("{}, line {} (byte {}): {}", name_, line_.number, fault_offset(), reason());
}

Status ItemFile::PassRest() {
  std::vector<char> buffer(kPassedAtOnce);
  while (true) {
    auto count = stored_->Read(buffer);
    if (!count) return std::move(count.error()).In("reading " + name_);
    if (*count == 0) return {};
  }
}

std::string ItemFile::reason() const {
  if (line_.too_long)
    return fmt::format("the line is longer than {} bytes", LineSource::kLineSizeMax);
  return reader_->reason();
}

}  // namespace penstock
