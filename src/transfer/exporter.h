// Exporter: a table into a new export. Order of what becomes visible at the destination:
//   _penstock/run.json   who is at work
//   <uuid>…              data files, each whole, at most 100,000 items and 256 MiB
//   manifest             which files those are, with their proofs
//   _SUCCESS             empty
// Killed at any moment it leaves a prefix of that, and a later attempt with the same run id takes
// over: it removes the run's own data files and begins anew, or, if the manifest is there, finds
// itself done.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "transfer/data_folder.h"
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
  /// Makes the destination ours, or finds the export done already (then a report).
  Result<std::optional<TransferReport>> TakeDestination(int segments);
  Status RefuseForeign(const std::vector<FolderEntry>& entries) const;
  Result<std::optional<TransferReport>> TakeOver(const std::vector<FolderEntry>& entries);
  Status WriteOnce(std::string_view name, std::string_view content);
  Status ScanInto(RateController& rate, ProgressMeter& meter);
  TransferReport Report(const ExportProof& proof) const;

  const TransferContext context_;
  const ExportOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  TableDescription table_;
  RunRecord run_;
  std::optional<std::string> resumed_from_;
  std::mutex mutex_;
  std::vector<FileProof> files_;  // committed
};

}  // namespace penstock
