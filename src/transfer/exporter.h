// Exporter: a table into a new export. Order of what becomes visible at the destination:
//   _penstock/run.json         who is at work
//   _penstock/checkpoint.json  how far it has come; replaced every few seconds
//   <uuid>…                    data files, each whole
//   _table.json                what the table is
//   manifest                   which files those are, with their proofs
//   _SUCCESS                   empty
// Then the checkpoint goes. Killed at any moment, a run leaves a prefix of that, and a later
// attempt with the same run id takes over: it goes on where the checkpoint says, removes what that
// does not know, or, if the manifest is there, finds itself done.
#pragma once

#include <memory>
#include <vector>

#include "transfer/checkpoint_file.h"
#include "transfer/data_folder.h"
#include "transfer/export_checkpoint.h"
#include "transfer/export_layout.h"
#include "transfer/manifest.h"
#include "transfer/run_record.h"
#include "transfer/table_description.h"
#include "transfer/transfer.h"

namespace penstock {

/// One export. Run it once.
class Exporter {
 public:
  Exporter(const TransferContext& context, const ExportOptions& options,
           const ProgressCallback& progress, std::stop_token stop);
  Result<TransferReport> Run();

 private:
  Status CheckOptions() const;
  /// Where the manifest is to say that the files are; kInvalidArgument.
  Result<std::string> ManifestAddress() const;
  /// Makes the destination ours, or finds the export done already (then a report).
  Result<std::optional<TransferReport>> TakeDestination(int segments);
  Result<std::optional<TransferReport>> TakeOver(const std::vector<FolderEntry>& entries);
  /// A run's own end, if its manifest is there.
  Result<std::optional<TransferReport>> FindDone(const std::vector<FolderEntry>& entries);
  /// `foreign`: the one of `entries` to name.
  Status RefuseForeign(const FolderEntry& foreign, const std::vector<FolderEntry>& entries) const;
  /// Takes an older export away.
  Status ClearDestination(const std::vector<FolderEntry>& entries);
  Status Begin();
  Status WriteOnce(std::string_view name, std::string_view content);
  Status ScanInto(RateController& rate, ProgressMeter& meter);
  /// The table must still be the one that was scanned.
  /// Whether the table lets itself be read: one item is. What is replaced goes only then.
  Status CheckReadable();
  Status CheckTable();
  Result<ExportProof> Finish();
  TransferReport Report(const ExportProof& proof) const;
  ExportLayout Layout() const { return {run_.style, run_.run_id, run_.started_at}; }

  const TransferContext context_;
  const ExportOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  TableDescription table_;
  RunRecord run_;
  std::unique_ptr<ExportCheckpoint> checkpoint_;
  std::optional<std::string> resumed_from_;
  std::vector<std::string> warnings_;
};

}  // namespace penstock
