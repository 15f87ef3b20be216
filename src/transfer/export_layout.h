// ExportLayout: what an export consists of besides its data files, by format.
//   dynamodb-json   AWSDynamoDB/<ExportId>/_started, data/…, manifest-files.json and .md5,
//                   manifest-summary.json and .md5
//   the others      data files in the folder itself, manifest, _SUCCESS
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/file_format.h"
#include "transfer/manifest.h"
#include "transfer/native_manifest.h"

namespace penstock {

/// A file of a few bytes and where in the folder it belongs.
struct SmallFile {
  std::string name, content;
  bool operator==(const SmallFile&) const = default;
};

/// What an export is of, when and where. Empty texts: not known.
struct ExportOrigin {
  std::string table_arn, table_id;
  Instant started_at{}, ended_at{};
  std::string address;  // of the folder, as the manifest is to have it: "s3://…", "file:///…"
  std::string server_side_encryption, kms_key_id;
};

class ExportLayout {
 public:
  ExportLayout(const FileStyle& style, std::string run_id, Instant started_at);

  /// The file that makes it an export: until it is there, nobody takes it for one.
  const std::string& manifest_name() const { return manifest_name_; }
  /// The name of a data file; `stem` is its own, unique within the export.
  std::string DataName(std::string_view stem) const;
  /// To be written before any data file.
  std::vector<SmallFile> Opening() const;
  /// To be written in this order once all data files are there; the last is the manifest.
  /// `proof.files` in the order in which the manifest is to have them.
  std::vector<SmallFile> Closing(const ExportProof& proof, const ExportOrigin& origin) const;
  /// To be written after the manifest.
  std::vector<SmallFile> Sealing() const;
  /// Whether a name is one of the files above, or, where the export has a folder of its own, in it.
  bool Owns(std::string_view name) const;
  /// What the manifest of an export with this layout says of it; its files only where one file says
  /// both. nullopt: nothing, so that it is not one of ours. Errors as of the parsers.
  Result<std::optional<ExportProof>> ReadProof(std::string_view manifest) const;

 private:
  std::vector<SmallFile> ClosingNative(const ExportProof& proof, const ExportOrigin& origin) const;

  const FileStyle style_;
  const std::string run_id_;
  const std::string folder_;  // "" or "AWSDynamoDB/<ExportId>/"
  const std::string manifest_name_;
};

}  // namespace penstock
