// FileFormat: what the data files of an export look like, and the names that command line and
// manifests have for it.
//
//   datapipeline   {"name":{"s":"x"},…}            AWS Data Pipeline and the EMR connector
//   dynamodb-json  {"Item":{"name":{"S":"x"},…}}   DynamoDB's own export to S3
//   jsonl          {"name":{"S":"x"},…}            DynamoDB's attribute JSON, an item a line
//   csv, tsv       a header of typed columns, an item a record (delimited_writer.h)
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/item_writer.h"

namespace penstock {

enum class FileFormat { kDataPipeline, kDynamoDbJson, kJsonLines, kCsv, kTsv };
enum class Compression { kNone, kGzip, kZstd };

/// A column of a delimited file. One without a name, of type M, holds all attributes that have no
/// column of their own.
struct Column {
  std::string name;
  AttributeType type = AttributeType::kS;
  bool is_rest() const { return name.empty(); }
  bool operator==(const Column&) const = default;
};

/// What the last colon of a column is if no type follows it: part of a name, as other programs have
/// them in their headers, or a slip.
enum class StrayColon { kInName, kMistake };

/// "pk:S", "age:N", ":M". A text without a type is of type S; kInvalidArgument: neither name nor
/// type, or no name and another type than M.
std::string ColumnText(const Column& column);
Result<Column> ParseColumn(std::string_view text, StrayColon stray = StrayColon::kInName);

/// How the data files of an export are written. Value type.
struct FileStyle {
  FileFormat format = FileFormat::kDataPipeline;
  Compression compression = Compression::kNone;
  LineStyle line;  // its null tag concerns datapipeline only, its order not csv and tsv
  std::vector<Column> columns;  // of csv and tsv; empty: found in each file's first items
  bool operator==(const FileStyle&) const = default;
};

/// How much a line may differ from what exporters write.
enum class Leniency {
  kStrict,
  /// Also what Gson, the connector's parser, lets pass: single quotes, names and values without
  /// quotes, = and => for :, ; for a comma, comments, raw control characters; numbers as JSON
  /// numbers, tags in any case; base64 unpadded, with the URL's alphabet or broken by white space.
  kGson,
};

/// What somebody said of an export that is to be read. Value type.
struct ReadStyle {
  std::optional<FileFormat> format;  // nothing: its manifest and its files tell
  Leniency leniency = Leniency::kStrict;
  bool operator==(const ReadStyle&) const = default;
};

constexpr bool IsDelimited(FileFormat format) {
  return format == FileFormat::kCsv || format == FileFormat::kTsv;
}

/// gzip for dynamodb-json, as AWS writes it; none for the others, as their readers expect it.
Compression UsualCompression(FileFormat format);

/// Of a data file's name: "", ".gz", ".jsonl.zst" …
std::string FileSuffix(const FileStyle& style);

/// As on the command line and in manifests; nullopt for other texts.
std::string_view FileFormatName(FileFormat format);
std::optional<FileFormat> ParseFileFormat(std::string_view text);
std::string_view CompressionName(Compression compression);
std::optional<Compression> ParseCompression(std::string_view text);

}  // namespace penstock
