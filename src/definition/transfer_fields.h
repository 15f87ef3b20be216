// The user fields of an EmrActivity by which a definition says what is meant in its table
// transfers, to this program alone: to AWS they are any other user fields. A parameter value of the
// same name comes in the place of them all.
#pragma once

#include <string_view>

namespace penstock {

/// "true": each run may import the same again.
constexpr std::string_view kAllowRecurringImport = "myAllowRecurringImport";
/// "true": each run may export to the same path, and replaces the table's export that lies there.
constexpr std::string_view kAllowFixedExportPath = "myAllowFixedExportPath";
/// How many lines of an import may be rejected before the attempt fails; 0 if not given.
constexpr std::string_view kMaxRejects = "myMaxRejects";

constexpr std::string_view kTransferFields[] = {kAllowRecurringImport, kAllowFixedExportPath,
                                                kMaxRejects};

}  // namespace penstock
