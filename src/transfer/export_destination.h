// ExportDestination: the place an export goes to, and what lies there already. Order of what
// becomes visible:
//   _penstock/replaced.json    which finished export the run is going to replace, if it may and
//                              there is one (replaced_export.h)
//   _penstock/run.json         who is at work
//   _penstock/checkpoint.json  how far it has come; replaced every few seconds
//   <uuid>…                    data files, each whole
//   _table.json                what the table is; of a run that replaces another export, until its
//                              manifest is there, _penstock/table.json
//   manifest                   which files those are, with their proofs; at once in the place of
//                              the old one
//   _SUCCESS                   empty
// Then the replaced export's files go, but for the lines that imports of it rejected, and the
// checkpoint. Killed at any moment, a run leaves a prefix of that, and a later attempt with the
// same run id takes over: it goes on where the checkpoint says, removes what that does not know,
// or, if the manifest is there, only ends what was begun. Until the manifest is there, what it is
// to replace is whole and can be imported.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transfer/data_folder.h"
#include "transfer/export_checkpoint.h"
#include "transfer/export_layout.h"
#include "transfer/replaced_export.h"
#include "transfer/run_record.h"
#include "transfer/transfer.h"

namespace penstock {

/// Where a manifest is to say that the files of `folder` are: at `base` ("s3://bucket/folder"), if
/// that is not empty, else where they are. kInvalidArgument.
Result<std::string> ManifestAddress(const DataFolder& folder, const std::string& base);

/// What `_table.json` has to say of the export whose manifest lies in the folder, also if whoever
/// made it died before that file was in its place. kNotFound: nothing.
Result<std::string> ReadTableText(DataFolder& folder);

/// The name of a manifest that counts no more: its replacement is there, and whoever wrote that
/// died before this one was gone. Empty: there is none.
Result<std::string> FindReplacedManifest(DataFolder& folder);

/// For one export; one thread.
class ExportDestination {
 public:
  static constexpr std::string_view kCheckpointName = "_penstock/checkpoint.json";

  /// The folder and the options outlive it.
  ExportDestination(DataFolder* folder, const ExportOptions& options);

  /// Makes the place this run's: begins, goes on, or finds it done. kAlreadyExists: something lies
  /// there that may not be replaced; nothing was touched. kFailedPrecondition: it cannot go on.
  Status Claim(const RunRecord& wanted);

  /// After Claim: the run as it was begun, and how far it has come.
  const RunRecord& run() const { return run_; }
  ExportCheckpoint& checkpoint() { return *checkpoint_; }
  bool is_resumed() const { return is_resumed_; }
  /// Set if this very run had its manifest already: nothing is left to do.
  const std::optional<ExportProof>& done() const { return done_; }
  ExportLayout Layout() const { return {run_.style, run_.run_id, run_.started_at}; }

  /// Makes the files that the checkpoint knows an export, and takes away what it replaces.
  /// kFailedPrecondition: another run has claimed the place meanwhile.
  Result<ExportProof> Publish(const ExportOrigin& origin, std::string_view table_archive);
  /// After a failure of this run. If another one has claimed the place meanwhile, that is why, and
  /// nobody else knows this run's files: they are taken away.
  Error Explain(Error failure);

 private:
  bool Has(std::string_view name) const;
  /// Reads who was here last, and what that one was replacing.
  Status Look();
  /// The finished export that lies here, whoever made it.
  Result<std::optional<ReplacedExport>> FindFinished() const;
  /// Whether a name belongs to an export or to what a run left behind.
  bool IsOfExport(std::string_view name, const ReplacedExport* finished) const;
  /// Killed before its first file had its name, a run leaves only that file's temporary form.
  bool IsBare() const;
  /// One of the files that are here.
  FolderEntry InTheWay() const;
  /// Whether this run may begin in the place of `finished` (null: there is none), and of whatever
  /// else lies here.
  Status CheckMayReplace(const ReplacedExport* finished) const;
  Status Begin();
  /// Takes away what is neither of `finished` (null: there is none) nor a record of runs.
  Status Clear(const ReplacedExport* finished);
  Status GoOn();
  /// What comes after the manifest.
  Status End();
  /// Puts the new _table.json in its place.
  Status InstallTable();
  Status RemoveReplaced();
  Status CheckStillOurs();
  /// What lies here, for people.
  std::string Describe() const;
  /// `foreign`: the file in the way. `why`: a sentence on what cannot be done about it.
  Error Refuse(const FolderEntry& foreign, const std::string& why) const;

  DataFolder* const folder_;
  const ExportOptions& options_;
  std::vector<FolderEntry> entries_;        // as they were at the beginning
  std::optional<RunRecord> last_;           // the run that was here
  std::optional<ExportProof> last_done_;    // if it had finished
  std::optional<ReplacedExport> replaced_;  // by that run; later by this one
  RunRecord run_;
  std::unique_ptr<ExportCheckpoint> checkpoint_;
  bool is_resumed_ = false;
  std::optional<ExportProof> done_;
};

}  // namespace penstock
