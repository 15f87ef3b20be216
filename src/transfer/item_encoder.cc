#include "transfer/item_encoder.h"

#include "transfer/delimited_writer.h"

namespace penstock {
namespace {

/// A line of JSON for each item.
class LineEncoder : public ItemEncoder {
 public:
  explicit LineEncoder(const FileStyle& style) : format_(style.format), writer_(style.line) {}

  Status Append(const Item& item, LineBuffer* out) override {
    switch (format_) {
      case FileFormat::kDynamoDbJson:
        out->Append("{\"Item\":");
        writer_.AppendWireInOrder(item, out);
        out->Append("}\n");
        break;
      case FileFormat::kJsonLines:
        writer_.AppendWireInOrder(item, out);
        out->Append('\n');
        break;
      case FileFormat::kDataPipeline:
      case FileFormat::kCsv:
      case FileFormat::kTsv:
        writer_.AppendLine(item, out);
        break;
    }
    return {};
  }
  Status Finish(LineBuffer*) override { return {}; }
  Result<std::string> Save(LineBuffer*) override { return std::string(); }

 private:
  const FileFormat format_;
  ItemWriter writer_;
};

}  // namespace

Result<std::unique_ptr<ItemEncoder>> NewItemEncoder(const FileStyle& style,
                                                    const std::optional<std::string>& saved) {
  if (!IsDelimited(style.format))
    return std::unique_ptr<ItemEncoder>(std::make_unique<LineEncoder>(style));
  auto writer = std::make_unique<DelimitedWriter>(style);
  if (saved) RETURN_IF_ERROR(writer->GoOn(*saved));
  return std::unique_ptr<ItemEncoder>(std::move(writer));
}

}  // namespace penstock
