// Importer: an export into a table. First everything is checked: the files against their
// manifest, the table's key against the items. Then several files are read at once, and each item
// goes to the lane of its key (batch_writer.h), through queues that bound memory. Order is kept per
// key within a file; an export has each key once.
//
// In its state folder (usually the source, where old importers skip names that begin with '_') it
// keeps
//
//   _penstock/import-<run id>.json      while it is unfinished: how far it has come
//                                       (import_record.h)
//   _penstock/rejected/<run id>.jsonl   the lines that did not become items (rejected_line.h)
//
// An import whose answer is no leaves its record too: a retry by its name, or one that is to resume
// it, finds all of it done, writes nothing and says no again.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "transfer/batch_writer.h"
#include "transfer/checkpoint_file.h"
#include "transfer/export_contents.h"
#include "transfer/import_ledger.h"
#include "transfer/import_record.h"
#include "transfer/key_census.h"
#include "transfer/table_description.h"
#include "transfer/transfer.h"

namespace penstock {

/// How many lanes a memory budget allows.
int ImportLaneCount(uint64_t memory_bytes);

/// The table as an import would make it of what the export says (into `archive`, which may be
/// null): not there yet, with the status CREATING.
Result<TableDescription> TableToBeMade(DataFolder& folder, const ImportOptions& options,
                                       TableArchive* archive);

/// One import. Run it once.
class Importer {
 public:
  Importer(const TransferContext& context, const ImportOptions& options,
           const ProgressCallback& progress, std::stop_token stop);
  Result<TransferReport> Run();

 private:
  Result<TransferReport> Import();
  /// REQUIRES: mutex_ is held, while threads run.
  void Warn(std::string warning);
  Status CheckOptions() const;
  /// Describes the table, or foresees it if it is to be made.
  Status FindTable();
  /// Makes what was foreseen.
  Status MakeForeseen();
  /// Whether the table that is there can be imported into.
  Status CheckUsable();
  /// Warns of an export that says it is of a table with another key.
  Status CompareKeys();
  /// Reads all files that have a proof, and the beginning of those that have none. Nothing is
  /// written before.
  Status CheckFiles();
  /// Finds out whether this goes on with an earlier attempt, and how far that came.
  Status OpenState();
  Status Write(RateController& rate, ProgressMeter& meter);
  Status ReadInto(size_t file, std::vector<std::unique_ptr<PutQueue>>& lanes, ProgressMeter& meter,
                  const std::stop_token& stop);
  /// The table must still be the one that was written to.
  Status CheckTable();
  /// Remembers, for the report, the first of what an earlier attempt met.
  void ShowRejectsOf(BodySource& rejects);
  /// Remembers it for the report.
  void ShowReject(Reject reject);
  /// Brings the record and the rejects file up to date; the record's text.
  Result<std::string> SaveState();
  /// Takes up the rejects file of an earlier attempt.
  Status OpenRejects();
  /// Makes the lines in rejects_ safe. After an error they are still there.
  Status SaveRejects();
  Status CloseRejects();
  /// What was counted, into the report.
  void Count(const ImportCounts& counts);
  /// Why the answer of an import that counted so is no, if it is.
  std::optional<Error> Refusal(const ImportCounts& counts) const;

  const TransferContext context_;
  const ImportOptions options_;
  std::mutex telling_;  // held while the listener or the progress callback is called
  ProgressCallback progress_;
  const std::stop_token stop_;
  ExportPlace place_;
  std::unique_ptr<DataFolder> folder_;
  ExportContents contents_;
  TableDescription table_;
  std::optional<TableArchive> to_be_made_;  // of which the table is made when the files are proven
  std::optional<KeySchema> exported_key_;   // of the table that was exported, if that is said
  std::atomic<bool> has_ranks_ = false;     // whether an item has the attribute of ImportMode
  KeyCensus census_;                        // of the items that this attempt reads
  std::unique_ptr<DataFolder> state_folder_;
  ImportRecord record_;
  std::unique_ptr<ImportLedger> ledger_;
  std::unique_ptr<CheckpointFile> checkpoint_;  // null: the state folder cannot be written
  bool is_state_lost_ = false;                  // as that
  std::unique_ptr<NewFile> rejects_file_;       // null: record_.rejects says what is saved
  std::vector<std::string> rejects_;            // lines that are not saved in it yet
  std::mutex mutex_;                            // for report_ while threads run
  TransferReport report_;
};

}  // namespace penstock
