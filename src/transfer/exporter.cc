#include "transfer/exporter.h"

#include <algorithm>
#include <set>

#include "json/json.h"
#include "transfer/job_rate.h"
#include "transfer/local_folder.h"
#include "transfer/segment_files.h"
#include "transfer/table_archive.h"
#include "transfer/table_scan.h"

namespace penstock {
namespace {

constexpr Duration kClockSkewMax{5'000};  // between who says when a run began and us
constexpr uint64_t kRunRecordSizeMax = 1u << 20;
constexpr uint64_t kCheckpointSizeMax = 1u << 30;
constexpr std::string_view kCheckpointName = "_penstock/checkpoint.json";

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

/// Whether the run's manifest is among what is there.
bool IsDone(const RunRecord& run, const std::vector<FolderEntry>& entries) {
  const ExportLayout layout(run.style, run.run_id, run.started_at);
  return std::any_of(entries.begin(), entries.end(), [&](const FolderEntry& entry) {
    return entry.name == layout.manifest_name();
  });
}

/// Whether a file is one that every export has, or a data file of this run.
bool IsOfRun(std::string_view run_id, std::string_view name) {
  return name.starts_with(kRunFolderName) || name == kTableArchiveName ||
         (!run_id.empty() && IsDataFileOf(run_id, name));
}

}  // namespace

Exporter::Exporter(const TransferContext& context, const ExportOptions& options,
                   const ProgressCallback& progress, std::stop_token stop)
    : context_(context), options_(options), progress_(progress), stop_(std::move(stop)) {}

Status Exporter::CheckOptions() const {
  RETURN_IF_ERROR(CheckRateOptions(options_.rate, "the read ratio"));
  if (options_.segments < 0 || options_.segments > 1'000'000) {
    return InvalidArgument(
        fmt::format("segments must be 1 to 1,000,000, not {}", options_.segments));
  }
  if (options_.run_id.size() > 200) return InvalidArgument("a run id has at most 200 characters");
  if (auto address = ManifestAddress(); !address) return std::move(address.error());
  if (context_.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
  return {};
}

Result<TransferReport> Exporter::Run() {
  std::chrono::nanoseconds began = context_.clock->Monotonic();
  RETURN_IF_ERROR(CheckOptions());
  ASSIGN_OR_RETURN(folder_, OpenDataFolder(context_, options_.destination,
                                           options_.server_side_encryption, options_.kms_key_id));
  ASSIGN_OR_RETURN(table_, DescribeTable(*context_.dynamodb, options_.table, stop_));
  if (table_.status == "CREATING" || table_.status == "DELETING") {
    return FailedPrecondition(
        fmt::format("table {} is {}; export it when it is ACTIVE", table_.name, table_.status));
  }
  int workers = WorkerCount(options_.memory_bytes);
  int segments = options_.segments > 0 ? options_.segments : SegmentCount(table_, workers);
  // Before anything is claimed or cleared.
  ASSIGN_OR_RETURN(std::unique_ptr<RateController> rate,
                   NewJobRate(context_, options_.rate, table_, CapacityKind::kRead, stop_));
  ASSIGN_OR_RETURN(std::optional<TransferReport> done, TakeDestination(segments));
  if (done) return *std::move(done);
  if (context_.listener.on_resumable) context_.listener.on_resumable();
  if (options_.resume && !resumed_from_) {
    warnings_.push_back("there was no unfinished export at " + folder_->address() +
                        " to resume: it was begun anew");
  }

  ProgressMeter meter("exporting", progress_, context_.clock, rate.get());
  meter.ExpectItems(table_.item_count);
  RETURN_IF_ERROR(ScanInto(*rate, meter));
  RETURN_IF_ERROR(CheckTable());
  ASSIGN_OR_RETURN(ExportProof proof, Finish());
  meter.Finish();

  TransferReport report = Report(proof);
  rate->totals().AddTo(&report);
  report.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  return report;
}

Status Exporter::ScanInto(RateController& rate, ProgressMeter& meter) {
  CheckpointFile checkpoint_file(folder_.get(), std::string(kCheckpointName), context_.clock,
                                 [this] { return checkpoint_->Write(); });
  ExportRun run{.folder = folder_.get(),
                .record = &run_,
                .checkpoint = checkpoint_.get(),
                .checkpoint_file = &checkpoint_file,
                .meter = &meter,
                .clock = context_.clock,
                .stop = stop_};
  for (const FileProof& file : checkpoint_->Files()) meter.Found(file.items, file.bytes);
  ScanSkew skew(table_.key.CollectionKey());
  TableScanOptions scan{.table = options_.table,
                        .consistent_read = options_.consistent_read,
                        .segments = checkpoint_->Remaining(),
                        .workers = WorkerCount(options_.memory_bytes),
                        .average_item_size = table_.AverageItemSize(),
                        .splits_tail = options_.splits_tail,
                        .skew = &skew};
  auto open = [&](SegmentStart* at) -> Result<std::unique_ptr<SegmentSink>> {
    ASSIGN_OR_RETURN(std::unique_ptr<SegmentFiles> files, SegmentFiles::Open(run, at));
    return std::unique_ptr<SegmentSink>(std::move(files));
  };
  Status scanned = ScanTable(*context_.dynamodb, scan, rate, meter, *context_.clock,
                             *context_.random, open, stop_);
  // What the workers saved at their end counts only with this.
  if (!scanned) static_cast<void>(checkpoint_file.Write().has_value());
  for (const std::string& finding : skew.Findings())
    warnings_.push_back(fmt::format("table {}: {}", table_.name, finding));
  return scanned;
}

Status Exporter::CheckReadable() {
  auto answer = context_.dynamodb->Call(
      "Scan", fmt::format("{{\"TableName\":{},\"Limit\":1}}", json::Quote(options_.table)),
      RetryPolicy::kPatient, stop_);
  if (!answer) {
    return answer.error().ToError(fmt::format(
        "reading table {}, before the export at {} is replaced", table_.name, folder_->address()));
  }
  return {};
}

Status Exporter::CheckTable() {
  ASSIGN_OR_RETURN(TableDescription now, DescribeTable(*context_.dynamodb, options_.table, stop_));
  std::string raised = RaisedCapacity(table_, now, CapacityKind::kRead);
  if (!raised.empty()) warnings_.push_back(std::move(raised));
  if (now.id == table_.id) return {};
  return FailedPrecondition(
      fmt::format("exporting table {}: it was deleted and made again meanwhile (its id was {} and "
                  "is {}); what was read is not an export of either. Begin anew elsewhere",
                  table_.name, table_.id, now.id));
}

Result<std::string> Exporter::ManifestAddress() const {
  if (options_.manifest_base.empty()) return folder_ ? folder_->address() : std::string();
  auto base = ParseS3Uri(options_.manifest_base);
  if (!base) return std::move(base.error()).In("the manifest's base");
  std::string address = FormatS3Uri(*base);
  while (address.ends_with('/')) address.pop_back();
  return address;
}

Result<ExportProof> Exporter::Finish() {
  ASSIGN_OR_RETURN(std::string address, ManifestAddress());
  ExportProof proof{.run_id = run_.run_id, .table = table_.name};
  proof.files = checkpoint_->Files();
  std::sort(proof.files.begin(), proof.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const FileProof& file : proof.files) {
    proof.items += file.items;
    proof.bytes += file.bytes;
    proof.digest.Add(file.digest);
  }
  const ExportOrigin origin{.table_arn = table_.arn,
                            .table_id = table_.id,
                            .started_at = run_.started_at,
                            .ended_at = context_.clock->Now(),
                            .address = std::move(address),
                            .server_side_encryption = options_.server_side_encryption,
                            .kms_key_id = options_.kms_key_id};
  ASSIGN_OR_RETURN(TableArchive archive,
                   ArchiveTable(*context_.dynamodb, table_.description, &warnings_, stop_));
  RETURN_IF_ERROR(folder_->Write(kTableArchiveName, WriteTableArchive(archive)));
  for (const SmallFile& file : Layout().Closing(proof, origin))
    RETURN_IF_ERROR(WriteOnce(file.name, file.content));
  for (const SmallFile& file : Layout().Sealing())
    RETURN_IF_ERROR(WriteOnce(file.name, file.content));
  RETURN_IF_ERROR(folder_->Remove(kCheckpointName));
  return proof;
}

Result<std::optional<TransferReport>> Exporter::TakeDestination(int segments) {
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, folder_->List());
  run_ = {.run_id = options_.run_id.empty() ? NewRunId(*context_.random) : options_.run_id,
          .table = table_.name,
          .table_id = table_.id,
          .started_at = context_.clock->Now(),
          .segments = segments,
          .style = options_.style,
          .consistent_read = options_.consistent_read,
          .server_side_encryption = options_.server_side_encryption,
          .kms_key_id = options_.kms_key_id};
  if (!entries.empty()) return TakeOver(entries);
  RETURN_IF_ERROR(Begin());
  return std::optional<TransferReport>();
}

Status Exporter::Begin() {
  checkpoint_ = std::make_unique<ExportCheckpoint>(run_.run_id, run_.segments);
  RETURN_IF_ERROR(WriteOnce(kRunRecordName, WriteRunRecord(run_)));
  for (const SmallFile& file : Layout().Opening())
    RETURN_IF_ERROR(WriteOnce(file.name, file.content));
  return {};
}

Result<std::optional<TransferReport>> Exporter::TakeOver(const std::vector<FolderEntry>& entries) {
  auto text = folder_->Read(kRunRecordName, kRunRecordSizeMax);
  if (!text && text.error().code != ErrorCode::kNotFound) return text.error();
  std::optional<RunRecord> found;
  if (text) {
    auto record = ParseRunRecord(*text);
    if (!record) return std::move(record.error()).In(folder_->AddressOf(kRunRecordName));
    found = *std::move(record);
  }
  bool ours =
      found && (found->run_id == options_.run_id || (options_.resume && options_.run_id.empty()));
  // Killed before its first file had its name, a run leaves only that file's temporary form.
  bool is_bare = !found && std::all_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.name.starts_with(kRunFolderName);
  });
  if (!ours) {
    if (!is_bare && !options_.overwrite) return RefuseForeign(entries.front(), entries).error();
    RETURN_IF_ERROR(CheckReadable());
    RETURN_IF_ERROR(ClearDestination(entries));
    RETURN_IF_ERROR(Begin());
    return std::optional<TransferReport>();
  }
  if (options_.begun && *options_.begun > found->started_at + kClockSkewMax) {
    if (IsDone(*found, entries)) return RefuseForeign(entries.front(), entries).error();
    RETURN_IF_ERROR(ClearDestination(entries));
    RETURN_IF_ERROR(Begin());
    return std::optional<TransferReport>();
  }
  RunRecord wanted = std::exchange(run_, *std::move(found));
  resumed_from_ = run_.run_id;
  wanted.run_id = run_.run_id;
  wanted.started_at = run_.started_at;
  if (options_.segments == 0) wanted.segments = run_.segments;
  if (wanted != run_) {
    return FailedPrecondition(fmt::format(
        "the unfinished export at {} (run {}) is of table {} (id {}) with other "
        "parameters than these ({}); finish it with the same ones, or remove it and "
        "begin anew",
        folder_->address(), run_.run_id, run_.table, run_.table_id, FirstDifference(run_, wanted)));
  }
  ASSIGN_OR_RETURN(std::optional<TransferReport> done, FindDone(entries));
  if (done) return done;

  auto saved = folder_->Read(kCheckpointName, kCheckpointSizeMax);
  if (saved) {
    auto checkpoint = ExportCheckpoint::Parse(*saved, run_.run_id);
    if (!checkpoint) return std::move(checkpoint.error()).In(folder_->AddressOf(kCheckpointName));
    checkpoint_ = *std::move(checkpoint);
  } else if (saved.error().code == ErrorCode::kNotFound) {
    checkpoint_ = std::make_unique<ExportCheckpoint>(run_.run_id, run_.segments);
  } else {
    return saved.error();
  }
  std::set<std::string> known;
  for (const FileProof& file : checkpoint_->Files()) known.insert(file.name);
  for (const FolderEntry& entry : entries) {
    bool is_part = NameOfUnfinished(entry.name).has_value();
    if (known.erase(entry.name) > 0 || is_part || entry.name[0] == '_') continue;
    if (!IsDataFileOf(run_.run_id, entry.name) && !Layout().Owns(entry.name))
      return RefuseForeign(entry, entries).error();
    // Made after the last checkpoint.
    RETURN_IF_ERROR(folder_->Remove(entry.name));
  }
  if (!known.empty()) {
    return FailedPrecondition(
        fmt::format("going on with the export at {} (run {}): its file {} was removed meanwhile; "
                    "remove the rest too and begin anew",
                    folder_->address(), run_.run_id, *known.begin()));
  }
  RETURN_IF_ERROR(folder_->RemoveUnfinished(
      checkpoint_->OpenFiles(),
      [this](std::string_view name) { return IsOfRun(run_.run_id, name) || Layout().Owns(name); }));
  for (const SmallFile& file : Layout().Opening())
    RETURN_IF_ERROR(WriteOnce(file.name, file.content));
  return std::optional<TransferReport>();
}

Result<std::optional<TransferReport>> Exporter::FindDone(const std::vector<FolderEntry>& entries) {
  auto has = [&](std::string_view name) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const FolderEntry& entry) { return entry.name == name; });
  };
  const ExportLayout layout = Layout();
  if (!IsDone(run_, entries)) return std::optional<TransferReport>();
  ASSIGN_OR_RETURN(std::string manifest, folder_->Read(layout.manifest_name(), kManifestSizeMax));
  ASSIGN_OR_RETURN(std::optional<ExportProof> proof, layout.ReadProof(manifest));
  if (!proof || proof->run_id != run_.run_id)
    return RefuseForeign(entries.front(), entries).error();
  for (const SmallFile& file : layout.Sealing()) {
    if (!has(file.name)) RETURN_IF_ERROR(WriteOnce(file.name, file.content));
  }
  RETURN_IF_ERROR(folder_->Remove(kCheckpointName));
  return std::optional<TransferReport>(Report(*proof));
}

Status Exporter::ClearDestination(const std::vector<FolderEntry>& entries) {
  std::set<std::string, std::less<>> own{std::string(kSuccessName)};
  std::optional<RunRecord> record;
  if (auto text = folder_->Read(kRunRecordName, kRunRecordSizeMax)) {
    if (auto parsed = ParseRunRecord(*text)) record = *std::move(parsed);
  }
  std::string manifest_name(kManifestName);
  if (record) {
    ExportLayout layout(record->style, record->run_id, record->started_at);
    manifest_name = layout.manifest_name();
    for (const FolderEntry& entry : entries) {
      if (layout.Owns(entry.name)) own.insert(entry.name);
    }
  }
  if (auto text = folder_->Read(kManifestName, kManifestSizeMax)) {
    ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(*text));
    ASSIGN_OR_RETURN(std::vector<std::string> names, RebasedNames(manifest));
    own.insert(names.begin(), names.end());
    own.insert(std::string(kManifestName));
  }
  auto is_ours = [&](std::string_view name) {
    return own.contains(name) || IsOfRun(record ? record->run_id : "", name) ||
           (record && ExportLayout(record->style, record->run_id, record->started_at).Owns(name));
  };
  for (const FolderEntry& entry : entries) {
    if (!is_ours(NameOfUnfinished(entry.name).value_or(entry.name)))
      return RefuseForeign(entry, entries).error();
  }
  // Without its manifest nobody takes the rest for an export.
  RETURN_IF_ERROR(folder_->Remove(manifest_name));
  for (const FolderEntry& entry : entries) RETURN_IF_ERROR(folder_->Remove(entry.name));
  return folder_->RemoveUnfinished({}, is_ours);
}

Status Exporter::RefuseForeign(const FolderEntry& foreign,
                               const std::vector<FolderEntry>& entries) const {
  std::string whose;
  if (auto text = folder_->Read(kRunRecordName, kRunRecordSizeMax)) {
    if (auto record = ParseRunRecord(*text)) {
      const bool is_done = IsDone(*record, entries);
      whose = fmt::format(
          " It holds the {} export of table {} begun at {} (run {}){}.",
          is_done ? "finished" : "unfinished", record->table, FormatIsoMillis(record->started_at),
          record->run_id,
          is_done ? "; --overwrite replaces it" : ": to go on with that one, resume it (--resume)");
    }
  }
  return AlreadyExists(fmt::format(
      "exporting table {} to {}: the destination is not empty, it has {}.{} Choose an empty "
      "folder, for instance one with the "
      "date in its name, or remove what is there.",
      options_.table, folder_->address(), folder_->AddressOf(foreign.name), whose));
}

Status Exporter::WriteOnce(std::string_view name, std::string_view content) {
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, folder_->Create(name, stop_));
  RETURN_IF_ERROR(file->Append(content));
  return file->Commit();
}

TransferReport Exporter::Report(const ExportProof& proof) const {
  TransferReport report;
  report.items = proof.items;
  report.bytes = proof.bytes;
  report.digest = proof.digest;
  report.resumed_from = resumed_from_;
  report.warnings = warnings_;
  report.manifest = folder_->AddressOf(Layout().manifest_name());
  return report;
}

}  // namespace penstock
