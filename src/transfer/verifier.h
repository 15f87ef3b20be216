// Verifier: proves an export. Its files are read against their manifest; with a table, the digest
// of their items is held against that of a scan, which spends read capacity under the same bound as
// an export. When they differ and the export is not too large to remember, the keys of the first
// differing items are named. In the place of an export there can be another table, of another
// account, region or server too.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "transfer/export_contents.h"
#include "transfer/table_description.h"
#include "transfer/table_scan.h"
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
  friend class SourceItems;
  friend class MissingItems;

  /// The sink of one segment; takes its items for one side or the other.
  using NewSink = std::function<std::unique_ptr<SegmentSink>(ProgressMeter*)>;

  Status OpenExport();
  Status OpenSourceTable(const std::string& name);
  /// A file that is not what the manifest says is a difference, however that shows.
  Status ReadFiles();
  Status ReadSourceTable();
  Status ScanTableItems();
  /// `side`: where the table is; its bound is that table's own.
  Status Scan(const TransferContext& side, const TableDescription& table, const std::string& phase,
              const NewSink& open);
  /// What the export says of its table, against what this one is.
  Status CompareSchema();
  /// Reads the files again for the keys of items that the table does not have.
  Status NameMissing();
  /// The keys that either side alone has, into the report.
  void NameDifferences();
  void SortHashes();
  void Compare();
  void Differ(std::string difference);
  /// Likewise, of a file that is not there or cannot be read to its end.
  void Damaged(std::string what);
  /// Whether a file that fails so is another one than its manifest says.
  bool IsDamage(const ExportFile& file, const Error& error) const;
  /// Names the item if the table does not have it.
  void LookFor(const Item& item, const ContentDigest& hash);
  std::string SourceName() const;
  std::string TableName() const { return NameOf(context_, table_); }
  /// With the place if there are two, as both tables may have one name.
  std::string NameOf(const TransferContext& side, const TableDescription& table) const;
  size_t HashesMax() const { return options_.memory_bytes / 4 / sizeof(ContentDigest); }

  const TransferContext context_;
  const TransferContext source_;  // with the clients of the table that is the source
  const VerifyOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> folder_;
  ExportContents contents_;
  std::optional<TableDescription> source_table_;  // in the place of an export
  TableDescription table_;

  std::mutex mutex_;
  TransferReport report_;
  bool is_damaged_ = false;  // not all of the export's items are known
  uint64_t table_items_ = 0;
  ContentDigest table_digest_;
  bool remembers_ = true;                 // whether hashes_ has them all
  std::vector<ContentDigest> hashes_;     // of the files' items, sorted once all are there
  std::vector<std::atomic<bool>> found_;  // which of them the table has
  std::vector<std::string> only_in_table_, only_in_export_;  // keys, the first of them
};

}  // namespace penstock
