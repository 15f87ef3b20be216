// `penstock validate FILE…`: checks definition files as the service would, for people and for CI.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "definition/definition.h"
#include "definition/limits.h"
#include "time/instant.h"

namespace penstock {

struct ValidateCommand {
  std::vector<std::string> files;          // "-" is standard input, shown as <stdin>
  std::vector<ParameterValue> parameters;  // -p name=value, as given with an activation
  Limits limits = OpenLimits();            // --limits open|aws
  bool as_json = false;                    // --json
  std::optional<Instant> now = {};         // for warnings about starts in the past
  bool color = false;                      // standard output is a terminal and NO_COLOR is not set
  /// Reads a whole file (or standard input for "-").
  std::function<Result<std::string>(const std::string&)> read;
};

/// Splits "name=value" at the first '='; InvalidArgument shows the form.
Result<ParameterValue> ParseParameterArgument(std::string_view argument);

/// Prints one line a problem, "FILE:LINE:COLUMN: error: object "X" field "y": …"; or with
/// `as_json` one document
/// {"files":[{"file","valid","problems":[{"severity","object","field","line","column","message"}]}]}.
/// With parameters given, values are checked as on activation. Exit code: 0 all valid (warnings
/// allowed), 1 some invalid, 2 some file cannot be read or is no definition (said on `errors`; the
/// others are still checked).
int RunValidate(const ValidateCommand& command, std::ostream& out, std::ostream& errors);

}  // namespace penstock
