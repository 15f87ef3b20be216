// The files of DynamoDB's own exports (native_manifest.h), found in a folder.
#pragma once

#include "transfer/export_contents.h"

namespace penstock {

/// The folders of the exports whose summary is among `entries`: "", or "AWSDynamoDB/<id>/".
std::vector<std::string> FindNativeExports(const std::vector<FolderEntry>& entries);

/// The export at `at`, one of those. Its files are looked for beside its manifest, wherever it was
/// made; empty ones are left out. `keeps_faults`: as ExportRequest has it.
Result<ExportContents> ReadNativeContents(DataFolder& folder,
                                          const std::vector<FolderEntry>& entries,
                                          const std::string& at, bool keeps_faults);

}  // namespace penstock
