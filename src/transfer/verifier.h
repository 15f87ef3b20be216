// Verifier: proves an export. Its files are read against their manifest; with a table, the digest
// of their items is held against that of a scan, which spends read capacity under the same bound as
// an export. When they differ and the export is not too large to remember, the keys of the first
// differing items are named.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "transfer/export_contents.h"
#include "transfer/table_description.h"
#include "transfer/transfer.h"

namespace penstock {

/// One verification. Run it once.
class Verifier {
 public:
  Verifier(const TransferContext& context, const VerifyOptions& options,
           const ProgressCallback& progress, std::stop_token stop);
  Result<TransferReport> Run();

 private:
  friend class ScannedItems;

  Status ReadFiles();
  Status ScanTableItems();
  /// Reads the files again for the keys of items that the table does not have.
  Status NameMissing();
  void Compare();
  void Differ(std::string difference);

  const TransferContext context_;
  const VerifyOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  ExportContents contents_;
  TableDescription table_;

  std::mutex mutex_;
  TransferReport report_;
  uint64_t table_items_ = 0;
  ContentDigest table_digest_;
  bool remembers_ = true;                 // whether hashes_ has them all
  std::vector<ContentDigest> hashes_;     // of the files' items, sorted once all are there
  std::vector<std::atomic<bool>> found_;  // which of them the table has
  std::vector<std::string> only_in_table_, only_in_export_;  // keys, the first of them
};

}  // namespace penstock
