#include "cli/format_flags.h"

#include "transfer/delimited_reader.h"
#include "transfer/run_record.h"

namespace penstock {

Result<FileStyle> WriteStyle(const FormatFlags& flags) {
  FileStyle style;
  if (!flags.format.empty()) {
    std::optional<FileFormat> format = ParseFileFormat(flags.format);
    if (!format) return InvalidArgument("--format " + flags.format + " is not known");
    style.format = *format;
  }
  style.compression = UsualCompression(style.format);
  if (!flags.compress.empty()) {
    std::optional<Compression> compression = ParseCompression(flags.compress);
    if (!compression) return InvalidArgument("--compress " + flags.compress + " is not known");
    style.compression = *compression;
  }
  if (!flags.null_tag.empty()) {
    std::optional<NullTag> tag = ParseNullTag(flags.null_tag);
    if (!tag) return InvalidArgument("--null-tag " + flags.null_tag + " is not known");
    if (style.format != FileFormat::kDataPipeline)
      return InvalidArgument("--null-tag concerns --format datapipeline only");
    style.line.null_tag = *tag;
  }
  if (!flags.attribute_order.empty()) {
    std::optional<AttributeOrder> order = ParseAttributeOrder(flags.attribute_order);
    if (!order)
      return InvalidArgument("--attribute-order " + flags.attribute_order + " is not known");
    if (IsDelimited(style.format) && *order == AttributeOrder::kJavaHashMap) {
      return InvalidArgument(
          "--attribute-order java-hashmap concerns the formats of JSON lines; csv and tsv have "
          "their "
          "columns in the order of --columns, server or sorted");
    }
    if (*order != AttributeOrder::kServer && !flags.columns.empty()) {
      return InvalidArgument(
          "--columns says in which order they are; leave --attribute-order out, or --columns");
    }
    style.line.order = *order;
  }
  if (!flags.columns.empty()) {
    if (!IsDelimited(style.format))
      return InvalidArgument("--columns concerns --format csv and tsv only");
    auto columns = ParseColumns(flags.columns, ',', StrayColon::kMistake);
    if (!columns) return std::move(columns.error()).In("--columns");
    style.columns = *std::move(columns);
  }
  return style;
}

Result<ReadStyle> ReadStyleOf(const FormatFlags& flags) {
  ReadStyle style{.leniency = flags.lenient ? Leniency::kGson : Leniency::kStrict};
  if (flags.format.empty()) return style;
  style.format = ParseFileFormat(flags.format);
  if (!style.format) return InvalidArgument("--format " + flags.format + " is not known");
  return style;
}

}  // namespace penstock
