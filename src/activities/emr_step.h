// The `step` field of EmrActivity: a jar and its arguments in one comma-separated text. Developer
// Guide, "EmrActivity".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/file_format.h"

namespace penstock {

/// "jar,arg1,arg2". A comma inside an argument is written `\\,` (two backslashes, after JSON
/// decoding), and a backslash
/// `\\\\`, because one level of escapes is dropped on the way to the program.
struct EmrStep {
  std::string jar;
  std::vector<std::string> arguments;
  bool operator==(const EmrStep&) const = default;
};
Result<EmrStep> ParseEmrStep(std::string_view text);

enum class TransferDirection { kExport, kImport };

/// What a step of the DynamoDB tools asks for: the classes DynamoDBExport, DynamoDbExport,
/// DynamoDBImport, DynamoDbImport in any package and any jar, with arguments S3 path, table, ratio
/// and (export) the number of segments.
struct TransferStep {
  TransferDirection direction;
  std::string path;
  std::string table;
  double ratio = 0.5;  // what the tools take when it is not given
  std::optional<int> segments;
  /// Of an export: what mapreduce.output.fileoutputformat.compress and ….codec say.
  Compression compression = Compression::kNone;
  std::vector<std::string> properties;  // of the other -D options, "name=value"
  bool operator==(const TransferStep&) const = default;
};
/// kNotFound: the step is none of theirs. kInvalidArgument: it is, but an argument is missing or
/// impossible.
Result<TransferStep> ParseTransferStep(const EmrStep& step);

}  // namespace penstock
