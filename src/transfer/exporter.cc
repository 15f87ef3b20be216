#include "transfer/exporter.h"

#include <algorithm>
#include <set>

#include "transfer/table_scan.h"

namespace penstock {
namespace {

constexpr uint64_t kFileItemsMax = 100'000;  // where the EMR connector cuts
constexpr uint64_t kFileBytesMax = 256u << 20;
constexpr size_t kAppendSize = 256u << 10;
constexpr uint64_t kManifestSizeMax = 64u << 20;
constexpr uint64_t kRunRecordSizeMax = 1u << 20;

std::string PartName(const std::string& name) { return "." + name + ".part"; }

/// One segment's items into its files.
class SegmentFiles : public SegmentSink {
 public:
  using Done = std::function<void(FileProof)>;

  SegmentFiles(DataFolder* folder, const RunRecord& run, int segment, ProgressMeter* meter,
               std::stop_token stop, Done done)
      : folder_(folder),
        run_(run),
        segment_(segment),
        meter_(meter),
        stop_(std::move(stop)),
        done_(std::move(done)),
        writer_(run.style) {}

  Status Take(const Item& item) override {
    if (file_ == nullptr) {
      proof_ = {.name = DataFileName(run_.run_id, segment_, sequence_++)};
      ASSIGN_OR_RETURN(file_, folder_->Create(proof_.name, stop_));
    }
    size_t before = lines_.size();
    writer_.AppendLine(item, &lines_);
    proof_.digest.Add(hasher_.Hash(item));
    ++proof_.items;
    ++page_items_;
    page_bytes_ += lines_.size() - before;
    proof_.bytes += lines_.size() - before;
    if (lines_.size() >= kAppendSize) RETURN_IF_ERROR(Flush());
    if (proof_.items >= kFileItemsMax || proof_.bytes >= kFileBytesMax) return Commit();
    return {};
  }

  Status EndPage() override {
    meter_->Add(page_items_, page_bytes_);
    page_items_ = page_bytes_ = 0;
    return {};
  }

  Status EndSegment() override { return file_ == nullptr ? Status() : Commit(); }

 private:
  Status Flush() {
    RETURN_IF_ERROR(file_->Append(lines_.view()));
    lines_.Clear();
    return {};
  }

  Status Commit() {
    RETURN_IF_ERROR(Flush());
    RETURN_IF_ERROR(file_->Commit());
    file_.reset();
    done_(std::move(proof_));
    return {};
  }

  DataFolder* const folder_;
  const RunRecord& run_;
  const int segment_;
  ProgressMeter* const meter_;
  const std::stop_token stop_;
  const Done done_;
  ItemWriter writer_;
  ItemHasher hasher_;
  LineBuffer lines_;
  std::unique_ptr<NewFile> file_;
  FileProof proof_;
  int sequence_ = 0;
  uint64_t page_items_ = 0, page_bytes_ = 0;
};

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
  ASSIGN_OR_RETURN(std::optional<TransferReport> done, TakeDestination(segments));
  if (done) return *std::move(done);

  RateController rate(
      options_.rate, table_.read,
      [this]() -> Result<TableCapacity> {
        ASSIGN_OR_RETURN(TableDescription now,
                         DescribeTable(*context_.dynamodb, options_.table, stop_));
        return now.read;
      },
      context_.clock, context_.random);
  ProgressMeter meter("exporting", progress_, context_.clock, &rate);
  meter.ExpectItems(table_.item_count);
  RETURN_IF_ERROR(ScanInto(rate, meter));

  ExportProof proof{.run_id = run_.run_id, .table = table_.name};
  std::sort(files_.begin(), files_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  Manifest manifest;
  for (const FileProof& file : files_) {
    manifest.urls.push_back(folder_->AddressOf(file.name));
    proof.items += file.items;
    proof.bytes += file.bytes;
    proof.digest.Add(file.digest);
  }
  proof.files = files_;
  manifest.proof = proof;
  RETURN_IF_ERROR(WriteOnce(kManifestName, WriteManifest(manifest)));
  RETURN_IF_ERROR(WriteOnce(kSuccessName, ""));
  meter.Finish();

  TransferReport report = Report(proof);
  RateController::Totals totals = rate.totals();
  report.consumed_units = totals.consumed;
  report.allowed_units = totals.allowed;
  report.throttled_requests = totals.throttles;
  report.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  return report;
}

Status Exporter::ScanInto(RateController& rate, ProgressMeter& meter) {
  TableScanOptions scan{.table = options_.table,
                        .consistent_read = options_.consistent_read,
                        .segments = run_.segments,
                        .workers = WorkerCount(options_.memory_bytes)};
  if (table_.item_count > 0) {
    scan.average_item_size =
        static_cast<double>(table_.size_bytes) / static_cast<double>(table_.item_count);
  }
  auto open = [&](int segment) -> std::unique_ptr<SegmentSink> {
    return std::make_unique<SegmentFiles>(folder_.get(), run_, segment, &meter, stop_,
                                          [this](FileProof proof) {
                                            std::lock_guard lock(mutex_);
                                            files_.push_back(std::move(proof));
                                          });
  };
  return ScanTable(*context_.dynamodb, scan, rate, meter, *context_.clock, *context_.random, open,
                   stop_);
}

Result<std::optional<TransferReport>> Exporter::TakeDestination(int segments) {
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, folder_->List());
  run_ = {.run_id = options_.run_id.empty() ? NewRunId(*context_.random) : options_.run_id,
          .table = table_.name,
          .table_id = table_.id,
          .started_at = context_.clock->Now(),
          .segments = segments,
          .style = options_.style,
          .consistent_read = options_.consistent_read};
  if (!entries.empty()) return TakeOver(entries);
  RETURN_IF_ERROR(WriteOnce(kRunRecordName, WriteRunRecord(run_)));
  return std::optional<TransferReport>();
}

Result<std::optional<TransferReport>> Exporter::TakeOver(const std::vector<FolderEntry>& entries) {
  auto text = folder_->Read(kRunRecordName, kRunRecordSizeMax);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) return text.error();
    // Killed before its first file had its name, a run leaves only that file's temporary form.
    for (const FolderEntry& entry : entries) {
      if (!entry.name.starts_with(kRunFolderName)) return RefuseForeign(entries).error();
    }
    for (const FolderEntry& entry : entries) RETURN_IF_ERROR(folder_->Remove(entry.name));
    RETURN_IF_ERROR(WriteOnce(kRunRecordName, WriteRunRecord(run_)));
    return std::optional<TransferReport>();
  }
  auto found = ParseRunRecord(*text);
  if (!found) return std::move(found.error()).In(folder_->AddressOf(kRunRecordName));
  bool ours = found->run_id == options_.run_id || (options_.resume && options_.run_id.empty());
  if (!ours) return RefuseForeign(entries).error();
  RunRecord wanted = run_;
  run_ = *std::move(found);
  resumed_from_ = run_.run_id;
  wanted.run_id = run_.run_id;
  wanted.started_at = run_.started_at;
  if (options_.segments == 0) wanted.segments = run_.segments;
  if (wanted != run_) {
    return FailedPrecondition(
        fmt::format("the unfinished export at {} (run {}) is of table {} (id {}) with other "
                    "parameters than these; finish it with the "
                    "same ones, or remove it and begin anew",
                    folder_->address(), run_.run_id, run_.table, run_.table_id));
  }

  std::set<std::string> names;
  for (const FolderEntry& entry : entries) names.insert(entry.name);
  if (names.contains(std::string(kManifestName))) {
    ASSIGN_OR_RETURN(std::string manifest_text, folder_->Read(kManifestName, kManifestSizeMax));
    ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(manifest_text));
    if (!manifest.proof || manifest.proof->run_id != run_.run_id)
      return RefuseForeign(entries).error();
    if (!names.contains(std::string(kSuccessName))) RETURN_IF_ERROR(WriteOnce(kSuccessName, ""));
    return std::optional<TransferReport>(Report(*manifest.proof));
  }

  // A segment's files were committed in order, so they are found in order, and removed from the
  // last to the first: a kill in between leaves the same shape.
  std::vector<std::vector<std::string>> own;  // by sequence
  auto claim = [&](const std::string& name, size_t sequence) {
    if (names.erase(name) == 0) return false;
    if (own.size() <= sequence) own.resize(sequence + 1);
    own[sequence].push_back(name);
    return true;
  };
  for (int segment = 0; segment < run_.segments; ++segment) {
    size_t sequence = 0;
    while (claim(DataFileName(run_.run_id, segment, static_cast<int>(sequence)), sequence))
      ++sequence;
    claim(PartName(DataFileName(run_.run_id, segment, static_cast<int>(sequence))), sequence);
  }
  claim(PartName(std::string(kManifestName)), 0);
  std::erase_if(names, [](const std::string& name) { return name.starts_with(kRunFolderName); });
  if (!names.empty()) return RefuseForeign({{*names.begin(), 0}}).error();
  for (auto level = own.rbegin(); level != own.rend(); ++level) {
    for (const std::string& name : *level) RETURN_IF_ERROR(folder_->Remove(name));
  }
  return std::optional<TransferReport>();
}

Status Exporter::RefuseForeign(const std::vector<FolderEntry>& entries) const {
  std::string whose;
  if (auto text = folder_->Read(kRunRecordName, kRunRecordSizeMax)) {
    if (auto record = ParseRunRecord(*text)) {
      whose = fmt::format(
          " It holds the export of table {} begun at {} (run {}): to go on with that one, resume "
          "it.",
          record->table, FormatIsoMillis(record->started_at), record->run_id);
    }
  }
  return AlreadyExists(fmt::format(
      "exporting table {} to {}: the destination is not empty, it has {}.{} Choose an empty "
      "folder, for instance one with the "
      "date in its name, or remove what is there.",
      options_.table, folder_->address(), folder_->AddressOf(entries.front().name), whose));
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
  report.manifest = folder_->AddressOf(kManifestName);
  return report;
}

}  // namespace penstock
