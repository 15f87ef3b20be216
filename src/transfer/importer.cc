#include "transfer/importer.h"

#include <algorithm>
#include <numeric>
#include <thread>

#include "base/encoding.h"
#include "json/json.h"
#include "transfer/export_destination.h"
#include "transfer/file_check.h"
#include "transfer/item_file.h"
#include "transfer/item_size.h"
#include "transfer/job_rate.h"
#include "transfer/linked_folder.h"
#include "transfer/parallel.h"
#include "transfer/rejected_line.h"
#include "transfer/text_blocks.h"

namespace penstock {
namespace {

constexpr uint64_t kSampleItems = 100;  // of each file without proof
constexpr uint64_t kLaneMemory = 24u << 20;
constexpr int kLanesMax = 32;
constexpr size_t kChunksQueued = 2;  // per lane
constexpr size_t kChunkBytesMax = 512u << 10;
constexpr uint64_t kBlockLines = 100;
constexpr std::chrono::seconds kBlockTime{1};  // on a slow table
constexpr uint64_t kRecordSizeMax = 256u << 20;
constexpr uint64_t kCensusShare = 32;          // of the memory: one part
constexpr size_t kRejectsHeadSize = 1u << 20;  // of the rejects file, to be shown again

std::string Items(uint64_t count) { return fmt::format("{} item{}", count, count == 1 ? "" : "s"); }

/// Whether all lines were settled, which is also of an import that was refused.
bool IsOver(const ImportRecord& record) {
  return std::all_of(record.files.begin(), record.files.end(),
                     [](const ImportedFile& file) { return file.progress.is_done; });
}

/// How items of the sample fit the table.
struct KeySample {
  std::mutex mutex;
  uint64_t items = 0, misfits = 0;
  std::string first_misfit;
};

}  // namespace

int ImportLaneCount(uint64_t memory_bytes) {
  return static_cast<int>(std::clamp<uint64_t>(memory_bytes / kLaneMemory, 1, kLanesMax));
}

Result<TableDescription> TableToBeMade(DataFolder& folder, const ImportOptions& options,
                                       TableArchive* archive) {
  auto text = ReadTableText(folder);
  if (!text) {
    return std::move(text.error())
        .In("making table " + options.table +
            ": what it was is not told in the export (make it yourself, with the key of its "
            "items)");
  }
  auto parsed = ParseTableArchive(*text);
  if (!parsed) return std::move(parsed.error()).In(folder.AddressOf(kTableArchiveName));
  ASSIGN_OR_RETURN(json::Object table, CreateTableRequest(*parsed, options.table, options.billing));
  if (archive != nullptr) *archive = *std::move(parsed);
  table["TableStatus"] = "CREATING";
  if (const json::Value* mode = json::Find(table, "BillingMode"))
    table["BillingModeSummary"] = json::Object{{"BillingMode", *mode}};
  return ParseTableDescription(json::Write(json::Object{{"Table", std::move(table)}}));
}

Importer::Importer(const TransferContext& context, const ImportOptions& options,
                   const ProgressCallback& progress, std::stop_token stop)
    : context_(context),
      options_(options),
      stop_(std::move(stop)),
      census_(options.memory_bytes / kCensusShare) {
  if (!progress) return;
  progress_ = [this, &progress](const Progress& now) {
    std::lock_guard lock(telling_);
    progress(now);
  };
}

Status Importer::CheckOptions() const {
  RETURN_IF_ERROR(CheckRateOptions(options_.rate, "the write ratio"));
  if (context_.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
  return {};
}

Result<TransferReport> Importer::Run() {
  Result<TransferReport> report = Import();
  if (!report && is_state_lost_)
    report.error().message += "; its state could not be kept: it has to begin anew";
  return report;
}

void Importer::Warn(std::string warning) {
  if (context_.listener.on_warning) {
    std::lock_guard lock(telling_);
    context_.listener.on_warning(warning);
  }
  report_.warnings.push_back(std::move(warning));
}

Result<TransferReport> Importer::Import() {
  std::chrono::nanoseconds began = context_.clock->Monotonic();
  RETURN_IF_ERROR(CheckOptions());
  place_ = SplitExportPlace(options_.source);
  ASSIGN_OR_RETURN(folder_,
                   OpenSourceFolder(context_, place_.folder, options_.follow_manifest_urls));
  RETURN_IF_ERROR(FindTable());
  ASSIGN_OR_RETURN(contents_, ReadExportContents(*folder_,
                                                 {.style = options_.style,
                                                  .no_manifest = options_.no_manifest,
                                                  .follow_urls = options_.follow_manifest_urls,
                                                  .native_id = place_.native_id},
                                                 stop_));
  if (contents_.is_incremental && options_.mode.kind != ImportMode::Kind::kOverwrite) {
    return InvalidArgument(fmt::format(
        "{} is an incremental export: what it says is deleted is deleted whatever the table has, "
        "and so its changes can only be applied as they are; import it with the mode overwrite, "
        "not {}",
        folder_->address(), ImportModeName(options_.mode)));
  }
  for (const std::string& warning : contents_.warnings) Warn(warning);
  RETURN_IF_ERROR(CompareKeys());
  if (to_be_made_) {
    // Of files that cannot be imported no table is made; nor was there an attempt to go on with.
    RETURN_IF_ERROR(CheckFiles());
    RETURN_IF_ERROR(MakeForeseen());
    if (Status opened = OpenState(); !opened) {
      return std::move(opened.error()).In(fmt::format("table {} was made, and stays", table_.name));
    }
  } else {
    RETURN_IF_ERROR(OpenState());
    Status checked = CheckFiles();
    if (!checked) {
      // Nothing was written: there is nothing to resume either.
      if (checkpoint_ != nullptr && !report_.resumed_from)
        static_cast<void>(checkpoint_->Remove().has_value());
      return checked.error();
    }
  }

  ASSIGN_OR_RETURN(std::unique_ptr<RateController> rate,
                   NewJobRate(context_, options_.rate, table_, CapacityKind::kWrite, stop_));
  ProgressMeter meter("importing", progress_, context_.clock, rate.get());
  if (contents_.items) meter.ExpectItems(*contents_.items);
  RETURN_IF_ERROR(Write(*rate, meter));
  RETURN_IF_ERROR(CheckTable());
  RETURN_IF_ERROR(CloseRejects());
  meter.Finish();

  ImportCounts counts = ledger_->Sum();
  Count(counts);
  rate->totals().AddTo(&report_);
  for (const ExportFile& file : contents_.files) report_.bytes += file.size;
  if (!contents_.manifest_name.empty())
    report_.manifest = folder_->AddressOf(contents_.manifest_name);
  report_.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  // An attempt that only went on saw the last ones alone.
  const bool saw_all = !report_.resumed_from;
  if (options_.mode.kind == ImportMode::Kind::kIfNewer && saw_all && !has_ranks_ &&
      counts.skipped > 0) {
    Warn(fmt::format(
        "no item of {} has the attribute {}: none was newer than what the table has, and {} "
        "were skipped",
        folder_->address(), options_.mode.attribute, Items(counts.skipped)));
  }
  report_.refusal = Refusal(counts);
  return report_;
}

void Importer::Count(const ImportCounts& counts) {
  report_.items = counts.written;
  report_.duplicates = counts.duplicates;
  // Under a condition the table said of each whether it was written.
  if (options_.mode.kind == ImportMode::Kind::kOverwrite && counts.repeats > counts.duplicates) {
    const uint64_t written_over = std::min(counts.repeats - counts.duplicates, counts.written);
    report_.items -= written_over;
    report_.duplicates += written_over;
  }
  report_.skipped = counts.skipped;
  report_.rejected = counts.rejected;
  report_.blank_lines = counts.blank_lines;
  report_.digest = counts.digest;
}

std::optional<Error> Importer::Refusal(const ImportCounts& counts) const {
  if (counts.rejected > options_.rejects_max) {
    std::string message =
        fmt::format("importing {} into table {}: {} rejected (allowed: {}), {} in the table",
                    folder_->address(), table_.name, Items(report_.rejected), options_.rejects_max,
                    Items(report_.items));
    if (!report_.rejects.empty()) message += "; the first: " + report_.rejects[0].Describe();
    if (report_.rejects_file) message += "; all that were rejected are in " + *report_.rejects_file;
    return FailedPrecondition(std::move(message));
  }
  const uint64_t repeats = std::max(counts.repeats, counts.duplicates);
  // Changes may come to one item more than once.
  if (repeats == 0 || !contents_.items || contents_.is_incremental) return std::nullopt;
  // Of keys beyond number only a sample is known.
  const std::string_view at_least = census_.IsComplete() ? "" : "at least ";
  std::string message = fmt::format(
      "importing {} into table {}: {}{} of the export's {} had the key of another one, of which "
      "only one stays: the table has not all of them. ",
      folder_->address(), table_.name, at_least, Items(repeats), Items(*contents_.items));
  if (exported_key_ && *exported_key_ == table_.key) {
    message += "The files have these keys twice themselves";
  } else {
    message +=
        fmt::format("The table's key is {}{}; import into a table with the key of the exported one",
                    table_.key.Describe(),
                    exported_key_ ? ", that of the exported one " + exported_key_->Describe() : "");
  }
  return FailedPrecondition(std::move(message));
}

Status Importer::CompareKeys() {
  auto text = ReadTableText(*folder_);
  if (!text && text.error().code == ErrorCode::kNotFound) return {};
  if (!text) return std::move(text.error());
  auto archive = ParseTableArchive(*text);
  auto exported = archive
                      ? ParseTableDescription(json::Write(json::Object{{"Table", archive->table}}))
                      : Result<TableDescription>(archive.error());
  if (!exported) {
    // The items can be imported without it.
    Warn(folder_->AddressOf(kTableArchiveName) + ": " + exported.error().message);
    return {};
  }
  exported_key_ = exported->key;
  if (exported->key == table_.key) return {};
  Warn(fmt::format(
      "the export is of a table with the key {}, table {} has the key {}: of items that have one "
      "key there only one stays",
      exported->key.Describe(), table_.name, table_.key.Describe()));
  return {};
}

Status Importer::FindTable() {
  auto found = DescribeTable(*context_.dynamodb, options_.table, stop_);
  if (!found && found.error().code == ErrorCode::kNotFound && options_.create_table) {
    found = TableToBeMade(*folder_, options_, &to_be_made_.emplace());
  }
  if (!found) return std::move(found.error());
  table_ = *std::move(found);
  return to_be_made_ ? Status() : CheckUsable();
}

Status Importer::MakeForeseen() {
  std::vector<std::string> warnings;
  Status made = MakeTable(*context_.dynamodb, *context_.clock, *to_be_made_, options_.table,
                          options_.billing, &warnings, stop_);
  for (std::string& warning : warnings) Warn(std::move(warning));
  RETURN_IF_ERROR(std::move(made));
  ASSIGN_OR_RETURN(table_, DescribeTable(*context_.dynamodb, options_.table, stop_));
  return CheckUsable();
}

Status Importer::CheckUsable() {
  if (table_.status == "CREATING" || table_.status == "DELETING") {
    return FailedPrecondition(fmt::format("table {} is {}; import into it when it is ACTIVE",
                                          table_.name, table_.status));
  }
  if (table_.HasStream()) {
    Warn(fmt::format("table {} has a stream: whatever reads it will see each item written here",
                     table_.name));
  }
  return {};
}

Status Importer::OpenState() {
  const std::string& where = options_.state_folder.empty() ? place_.folder : options_.state_folder;
  ASSIGN_OR_RETURN(state_folder_, OpenDataFolder(context_, where, options_.server_side_encryption,
                                                 options_.kms_key_id));
  record_.source = place_.Name(folder_->address());
  record_.run_id =
      options_.run_id.empty() ? ImportRunId(record_.source, table_.name) : options_.run_id;
  record_.table = table_.name;
  record_.table_id = table_.id;
  record_.mode = ImportModeName(options_.mode);
  record_.style = options_.style;
  for (const ExportFile& file : contents_.files)
    record_.files.push_back({file.name, file.size, {}});

  const std::string name = ImportRecordName(record_.run_id);
  auto text = state_folder_->Read(name, kRecordSizeMax);
  if (!text && text.error().code != ErrorCode::kNotFound) return text.error();
  if (text && !options_.resume && options_.run_id.empty()) {
    auto found = ParseImportRecord(*text);
    if (!found || !IsOver(*found)) {
      Warn(fmt::format("an unfinished import of {} into table {} was begun anew; --resume goes on",
                       record_.source, table_.name));
    } else if (WhyAnotherImport(*found, record_).empty()) {
      Warn(fmt::format(
          "an import of {} into table {} came to its end before and was refused: all of it is "
          "written again; --resume would write nothing",
          record_.source, table_.name));
    }
  } else if (!text && options_.resume) {
    Warn(fmt::format("there is no unfinished import of {} into table {} to resume: it begins anew",
                     record_.source, table_.name));
  } else if (text) {
    auto found = ParseImportRecord(*text);
    if (!found) return std::move(found.error()).In(state_folder_->AddressOf(name));
    std::string why = WhyAnotherImport(*found, record_);
    if (!why.empty() && options_.resume) {
      return FailedPrecondition(fmt::format(
          "the unfinished import that {} tells of is another one than this: {}; finish it with its "
          "own parameters, or remove that file and begin anew",
          state_folder_->AddressOf(name), why));
    }
    if (why.empty()) {
      record_ = *std::move(found);
      report_.resumed_from = record_.run_id;
    } else {
      Warn(fmt::format("an unfinished import of {} into table {} was begun anew: {}",
                       record_.source, table_.name, why));
    }
  }
  std::vector<FileProgress> progress;
  for (const ImportedFile& file : record_.files) progress.push_back(file.progress);
  ledger_ = std::make_unique<ImportLedger>(std::move(progress));
  RETURN_IF_ERROR(OpenRejects());
  checkpoint_ = std::make_unique<CheckpointFile>(state_folder_.get(), name, context_.clock,
                                                 [this] { return SaveState(); });
  // Before the first record, so that none tells of a file that is another attempt's.
  Status written =
      report_.resumed_from ? Status() : state_folder_->Remove(RejectsFileName(record_.run_id));
  if (written) written = checkpoint_->Write();
  if (!written) {
    checkpoint_.reset();
    Warn(fmt::format(
        "if it is interrupted, this import has to begin anew, because its state cannot be kept "
        "({}); --state-folder names another place for it",
        written.error().message));
    is_state_lost_ = true;
  } else if (context_.listener.on_resumable) {
    context_.listener.on_resumable();
  }
  return {};
}

Status Importer::OpenRejects() {
  if (!record_.rejects) return {};
  const std::string name = RejectsFileName(record_.run_id);
  auto file = state_folder_->Reopen(name, *record_.rejects, stop_);
  if (file) {
    rejects_file_ = *std::move(file);
    return {};
  }
  if (file.error().code != ErrorCode::kNotFound) return file.error();
  // An attempt may have ended between this file's commit and the record's removal.
  if (IsOver(record_)) {
    auto committed = state_folder_->Open(name, stop_);
    if (committed && (*committed)->Size() == record_.rejects->bytes) {
      report_.rejects_file = state_folder_->AddressOf(name);
      ShowRejectsOf(**committed);
      return {};
    }
  }
  return std::move(file.error())
      .In(fmt::format("going on with the import that {} tells of: its rejected lines are lost; "
                      "remove that file and begin anew",
                      state_folder_->AddressOf(ImportRecordName(record_.run_id))));
}

void Importer::ShowRejectsOf(BodySource& rejects) {
  std::string head(kRejectsHeadSize, '\0');
  size_t size = 0;
  while (size < head.size()) {
    auto count = rejects.Read(std::span(head).subspan(size));
    if (!count || *count == 0) break;
    size += *count;
  }
  std::string_view lines = std::string_view(head).substr(0, size);
  for (size_t end; (end = lines.find('\n')) != std::string_view::npos;
       lines.remove_prefix(end + 1)) {
    if (auto reject = ParseRejectedLine(lines.substr(0, end))) ShowReject(*std::move(reject));
  }
}

Result<std::string> Importer::SaveState() {
  std::vector<FileProgress> progress = ledger_->Snapshot(&rejects_);
  for (size_t i = 0; i < progress.size(); ++i) record_.files[i].progress = progress[i];
  if (!rejects_.empty()) RETURN_IF_ERROR(SaveRejects());
  return WriteImportRecord(record_);
}

Status Importer::SaveRejects() {
  const std::string name = RejectsFileName(record_.run_id);
  std::unique_ptr<NewFile> file = std::move(rejects_file_);
  if (file == nullptr && record_.rejects) {
    // Also after a stop: that is when it matters.
    ASSIGN_OR_RETURN(file, state_folder_->Reopen(name, *record_.rejects, {}));
  } else if (file == nullptr) {
    ASSIGN_OR_RETURN(file, state_folder_->Create(name, stop_));
  }
  std::string lines;
  for (const std::string& line : rejects_) lines += line + "\n";
  // Nobody knows what a file has that failed: it is left as it was saved last, and the lines are
  // kept for the next try.
  RETURN_IF_ERROR(file->Append(lines));
  ASSIGN_OR_RETURN(record_.rejects, file->Save());
  rejects_file_ = std::move(file);
  rejects_.clear();
  return {};
}

Status Importer::CloseRejects() {
  if (checkpoint_ == nullptr) {
    if (ledger_->Sum().rejected > report_.rejects.size()) {
      Warn("the rejected lines could not be kept; only the first are shown");
    }
    return {};
  }
  RETURN_IF_ERROR(checkpoint_->Write());
  if (rejects_file_ != nullptr) {
    RETURN_IF_ERROR(rejects_file_->Commit());
    rejects_file_.reset();
    report_.rejects_file = state_folder_->AddressOf(RejectsFileName(record_.run_id));
  }
  // A retry would meet the same: the record tells it so, and nothing is written a second time.
  return Refusal(ledger_->Sum()) ? Status() : checkpoint_->Remove();
}

Status Importer::CheckTable() {
  ASSIGN_OR_RETURN(TableDescription now, DescribeTable(*context_.dynamodb, options_.table, stop_));
  std::string raised = RaisedCapacity(table_, now, CapacityKind::kWrite);
  if (!raised.empty()) Warn(std::move(raised));
  if (now.id == table_.id) return {};
  return FailedPrecondition(fmt::format(
      "importing {} into table {}: the table was deleted and made again meanwhile, so that it has "
      "only a part of the items; import again",
      folder_->address(), table_.name));
}

Status Importer::CheckFiles() {
  ProgressMeter meter("checking files", progress_, context_.clock, nullptr);
  if (contents_.items) meter.ExpectItems(*contents_.items);
  FirstError failure(stop_);
  KeySample sample;
  InParallel(contents_.files.size(), kReadersMax, failure, [&](size_t index) -> Status {
    const ExportFile& file = contents_.files[index];
    uint64_t seen = 0;
    auto visit = [&](const Item& item, const ContentDigest&) {
      if (seen < kSampleItems) {
        std::optional<std::string> fault = table_.key.Fault(item);
        std::lock_guard lock(sample.mutex);
        ++sample.items;
        if (fault && sample.misfits++ == 0) sample.first_misfit = *fault;
      }
      ++seen;
      // With a checksum the bytes are proven; what they mean is compared as they are written.
      const bool is_all_wanted = file.is_proven() && !file.crc64nvme;
      return is_all_wanted || seen < kSampleItems;
    };
    auto findings = ReadFile(*folder_, file, visit, &meter, failure.stop());
    const std::string outcome =
        report_.resumed_from ? "nothing more was imported" : "nothing was imported";
    if (!findings) {
      if (file.crc64nvme && findings.error().code == ErrorCode::kCorrupt)
        findings.error().message += " (penstock verify tells whether its items differ)";
      return std::move(findings.error()).In(outcome);
    }
    std::string contradiction = Contradiction(file, *findings, folder_->AddressOf(file.name));
    if (!contradiction.empty()) {
      return FailedPrecondition(outcome + ": " + contradiction +
                                "; it is not the file that was exported");
    }
    if (findings->had_byte_order_mark) {
      std::lock_guard lock(mutex_);
      Warn(folder_->AddressOf(file.name) + " begins with a byte order mark, which was left out");
    }
    return {};
  });
  RETURN_IF_ERROR(failure.Outcome("checking the files of " + folder_->address()));
  meter.Finish();
  if (sample.misfits * 2 > sample.items) {
    return FailedPrecondition(
        fmt::format("nothing was imported: the items of {} do not fit table {}, whose key is {}: "
                    "{}. Import into a table with the key of "
                    "the one that was exported",
                    folder_->address(), table_.name, table_.key.Describe(), sample.first_misfit));
  }
  return {};
}

Status Importer::Write(RateController& rate, ProgressMeter& meter) {
  FirstError failure(stop_);
  LaneContext lane_context{.client = context_.dynamodb,
                           .table = options_.table,
                           .key = &table_.key,
                           .mode = options_.mode,
                           .ledger = ledger_.get(),
                           .checkpoint = checkpoint_.get(),
                           .rate = &rate,
                           .meter = &meter,
                           .clock = context_.clock,
                           .random = context_.random,
                           .reject = [this](const PutItem& item, const std::string& reason) {
                             Reject one{folder_->AddressOf(contents_.files[item.file].name),
                                        item.line, item.offset,
                                        "DynamoDB refuses the item: " + reason};
                             std::string line = WriteRejectedItem(one, item.request);
                             ShowReject(std::move(one));
                             return line;
                           }};
  ImportCounts before = ledger_->Sum();
  meter.Found(before.written + before.skipped, 0);
  std::vector<std::unique_ptr<PutQueue>> queues;
  std::vector<std::unique_ptr<BatchWriter>> writers;
  for (int i = 0; i < ImportLaneCount(options_.memory_bytes); ++i) {
    queues.push_back(std::make_unique<PutQueue>(kChunksQueued));
    writers.push_back(
        std::make_unique<BatchWriter>(lane_context, static_cast<uint64_t>(i), failure.stop()));
  }
  // A failed or stopped job must not leave a reader waiting for room that nobody makes.
  auto close_all = [&queues] {
    for (auto& queue : queues) queue->Close();
  };
  {
    std::stop_callback on_stop(failure.stop(), close_all);
    std::vector<std::jthread> lanes;
    for (size_t i = 0; i < writers.size(); ++i) {
      lanes.emplace_back([&, i] {
        Status done = writers[i]->Run(*queues[i]);
        if (!done) failure.Set(std::move(done.error()));
      });
    }
    InParallel(contents_.files.size(), kReadersMax, failure,
               [&](size_t file) { return ReadInto(file, queues, meter, failure.stop()); });
    close_all();
  }
  // What was written after the last checkpoint is saved from being repeated.
  if (failure.stop().stop_requested() && checkpoint_ != nullptr) {
    static_cast<void>(checkpoint_->Write().has_value());
  }
  return failure.Outcome(
      fmt::format("importing {} into table {}", folder_->address(), table_.name));
}

Status Importer::ReadInto(size_t index, std::vector<std::unique_ptr<PutQueue>>& lanes,
                          ProgressMeter& meter, const std::stop_token& stop) {
  const ExportFile& source = contents_.files[index];
  const FileProgress from = ledger_->At(index);
  if (from.is_done) {
    meter.Found(0, source.size);
    return {};
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> file, ItemFile::Open(*folder_, source, stop));
  struct Chunk {
    std::vector<PutItem> items;
    size_t bytes = 0;
  };
  std::vector<Chunk> chunks(lanes.size());
  auto push = [&](size_t lane) {
    if (chunks[lane].items.empty()) return true;
    bool pushed = lanes[lane]->Push(std::exchange(chunks[lane].items, {}));
    chunks[lane].bytes = 0;
    return pushed;
  };
  Item item;
  ItemHasher hasher;
  LineBuffer buffer;
  TextBlocks blocks;
  ImportCounts counts;    // of the block, but for what goes to lanes
  FileFindings findings;  // for files that were proven by their bytes
  std::vector<std::string> rejects;
  uint64_t items = 0, lines = 0, last_line = from.line;
  uint64_t block = ledger_->BeginBlock(index);
  std::chrono::nanoseconds block_began = context_.clock->Monotonic();
  auto end_block = [&](bool is_last) {
    ledger_->EndBlock(index, block, last_line, std::exchange(items, 0), std::exchange(counts, {}),
                      std::exchange(rejects, {}), is_last);
    lines = 0;
    block_began = context_.clock->Monotonic();
    if (!is_last) block = ledger_->BeginBlock(index);
  };
  auto reject = [&](uint64_t offset, std::string reason) {
    ++counts.rejected;
    Reject one{file->name(), file->line().number, offset, std::move(reason)};
    rejects.push_back(WriteRejectedLine(one, file->line().text));
    ShowReject(std::move(one));
  };
  uint64_t bytes_told = 0;
  auto bytes_since = [&] {
    return file->stored_bytes() - std::exchange(bytes_told, file->stored_bytes());
  };
  auto hash_key = [&] {
    buffer.Clear();
    table_.key.AppendKey(item, hasher, &buffer);
    return std::hash<std::string_view>()(buffer.view());
  };
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, file->Next(&item));
    if (!kind) break;
    ContentDigest hash;
    if (*kind == LineKind::kItem || *kind == LineKind::kDelete) hash = hasher.Hash(item);
    findings.Count(*kind, hash);
    if (*kind == LineKind::kBad && findings.bad_lines == 1) findings.first_fault = file->Fault();
    const bool is_settled = file->line().number <= from.line;  // by an earlier attempt
    if (is_settled) {
      if (*kind == LineKind::kItem && !table_.key.Fault(item)) census_.Repeats(hash_key());
      meter.Found(0, bytes_since());
      continue;
    }
    bool is_due = context_.clock->Monotonic() - block_began >= kBlockTime;
    if (++lines > kBlockLines || (lines > 1 && is_due)) end_block(false);
    last_line = file->line().number;
    if (*kind == LineKind::kBlank) {
      ++counts.blank_lines;
      continue;
    }
    if (*kind == LineKind::kBad) {
      reject(file->fault_offset(), file->reason());
      continue;
    }
    if (std::optional<std::string> fault = table_.key.Fault(item)) {
      reject(file->line().offset, *std::move(fault));
      continue;
    }
    PutItem put{.units = WriteUnits(ItemSize(item)),
                .bytes = bytes_since(),
                .hash = hash,
                .block = block,
                .file = static_cast<uint32_t>(index),
                .line = file->line().number,
                .offset = file->line().offset};
    put.is_delete = *kind == LineKind::kDelete;
    buffer.Clear();
    if (put.is_delete) {
      buffer.Append("{\"DeleteRequest\":{\"Key\":" + table_.key.Show(item) + "}}");
    } else {
      buffer.Append("{\"PutRequest\":{\"Item\":");
      ItemWriter::AppendWire(item, &buffer);
      buffer.Append("}}");
    }
    const size_t request_size = buffer.size();
    table_.key.AppendKey(item, hasher, &buffer);
    const std::string_view text = blocks.Keep(buffer.view(), &put.text);
    put.request = text.substr(0, request_size);
    put.key = text.substr(request_size);
    if (options_.mode.kind == ImportMode::Kind::kFailIfExists)
      put.shown_key = table_.key.Show(item);
    if (options_.mode.kind == ImportMode::Kind::kIfNewer) {
      if (const ItemNode* rank = item.Find(options_.mode.attribute)) {
        has_ranks_ = true;
        buffer.Clear();
        ItemWriter::AppendWireValue(item, *rank, &buffer);
        put.rank = buffer.view();
      }
    }
    ++items;
    put.key_hash = std::hash<std::string_view>()(put.key);
    if (!put.is_delete && census_.Repeats(put.key_hash)) ++counts.repeats;
    const size_t lane = put.key_hash % lanes.size();
    Chunk& chunk = chunks[lane];
    chunk.bytes += put.request.size();
    if (chunk.items.empty()) chunk.items.reserve(BatchWriter::kItemsMax);
    chunk.items.push_back(std::move(put));
    bool full = chunk.items.size() >= BatchWriter::kItemsMax || chunk.bytes >= kChunkBytesMax;
    if (full && !push(lane)) return Canceled("the import was stopped");
  }
  end_block(true);
  std::string contradiction =
      source.crc64nvme ? Contradiction(source, findings, file->name()) : std::string();
  if (!contradiction.empty()) return Corrupt(std::move(contradiction));
  for (size_t lane = 0; lane < lanes.size(); ++lane) {
    if (!push(lane)) return Canceled("the import was stopped");
  }
  return {};
}

void Importer::ShowReject(Reject reject) {
  std::lock_guard lock(mutex_);
  if (report_.rejects.size() < TransferReport::kRejectsKept)
    report_.rejects.push_back(std::move(reject));
}

}  // namespace penstock
