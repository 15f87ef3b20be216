// Importer: an export into an existing table. First everything is checked: the files against their
// manifest, the table's key against the items. Then several files are read at once, and each item
// goes to the lane of its key (batch_writer.h), through queues that bound memory. Order is kept per
// key within a file; an export has each key once.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "transfer/batch_writer.h"
#include "transfer/export_contents.h"
#include "transfer/table_description.h"
#include "transfer/transfer.h"

namespace penstock {

/// One import. Run it once.
class Importer {
 public:
  Importer(const TransferContext& context, const ImportOptions& options,
           const ProgressCallback& progress, std::stop_token stop);
  Result<TransferReport> Run();

 private:
  Status CheckOptions() const;
  /// Reads all files that have a proof, and the beginning of those that have none. Nothing is
  /// written before.
  Status CheckFiles();
  Status Write(RateController& rate, ProgressMeter& meter);
  Status ReadInto(size_t file, std::vector<std::unique_ptr<PutQueue>>& lanes,
                  const std::stop_token& stop);
  void AddReject(Reject reject);

  const TransferContext context_;
  const ImportOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  ExportContents contents_;
  TableDescription table_;
  std::mutex mutex_;  // for report_ while threads run
  TransferReport report_;
};

}  // namespace penstock
