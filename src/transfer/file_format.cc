#include "transfer/file_format.h"

#include <array>

namespace penstock {
namespace {

constexpr std::array<std::pair<FileFormat, std::string_view>, 5> kFormats = {
    {{FileFormat::kDataPipeline, "datapipeline"},
     {FileFormat::kDynamoDbJson, "dynamodb-json"},
     {FileFormat::kJsonLines, "jsonl"},
     {FileFormat::kCsv, "csv"},
     {FileFormat::kTsv, "tsv"}}};

constexpr std::array<std::pair<Compression, std::string_view>, 3> kCompressions = {
    {{Compression::kNone, "none"}, {Compression::kGzip, "gzip"}, {Compression::kZstd, "zstd"}}};

template <class Table, class Kind>
std::string_view NameIn(const Table& table, Kind kind) {
  for (const auto& [one, name] : table) {
    if (one == kind) return name;
  }
  return "?";
}

template <class Kind, class Table>
std::optional<Kind> FindIn(const Table& table, std::string_view text) {
  for (const auto& [kind, name] : table) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::string ColumnText(const Column& column) {
  return fmt::format("{}:{}", column.name, AttributeTypeName(column.type));
}

Result<Column> ParseColumn(std::string_view text, StrayColon stray) {
  size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::optional<AttributeType> type = ParseAttributeType(text.substr(colon + 1));
    Column column{std::string(text.substr(0, colon)), type.value_or(AttributeType::kS)};
    if (type && column.name.empty() && *type != AttributeType::kM)
      return InvalidArgument("the column without name must be :M");
    if (type) return column;
    if (stray == StrayColon::kMistake) {
      return InvalidArgument(fmt::format(
          "\"{}\" is no type (S, N, B, BOOL, NULL, SS, NS, BS, L, M); a name with a colon "
          "in it needs its type, as in {}:S",
          text.substr(colon + 1), text));
    }
  }
  if (text.empty()) return InvalidArgument("a column has neither name nor type");
  return Column{std::string(text), AttributeType::kS};
}

Compression UsualCompression(FileFormat format) {
  return format == FileFormat::kDynamoDbJson ? Compression::kGzip : Compression::kNone;
}

std::string FileSuffix(const FileStyle& style) {
  std::string suffix;
  switch (style.format) {
    case FileFormat::kDataPipeline:
      break;
    case FileFormat::kDynamoDbJson:
      suffix = ".json";
      break;
    case FileFormat::kJsonLines:
      suffix = ".jsonl";
      break;
    case FileFormat::kCsv:
      suffix = ".csv";
      break;
    case FileFormat::kTsv:
      suffix = ".tsv";
      break;
  }
  switch (style.compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      suffix += ".gz";
      break;
    case Compression::kZstd:
      suffix += ".zst";
      break;
  }
  return suffix;
}

std::string_view FileFormatName(FileFormat format) { return NameIn(kFormats, format); }
std::optional<FileFormat> ParseFileFormat(std::string_view text) {
  return FindIn<FileFormat>(kFormats, text);
}
std::string_view CompressionName(Compression compression) {
  return NameIn(kCompressions, compression);
}
std::optional<Compression> ParseCompression(std::string_view text) {
  return FindIn<Compression>(kCompressions, text);
}

}  // namespace penstock
