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
                        .properties = properties};
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
