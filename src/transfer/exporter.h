// Exporter: a table into a new export. What becomes visible at the destination, in what order, and
// how a later attempt goes on: export_destination.h.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "transfer/data_folder.h"
#include "transfer/export_destination.h"
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
  /// All that comes after the claim of the destination.
  Result<ExportProof> Export(RateController& rate);
  Status ScanInto(RateController& rate, ProgressMeter& meter);
  /// The table must still be the one that was scanned.
  Status CheckTable();
  Result<ExportProof> Finish();
  TransferReport Report(const ExportProof& proof) const;

  const TransferContext context_;
  const ExportOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  std::optional<ExportDestination> destination_;
  TableDescription table_;
  std::vector<std::string> warnings_;
};

}  // namespace penstock
