#include "transfer/export_destination.h"

#include <algorithm>

#include "transfer/import_record.h"
#include "transfer/local_folder.h"
#include "transfer/table_archive.h"

namespace penstock {
namespace {

constexpr uint64_t kRunRecordSizeMax = 1u << 20;
constexpr uint64_t kCheckpointSizeMax = 1u << 30;
constexpr std::string_view kNewTableName = "_penstock/table.json";

/// The files by which runs know of each other.
bool IsState(std::string_view name) {
  return name == kRunRecordName || name == kReplacedName || name == kNewTableName ||
         name == ExportDestination::kCheckpointName;
}

/// What unfinished imports have noted down. Lines that they rejected are nobody's to take away.
bool IsOfImports(std::string_view name) {
  return name.starts_with(kRunFolderName) && !IsState(name) &&
         !name.starts_with(kRejectsFolderName);
}

ExportLayout LayoutOf(const RunRecord& run) { return {run.style, run.run_id, run.started_at}; }

/// Whether a name is that of a file which this run makes or made.
bool IsOfRun(const RunRecord& run, std::string_view name) {
  return IsDataFileOf(run.run_id, name) || LayoutOf(run).Owns(name);
}

/// What makes a run another one, for people.
std::string FirstDifference(const RunRecord& run, const RunRecord& wanted) {
  if (run.table != wanted.table) return "the table is now " + wanted.table;
  if (run.table_id != wanted.table_id) return "the table was deleted and made again";
  if (run.segments != wanted.segments) return fmt::format("it has {} segments", run.segments);
  if (run.consistent_read != wanted.consistent_read) return "it reads with another consistency";
  if (run.server_side_encryption != wanted.server_side_encryption ||
      run.kms_key_id != wanted.kms_key_id) {
    return "its objects are encrypted in another way";
  }
  return "its files have another style";
}

/// A small file that need not be there.
Result<std::optional<std::string>> ReadIfThere(DataFolder& folder, std::string_view name,
                                               uint64_t size_max) {
  auto text = folder.Read(name, size_max);
  if (text) return std::optional(*std::move(text));
  if (text.error().code == ErrorCode::kNotFound) return std::optional<std::string>();
  return std::move(text.error());
}

/// What the manifest of a run says, if it is there and that run's.
Result<std::optional<ExportProof>> FindDone(DataFolder& folder, const RunRecord& run) {
  const ExportLayout layout = LayoutOf(run);
  std::optional<ExportProof> proof;
  ASSIGN_OR_RETURN(auto text, ReadIfThere(folder, layout.manifest_name(), kManifestSizeMax));
  if (!text) return proof;
  auto read = layout.ReadProof(*text);
  if (!read) return std::move(read.error()).In(folder.AddressOf(layout.manifest_name()));
  if (*read && (*read)->run_id == run.run_id) proof = **std::move(read);
  return proof;
}

Result<std::optional<RunRecord>> ReadRun(DataFolder& folder) {
  std::optional<RunRecord> run;
  ASSIGN_OR_RETURN(auto text, ReadIfThere(folder, kRunRecordName, kRunRecordSizeMax));
  if (!text) return run;
  auto record = ParseRunRecord(*text);
  if (!record) return std::move(record.error()).In(folder.AddressOf(kRunRecordName));
  run = *std::move(record);
  return run;
}

/// What a run noted down that it replaces.
Result<std::optional<ReplacedExport>> ReadReplacedBy(DataFolder& folder, const RunRecord& run) {
  std::optional<ReplacedExport> found;
  ASSIGN_OR_RETURN(auto text, ReadIfThere(folder, kReplacedName, kManifestSizeMax));
  if (!text) return found;
  auto replaced = ParseReplacedExport(*text);
  if (!replaced) return std::move(replaced.error()).In(folder.AddressOf(kReplacedName));
  // A run that was killed before it had put its own record wanted to replace the one that is here.
  if (replaced->run_id != run.run_id) found = *std::move(replaced);
  return found;
}

}  // namespace

Result<std::string> FindReplacedManifest(DataFolder& folder) {
  ASSIGN_OR_RETURN(std::optional<RunRecord> run, ReadRun(folder));
  if (!run) return std::string();
  ASSIGN_OR_RETURN(std::optional<ReplacedExport> replaced, ReadReplacedBy(folder, *run));
  if (!replaced || replaced->manifest == LayoutOf(*run).manifest_name()) return std::string();
  ASSIGN_OR_RETURN(std::optional<ExportProof> done, FindDone(folder, *run));
  return done ? replaced->manifest : std::string();
}

Result<std::string> ReadTableText(DataFolder& folder) {
  ASSIGN_OR_RETURN(auto waiting, ReadIfThere(folder, kNewTableName, kTableArchiveSizeMax));
  if (waiting) {
    ASSIGN_OR_RETURN(std::optional<RunRecord> run, ReadRun(folder));
    ASSIGN_OR_RETURN(auto done, run ? FindDone(folder, *run) : std::optional<ExportProof>());
    if (done) return *std::move(waiting);
  }
  return folder.Read(kTableArchiveName, kTableArchiveSizeMax);
}

Result<std::string> ManifestAddress(const DataFolder& folder, const std::string& base) {
  if (base.empty()) return folder.Url();
  auto parsed = ParseS3Uri(base);
  if (!parsed) return std::move(parsed.error()).In("the manifest's base");
  std::string address = FormatS3Uri(*parsed);
  while (address.ends_with('/')) address.pop_back();
  return address;
}

ExportDestination::ExportDestination(DataFolder* folder, const ExportOptions& options)
    : folder_(folder), options_(options) {}

Status ExportDestination::Claim(const RunRecord& wanted) {
  run_ = wanted;
  // The record first: a run that begins in between then has its files among the entries.
  RETURN_IF_ERROR(Look());
  ASSIGN_OR_RETURN(entries_, folder_->List());
  if (!last_) return Begin();
  // What is finished here may be what was to be replaced: it must not pass for its replacement.
  const bool may_be_old = options_.overwrite != Overwrite::kNothing && last_done_ && !replaced_;
  const bool is_ours =
      options_.run_id.empty() ? options_.resume && !may_be_old : last_->run_id == options_.run_id;
  return is_ours ? GoOn() : Begin();
}

Status ExportDestination::Look() {
  ASSIGN_OR_RETURN(last_, ReadRun(*folder_));
  if (!last_) return {};
  ASSIGN_OR_RETURN(last_done_, FindDone(*folder_, *last_));
  ASSIGN_OR_RETURN(replaced_, ReadReplacedBy(*folder_, *last_));
  return {};
}

bool ExportDestination::Has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const FolderEntry& entry) { return entry.name == name; });
}

Result<std::optional<ReplacedExport>> ExportDestination::FindFinished() const {
  ReplacedExport finished;
  if (last_done_) {
    finished.run_id = last_->run_id;
    finished.table = last_->table;
    finished.manifest = LayoutOf(*last_).manifest_name();
  } else if (replaced_ && Has(replaced_->manifest)) {
    return replaced_;
  } else if (Has(kManifestName)) {
    ASSIGN_OR_RETURN(std::string text, folder_->Read(kManifestName, kManifestSizeMax));
    auto manifest = ParseManifest(text);
    if (!manifest) return std::move(manifest.error()).In(folder_->AddressOf(kManifestName));
    ASSIGN_OR_RETURN(std::vector<std::string> names, RebasedNames(*manifest));
    finished.names.insert(names.begin(), names.end());
    finished.names.insert(std::string(kManifestName));
    finished.manifest = kManifestName;
    if (manifest->proof) {
      finished.run_id = manifest->proof->run_id;
      finished.table = manifest->proof->table;
    }
  } else {
    return std::optional<ReplacedExport>();
  }
  for (const FolderEntry& entry : entries_) {
    const bool is_in = entry.name == kTableArchiveName || entry.name == kSuccessName ||
                       IsOfImports(entry.name) || (last_done_ && IsOfRun(*last_, entry.name));
    if (is_in && !NameOfUnfinished(entry.name)) finished.names.insert(entry.name);
  }
  return std::optional(std::move(finished));
}

bool ExportDestination::IsOfExport(std::string_view name, const ReplacedExport* finished) const {
  return name.starts_with(kRunFolderName) || name == kTableArchiveName || name == kSuccessName ||
         (last_ && IsOfRun(*last_, name)) || (replaced_ && replaced_->names.contains(name)) ||
         (finished != nullptr && finished->names.contains(name));
}

bool ExportDestination::IsBare() const {
  return !last_ && std::all_of(entries_.begin(), entries_.end(), [](const FolderEntry& entry) {
    return entry.name.starts_with(kRunFolderName);
  });
}

FolderEntry ExportDestination::InTheWay() const {
  // Somebody may have emptied the place since its record was read.
  return entries_.empty() ? FolderEntry{std::string(kRunRecordName)} : entries_.front();
}

Status ExportDestination::CheckMayReplace(const ReplacedExport* finished) const {
  const bool is_own_failure =
      finished == nullptr && last_ && !run_.job.empty() && last_->job == run_.job;
  const std::string table = finished != nullptr ? finished->table : last_ ? last_->table : "";
  if (!is_own_failure && options_.overwrite == Overwrite::kNothing)
    return Refuse(InTheWay(), Describe());
  if (!is_own_failure && options_.overwrite == Overwrite::kSameTable && table != run_.table) {
    return Refuse(
        InTheWay(),
        fmt::format(" Only an export of the same table may be replaced, not this one, {}.",
                    table.empty() ? "which does not say of what table it is"
                                  : "which is of table " + table));
  }
  for (const FolderEntry& entry : entries_) {
    if (IsOfExport(NameOfUnfinished(entry.name).value_or(entry.name), finished)) continue;
    return Refuse(entry,
                  " That belongs to no export which is known here, and only exports are replaced.");
  }
  return {};
}

Status ExportDestination::Begin() {
  checkpoint_ = std::make_unique<ExportCheckpoint>(run_.run_id, run_.segments);
  std::optional<ReplacedExport> finished;
  if (!IsBare()) {
    if (!last_ && options_.overwrite == Overwrite::kNothing) return Refuse(InTheWay(), Describe());
    ASSIGN_OR_RETURN(finished, FindFinished());
    RETURN_IF_ERROR(CheckMayReplace(finished ? &*finished : nullptr));
  }
  // From here on things change. Who was here last, and what that one was replacing, stays on record
  // until all that goes is gone: whoever dies meanwhile leaves what the next one knows to be an
  // export's.
  if (!entries_.empty()) {
    RETURN_IF_ERROR(Clear(finished ? &*finished : nullptr));
    RETURN_IF_ERROR(finished ? folder_->Write(kReplacedName, WriteReplacedExport(*finished))
                             : folder_->Remove(kReplacedName));
  }
  replaced_ = std::move(finished);
  const std::string record = WriteRunRecord(run_);
  Status claimed =
      last_ ? folder_->Write(kRunRecordName, record) : folder_->WriteNew(kRunRecordName, record);
  // Of two that find the place empty, one may take the other's unfinished claim for a leftover.
  if (!claimed && (claimed.error().code == ErrorCode::kAlreadyExists ||
                   claimed.error().code == ErrorCode::kNotFound)) {
    return AlreadyExists(fmt::format(
        "exporting table {} to {}: another export has begun there at the same moment; give each a "
        "folder of its own",
        run_.table, folder_->address()));
  }
  RETURN_IF_ERROR(std::move(claimed));
  for (const SmallFile& file : Layout().Opening())
    RETURN_IF_ERROR(folder_->WriteNew(file.name, file.content));
  return {};
}

Status ExportDestination::Clear(const ReplacedExport* finished) {
  // The last run was interrupted at its very end.
  if (last_done_ && replaced_) RETURN_IF_ERROR(InstallTable());
  // Should the last run go on after all, it misses nothing without its checkpoint.
  RETURN_IF_ERROR(folder_->Remove(kCheckpointName));
  for (const FolderEntry& entry : entries_) {
    const bool stays = entry.name == kRunRecordName || entry.name == kReplacedName ||
                       entry.name.starts_with(kRejectsFolderName) ||
                       (finished != nullptr && finished->names.contains(entry.name));
    if (!stays) RETURN_IF_ERROR(folder_->Remove(entry.name));
  }
  return folder_->RemoveUnfinished(
      {}, [&](std::string_view name) { return IsOfExport(name, finished); });
}

Status ExportDestination::GoOn() {
  RunRecord wanted = std::exchange(run_, *last_);
  is_resumed_ = true;
  wanted.run_id = run_.run_id;
  wanted.job = run_.job;
  wanted.started_at = run_.started_at;
  if (options_.segments == 0) wanted.segments = run_.segments;
  if (wanted != run_ && last_done_) {
    return FailedPrecondition(
        fmt::format("the export at {} (run {}) is finished, and another one than this: {}; there "
                    "is nothing to resume. Choose another folder, or replace it (--overwrite)",
                    folder_->address(), run_.run_id, FirstDifference(run_, wanted)));
  }
  if (wanted != run_) {
    return FailedPrecondition(fmt::format(
        "the unfinished export at {} (run {}) is of table {} (id {}) with other "
        "parameters than these ({}); finish it with the same ones, or begin anew with "
        "--overwrite in the place of --resume",
        folder_->address(), run_.run_id, run_.table, run_.table_id, FirstDifference(run_, wanted)));
  }
  if (last_done_) {
    done_ = last_done_;
    return End();
  }
  ASSIGN_OR_RETURN(auto saved, ReadIfThere(*folder_, kCheckpointName, kCheckpointSizeMax));
  auto checkpoint = saved ? ExportCheckpoint::Parse(*saved, run_.run_id)
                          : Result<std::unique_ptr<ExportCheckpoint>>(NotFound(""));
  if (!checkpoint && checkpoint.error().code != ErrorCode::kNotFound)
    return std::move(checkpoint.error()).In(folder_->AddressOf(kCheckpointName));
  checkpoint_ = checkpoint ? *std::move(checkpoint)
                           : std::make_unique<ExportCheckpoint>(run_.run_id, run_.segments);
  std::set<std::string> known;
  for (const FileProof& file : checkpoint_->Files()) known.insert(file.name);
  std::vector<std::string> unknown;  // made after the last checkpoint
  for (const FolderEntry& entry : entries_) {
    const bool is_part = NameOfUnfinished(entry.name).has_value();
    const bool is_replaced = replaced_ && replaced_->names.contains(entry.name);
    if (known.erase(entry.name) > 0 || is_part || is_replaced || entry.name[0] == '_') continue;
    if (!IsOfRun(run_, entry.name) || entry.name == Layout().manifest_name()) {
      return Refuse(entry,
                    fmt::format(" That is not of the unfinished export there (run {}), which "
                                "goes on only without it.",
                                run_.run_id));
    }
    unknown.push_back(entry.name);
  }
  if (!known.empty()) {
    return FailedPrecondition(
        fmt::format("going on with the export at {} (run {}): its file {} was removed meanwhile; "
                    "begin anew with --overwrite in the place of --resume",
                    folder_->address(), run_.run_id, *known.begin()));
  }
  for (const std::string& name : unknown) RETURN_IF_ERROR(folder_->Remove(name));
  RETURN_IF_ERROR(
      folder_->RemoveUnfinished(checkpoint_->OpenFiles(), [this](std::string_view name) {
        return name.starts_with(kRunFolderName) || name == kTableArchiveName || IsOfRun(run_, name);
      }));
  for (const SmallFile& file : Layout().Opening())
    RETURN_IF_ERROR(folder_->WriteNew(file.name, file.content));
  return {};
}

Result<ExportProof> ExportDestination::Publish(const ExportOrigin& origin,
                                               std::string_view table_archive) {
  ExportProof proof{.run_id = run_.run_id, .table = run_.table};
  proof.files = checkpoint_->Files();
  std::sort(proof.files.begin(), proof.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const FileProof& file : proof.files) {
    proof.items += file.items;
    proof.bytes += file.bytes;
    proof.digest.Add(file.digest);
  }
  RETURN_IF_ERROR(CheckStillOurs());
  RETURN_IF_ERROR(folder_->Write(replaced_ ? kNewTableName : kTableArchiveName, table_archive));
  for (const SmallFile& file : Layout().Closing(proof, origin)) {
    const bool replaces = replaced_ && replaced_->manifest == file.name;
    RETURN_IF_ERROR(replaces ? folder_->Write(file.name, file.content)
                             : folder_->WriteNew(file.name, file.content));
  }
  RETURN_IF_ERROR(End());
  return proof;
}

Status ExportDestination::End() {
  for (const SmallFile& file : Layout().Sealing()) {
    if (!Has(file.name)) RETURN_IF_ERROR(folder_->WriteNew(file.name, file.content));
  }
  if (replaced_) {
    RETURN_IF_ERROR(InstallTable());
    RETURN_IF_ERROR(RemoveReplaced());
  }
  return folder_->Remove(kCheckpointName);
}

Status ExportDestination::InstallTable() {
  ASSIGN_OR_RETURN(auto text, ReadIfThere(*folder_, kNewTableName, kTableArchiveSizeMax));
  if (!text) return {};
  RETURN_IF_ERROR(folder_->Write(kTableArchiveName, *text));
  return folder_->Remove(kNewTableName);
}

Status ExportDestination::RemoveReplaced() {
  auto remove = [&](const std::string& name) -> Status {
    // What every export has is the new one's now.
    if (Layout().Owns(name) || name == kTableArchiveName) return {};
    return folder_->Remove(name);
  };
  // Without its manifest nobody takes the rest for an export.
  RETURN_IF_ERROR(remove(replaced_->manifest));
  for (const std::string& name : replaced_->names) RETURN_IF_ERROR(remove(name));
  return folder_->Remove(kReplacedName);
}

Status ExportDestination::CheckStillOurs() {
  ASSIGN_OR_RETURN(std::optional<RunRecord> now, ReadRun(*folder_));
  if (!now || now->run_id != run_.run_id) {
    return FailedPrecondition(fmt::format(
        "exporting table {} to {}: {} meanwhile, so this export (run {}) is not finished there. "
        "Give each export a folder of its own, for instance one with the date in its name",
        run_.table, folder_->address(),
        now ? fmt::format("the export of table {} with run {} has claimed the place", now->table,
                          now->run_id)
            : folder_->AddressOf(kRunRecordName) + " was removed",
        run_.run_id));
  }
  if (!replaced_) return {};
  ASSIGN_OR_RETURN(std::optional<ExportProof> done, FindDone(*folder_, run_));
  if (!done) return {};
  return AlreadyExists(folder_->AddressOf(Layout().manifest_name()) +
                       " was made by somebody else meanwhile");
}

Error ExportDestination::Explain(Error failure) {
  if (checkpoint_ == nullptr) return failure;
  auto now = ReadRun(*folder_);
  if (!now || !*now || (*now)->run_id == run_.run_id) return failure;
  // Best effort: what stays is in the way of the next one, no more.
  auto is_ours = [this](std::string_view name) { return IsDataFileOf(run_.run_id, name); };
  if (auto entries = folder_->List()) {
    for (const FolderEntry& entry : *entries) {
      if (is_ours(entry.name)) static_cast<void>(folder_->Remove(entry.name).has_value());
    }
  }
  static_cast<void>(folder_->RemoveUnfinished({}, is_ours).has_value());
  Status lost = CheckStillOurs();
  return lost ? failure : std::move(lost).error();
}

std::string ExportDestination::Describe() const {
  if (!last_) return "";
  const std::string what = fmt::format(" It holds the {} export of table {} begun at {} (run {})",
                                       last_done_ ? "finished" : "unfinished", last_->table,
                                       FormatIsoMillis(last_->started_at), last_->run_id);
  if (last_done_)
    return what + "; --overwrite (in a definition myAllowFixedExportPath = true) replaces it.";
  if (!replaced_ || !Has(replaced_->manifest))
    return what + ": to go on with that one, resume it (--resume).";
  return fmt::format(
      "{}, which is to replace the finished one{} that is still there, whole: to go on with it, "
      "resume it (--resume); to begin another in the place of both, --overwrite.",
      what, replaced_->table.empty() ? "" : " of table " + replaced_->table);
}

Error ExportDestination::Refuse(const FolderEntry& foreign, const std::string& why) const {
  return AlreadyExists(fmt::format(
      "exporting table {} to {}: the destination is not empty, it has {}.{} Choose an empty "
      "folder, for instance one with the date in its name, or move away what is there.",
      options_.table, folder_->address(), folder_->AddressOf(foreign.name), why));
}

}  // namespace penstock
