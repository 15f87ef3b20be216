#include "transfer/item_file.h"

#include "transfer/decompression.h"

namespace penstock {

ItemFile::ItemFile(std::string name, std::unique_ptr<BodySource> bytes, LineShape shape)
    : name_(std::move(name)), bytes_(std::move(bytes)), lines_(bytes_.get()), reader_(shape) {}

Result<std::unique_ptr<ItemFile>> ItemFile::Open(DataFolder& folder, const std::string& name,
                                                 LineShape shape, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<BodySource> bytes, folder.Open(name, std::move(stop)));
  auto plain = Decompressed(std::move(bytes), name);
  if (!plain) return std::move(plain.error()).In(folder.AddressOf(name));
  return std::unique_ptr<ItemFile>(new ItemFile(folder.AddressOf(name), *std::move(plain), shape));
}

Result<std::optional<LineKind>> ItemFile::Next(Item* item) {
  auto line = lines_.Next();
  if (!line) return std::move(line.error()).In("reading " + name_);
  if (!*line) return std::optional<LineKind>();
  line_ = **line;
  if (line_.too_long) return std::optional<LineKind>(LineKind::kBad);
  return std::optional<LineKind>(reader_.Read(line_.text, item));
}

std::string ItemFile::reason() const {
  if (line_.too_long)
    return fmt::format("the line is longer than {} bytes", LineSource::kLineSizeMax);
  return reader_.reason();
}

}  // namespace penstock
