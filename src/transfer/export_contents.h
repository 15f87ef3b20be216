// ExportContents: which files of a folder are an export, and what each must hold.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "transfer/data_folder.h"
#include "transfer/line_reader.h"
#include "transfer/manifest.h"

namespace penstock {

struct ExportFile {
  std::string name;  // within the folder
  uint64_t size = 0;
  std::optional<FileProof> proof;
};

struct ExportContents {
  std::vector<ExportFile> files;
  std::optional<Manifest> manifest;
  LineShape shape = LineShape::kDataPipeline;
  std::vector<std::string> warnings;
};

/// With a manifest: its files, looked for in this folder wherever the export was made; one that is
/// missing or of another size is kFailedPrecondition. Without: the control-character text files of
/// the Hive age, which never had one, with a warning; anything else only with `no_manifest`,
/// because that is what a failed export leaves behind.
Result<ExportContents> ReadExportContents(DataFolder& folder, bool no_manifest,
                                          std::stop_token stop);

}  // namespace penstock
