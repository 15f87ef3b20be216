// ExportContents: which files of a folder are an export, and what each must hold.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/data_folder.h"
#include "transfer/export_file.h"
#include "transfer/manifest.h"

namespace penstock {

struct ExportContents {
  std::vector<ExportFile> files;
  std::string manifest_name;               // within the folder; empty: there is none
  std::optional<uint64_t> items;           // of all files, if the manifest says
  std::string table, table_arn, table_id;  // that it is of, as far as the manifest says
  /// What it holds are changes (dynamodb-json, incremental), not a table.
  bool is_incremental = false;
  std::vector<std::string> warnings;
  /// What of its files is not as the manifest says, where that is no error
  /// (ExportRequest::keeps_faults). Such files are not in `files`.
  std::vector<std::string> faults;
};

/// What to look for in a folder, as far as somebody said. Value type.
struct ExportRequest {
  ReadStyle style;
  /// Takes all files if there is no manifest, which is what a failed export leaves behind.
  bool no_manifest = false;
  /// How whoever asks can have that, for people.
  std::string_view how_to_allow =
      "if these files are what you want, allow it (--no-manifest, in a definition "
      "myImportWithoutManifest = true)";
  /// Tells of files that are missing or of another size, rather than refusing the export.
  bool keeps_faults = false;
  /// Takes the manifest's urls as they are. REQUIRES: the folder is a LinkedFolder.
  bool follow_urls = false;
  /// Of several of DynamoDB's own exports in one folder, this one.
  std::string native_id = {};
};

/// With a manifest: its files, looked for in this folder wherever the export was made; one that is
/// missing or of another size is kFailedPrecondition (unless `keeps_faults`), as is a manifest with
/// another MD5 than the one beside it. Without: the control-character text files of the Hive age,
/// which never had one, with a warning; files of a format that is asked for by name and that only
/// we write manifests for (jsonl, csv, tsv); anything else only with `no_manifest`.
Result<ExportContents> ReadExportContents(DataFolder& folder, const ExportRequest& request,
                                          std::stop_token stop);

/// Where an export is that somebody named by its folder, its manifest or its AWSDynamoDB folder:
/// "s3://b/p/AWSDynamoDB/0123-ab", also with "/manifest-summary.json", is 0123-ab in "s3://b/p".
/// Other addresses have no `native_id`; "s3://b/p/manifest" is in "s3://b/p", but with a slash at
/// its end it is a folder.
struct ExportPlace {
  std::string folder, native_id;
  /// One text for both, the same however it was named. `address`: of the folder.
  std::string Name(std::string_view address) const;
  bool operator==(const ExportPlace&) const = default;
};
ExportPlace SplitExportPlace(std::string_view source);

}  // namespace penstock
