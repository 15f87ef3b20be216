#include "activities/emr_step.h"

#include <fmt/core.h>

#include "base/text.h"

namespace penstock {
namespace {

constexpr int kSegmentsMax = 1'000'000;  // Scan's TotalSegments

// Drops one level of escapes: `\\` is a backslash, `\,` a comma; another backslash stays.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == ',')) ++i;
    out += text[i];
  }
  return out;
}

// Splits at commas without a backslash before them and drops the second level of escapes.
std::vector<std::string> SplitArguments(std::string_view text) {
  std::vector<std::string> pieces(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      pieces.emplace_back();
      continue;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == ',')) ++i;
    pieces.back() += text[i];
  }
  return pieces;
}

std::optional<TransferDirection> DirectionOf(std::string_view class_name) {
  std::string_view name = class_name.substr(class_name.rfind('.') + 1);
  if (name == "DynamoDBExport" || name == "DynamoDbExport") return TransferDirection::kExport;
  if (name == "DynamoDBImport" || name == "DynamoDbImport") return TransferDirection::kImport;
  return std::nullopt;
}

/// What the properties that are Hadoop's for it say, and takes them out. gzip unless they name
/// another codec, as the tools have it.
Result<Compression> TakeCompression(std::vector<std::string>* properties) {
  constexpr std::string_view kCompress = "mapreduce.output.fileoutputformat.compress=";
  constexpr std::string_view kCodec = "mapreduce.output.fileoutputformat.compress.codec=";
  bool is_compressed = false;
  std::string codec = "GzipCodec";
  std::erase_if(*properties, [&](const std::string& property) {
    if (property.starts_with(kCompress)) {
      is_compressed = EqualsIgnoreCase(Trim(property.substr(kCompress.size())), "true");
      return true;
    }
    if (!property.starts_with(kCodec)) return false;
    codec = property.substr(std::max(property.rfind('.') + 1, kCodec.size()));
    return true;
  });
  if (!is_compressed) return Compression::kNone;
  if (codec == "GzipCodec") return Compression::kGzip;
  if (codec == "ZStandardCodec") return Compression::kZstd;
  return InvalidArgument(
      fmt::format("the export step's codec is {}; it must be GzipCodec or ZStandardCodec", codec));
}

}  // namespace

Result<EmrStep> ParseEmrStep(std::string_view text) {
  std::vector<std::string> pieces = SplitArguments(Unescape(text));
  EmrStep step{.jar = std::string(Trim(pieces.front())), .arguments = {}};
  if (step.jar.empty())
    return InvalidArgument(fmt::format("the step \"{}\" names no jar; write jar,argument,…", text));
  for (size_t i = 1; i < pieces.size(); ++i) step.arguments.emplace_back(Trim(pieces[i]));
  return step;
}

Result<TransferStep> ParseTransferStep(const EmrStep& step) {
  std::optional<TransferDirection> direction;
  std::vector<std::string> values, properties;
  for (size_t i = 0; i < step.arguments.size(); ++i) {
    const std::string& argument = step.arguments[i];
    if (argument == "-D" && i + 1 < step.arguments.size()) {
      properties.push_back(step.arguments[++i]);
    } else if (argument.starts_with("-D")) {
      properties.push_back(argument.substr(2));
    } else if (!direction) {
      direction = DirectionOf(argument);
      if (!direction) break;
    } else {
      values.push_back(argument);
    }
  }
  if (!direction) return NotFound("not a step of the DynamoDB tools");
  std::string_view what = *direction == TransferDirection::kExport ? "export" : "import";
  if (values.size() < 2 || values[0].empty() || values[1].empty()) {
    return InvalidArgument(fmt::format(
        "the {} step needs an S3 path and a table name after the class; it has {} of them", what,
        values.size()));
  }
  TransferStep transfer{.direction = *direction,
                        .path = values[0],
                        .table = values[1],
                        .segments = {},
                        .properties = {}};
  if (*direction == TransferDirection::kExport) {
    ASSIGN_OR_RETURN(transfer.compression, TakeCompression(&properties));
  }
  transfer.properties = std::move(properties);
  if (values.size() > 2) {
    std::optional<double> ratio = ParseDouble(values[2]);
    if (!ratio || *ratio <= 0 || *ratio > 1) {
      return InvalidArgument(
          fmt::format("the {} step's throughput ratio is \"{}\"; it must be above 0 and at most 1",
                      what, values[2]));
    }
    transfer.ratio = *ratio;
  }
  if (values.size() > 3 && *direction == TransferDirection::kExport) {
    std::optional<int64_t> segments = ParseInt64(values[3]);
    if (!segments || *segments < 1 || *segments > kSegmentsMax) {
      return InvalidArgument(
          fmt::format("the export step's number of segments is \"{}\"; it must be from 1 to {}",
                      values[3], kSegmentsMax));
    }
    transfer.segments = static_cast<int>(*segments);
  }
  return transfer;
}

}  // namespace penstock
