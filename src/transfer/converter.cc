#include "transfer/converter.h"

#include <algorithm>

#include "transfer/data_file.h"
#include "transfer/export_destination.h"
#include "transfer/file_check.h"
#include "transfer/import_record.h"
#include "transfer/item_file.h"
#include "transfer/parallel.h"
#include "transfer/rejected_line.h"
#include "transfer/run_record.h"
#include "transfer/table_archive.h"

namespace penstock {
namespace {

constexpr uint64_t kFileItemsMax = 100'000;  // as in exports
constexpr uint64_t kFileBytesMax = 256u << 20;
constexpr int kWorkersMax = 8;
constexpr uint64_t kItemsPerTick = 1000;

}  // namespace

Converter::Converter(const TransferContext& context, const ConvertOptions& options,
                     const ProgressCallback& progress, std::stop_token stop)
    : context_(context), options_(options), progress_(progress), stop_(std::move(stop)) {}

Result<TransferReport> Converter::Run() {
  const std::chrono::nanoseconds began = context_.clock->Monotonic();
  const std::string run_id = NewRunId(*context_.random);
  ExportOrigin origin{.started_at = context_.clock->Now()};
  ExportProof proof{.run_id = run_id};
  const ExportLayout layout(options_.style, run_id, origin.started_at);
  RETURN_IF_ERROR(Open());
  auto convert = [&]() -> Status {
    for (const SmallFile& file : layout.Opening()) RETURN_IF_ERROR(WriteOnce(file));
    RETURN_IF_ERROR(ConvertAll(layout, run_id));
    if (report_.rejected > options_.rejects_max) {
      const Reject& first = report_.rejects.front();
      return FailedPrecondition(fmt::format(
          "converting {}: {} lines cannot be read (allowed: {}). The first: {}, line {} (byte {}): "
          "{}",
          options_.source, report_.rejected, options_.rejects_max, first.file, first.line,
          first.offset, first.reason));
    }
    RETURN_IF_ERROR(CheckWritten());
    return Seal(layout, &proof, &origin);
  };
  Status converted = convert();
  if (!converted) {
    RemoveWritten();
    if (report_.rejected <= options_.rejects_max) return converted.error();
    report_.refusal = converted.error();
    return report_;
  }

  report_.items = proof.items;
  report_.bytes = proof.bytes;
  report_.digest = proof.digest;
  report_.manifest = target_->AddressOf(layout.manifest_name());
  report_.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  return report_;
}

Status Converter::Open() {
  const ExportPlace place = SplitExportPlace(options_.source);
  ASSIGN_OR_RETURN(source_, OpenDataFolder(context_, place.folder));
  ASSIGN_OR_RETURN(target_, OpenDataFolder(context_, options_.destination,
                                           options_.server_side_encryption, options_.kms_key_id));
  RETURN_IF_ERROR(ManifestAddress(*target_, options_.manifest_base));  // or be refused at once
  ASSIGN_OR_RETURN(contents_, ReadExportContents(*source_,
                                                 {.style = options_.read,
                                                  .no_manifest = options_.no_manifest,
                                                  .native_id = place.native_id},
                                                 stop_));
  for (ExportFile& file : contents_.files) file.crc64nvme.reset();
  if (contents_.is_incremental) {
    return FailedPrecondition(fmt::format(
        "{} is an incremental export: it holds changes, which only dynamodb-json can express; "
        "import it into a table and export that",
        options_.source));
  }
  report_.warnings = contents_.warnings;
  ASSIGN_OR_RETURN(std::vector<FolderEntry> there, target_->List(1));
  if (there.empty()) return {};
  return AlreadyExists(
      fmt::format("converting {} to {}: the destination is not empty, it has {}. "
                  "Choose an empty folder, or remove what is there",
                  options_.source, target_->address(), target_->AddressOf(there.front().name)));
}

Status Converter::ConvertAll(const ExportLayout& layout, const std::string& run_id) {
  // Exports of other programs do not say what their table was.
  auto table = ReadTableText(*source_);
  if (!table && table.error().code != ErrorCode::kNotFound) return std::move(table.error());
  if (table) RETURN_IF_ERROR(WriteOnce({std::string(kTableArchiveName), *table}));
  ProgressMeter meter("converting", progress_, context_.clock, nullptr);
  if (contents_.items) meter.ExpectItems(*contents_.items);
  FirstError failure(stop_);
  const int workers =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kWorkersMax);
  InParallel(contents_.files.size(), workers, failure, [&](size_t index) {
    return ConvertFile(index, layout, run_id, meter, failure.stop());
  });
  RETURN_IF_ERROR(failure.Outcome("converting " + options_.source));
  meter.Finish();
  return {};
}

Status Converter::ConvertFile(size_t index, const ExportLayout& layout, const std::string& run_id,
                              ProgressMeter& meter, const std::stop_token& stop) {
  const ExportFile& source = contents_.files[index];
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> lines, ItemFile::Open(*source_, source, stop));
  const SegmentId segment{static_cast<int>(index), static_cast<int>(contents_.files.size())};
  std::unique_ptr<DataFile> target;
  int sequence = 0;
  FileFindings findings;
  ItemHasher hasher;
  Item item;
  auto commit = [&]() -> Status {
    if (target == nullptr) return {};
    ASSIGN_OR_RETURN(FileProof proof, target->Commit());
    target.reset();
    std::lock_guard lock(mutex_);
    written_.push_back(proof.name);
    files_.push_back(std::move(proof));
    return {};
  };
  uint64_t reported_items = 0, reported_bytes = 0;
  auto report = [&] {
    uint64_t bytes = lines->line().offset + lines->line().text.size();
    meter.Add(findings.items - reported_items, bytes - reported_bytes);
    reported_items = findings.items;
    reported_bytes = bytes;
    meter.Tick();
  };
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, lines->Next(&item));
    if (!kind) break;
    if (*kind == LineKind::kBlank) ++findings.blank_lines;
    if (*kind == LineKind::kBad) {
      ++findings.bad_lines;
      RETURN_IF_ERROR(
          AddReject({lines->name(), lines->line().number, lines->fault_offset(), lines->reason()},
                    lines->line().text, run_id));
    }
    if (*kind != LineKind::kItem) continue;
    if (target == nullptr) {
      ASSIGN_OR_RETURN(
          target,
          DataFile::Create(*target_, layout.DataName(DataFileName(run_id, segment, sequence++)),
                           options_.style, stop));
    }
    ++findings.items;
    findings.digest.Add(hasher.Hash(item));
    Status appended = target->Append(item);
    if (!appended) {
      return std::move(appended.error())
          .In(fmt::format("{}, line {} (byte {})", lines->name(), lines->line().number,
                          lines->line().offset));
    }
    if (target->items() >= kFileItemsMax || target->text_bytes() >= kFileBytesMax)
      RETURN_IF_ERROR(commit());
    if (findings.items % kItemsPerTick == 0) report();
  }
  RETURN_IF_ERROR(commit());
  report();
  // Lines that were rejected are counted as that, not as a contradiction.
  if (findings.bad_lines == 0) {
    std::string contradiction = Contradiction(source, findings, lines->name());
    if (!contradiction.empty()) return FailedPrecondition(std::move(contradiction));
  }
  std::lock_guard lock(mutex_);
  if (lines->had_byte_order_mark()) {
    report_.warnings.push_back(lines->name() +
                               " begins with a byte order mark, which was left out");
  }
  report_.blank_lines += findings.blank_lines;
  read_items_ += findings.items;
  read_digest_.Add(findings.digest);
  return {};
}

Status Converter::AddReject(Reject reject, std::string_view text, const std::string& run_id) {
  std::lock_guard lock(mutex_);
  ++report_.rejected;
  if (rejects_file_ == nullptr) {
    ASSIGN_OR_RETURN(rejects_file_, target_->Create(RejectsFileName(run_id), stop_));
  }
  RETURN_IF_ERROR(rejects_file_->Append(WriteRejectedLine(reject, text) + "\n"));
  if (report_.rejects.size() < TransferReport::kRejectsKept)
    report_.rejects.push_back(std::move(reject));
  return {};
}

Status Converter::CheckWritten() {
  ProgressMeter meter("checking", progress_, context_.clock, nullptr);
  meter.ExpectItems(read_items_);
  ContentDigest digest;
  uint64_t items = 0;
  FirstError failure(stop_);
  InParallel(files_.size(), kWorkersMax, failure, [&](size_t index) -> Status {
    const FileProof& proof = files_[index];
    const ExportFile file{.name = proof.name,
                          .size = proof.bytes,
                          .shape = ShapeOf(options_.style.format, Leniency::kStrict),
                          .items = proof.items,
                          .digest = proof.digest,
                          .md5 = proof.md5,
                          .crc64nvme = proof.crc64nvme};
    auto visit = [](const Item&, const ContentDigest&) { return true; };
    ASSIGN_OR_RETURN(FileFindings findings,
                     ReadFile(*target_, file, visit, &meter, failure.stop()));
    std::string contradiction = Contradiction(file, findings, target_->AddressOf(file.name));
    if (!contradiction.empty()) return Corrupt(std::move(contradiction));
    std::lock_guard lock(mutex_);
    digest.Add(findings.digest);
    items += findings.items;
    return {};
  });
  RETURN_IF_ERROR(failure.Outcome("checking " + target_->address()));
  meter.Finish();
  if (digest == read_digest_ && items == read_items_) return {};
  return Corrupt(fmt::format(
      "{} has {} items with the digest {}, what was written to {} has {} with {}", options_.source,
      read_items_, FormatDigest(read_digest_), target_->address(), items, FormatDigest(digest)));
}

Status Converter::Seal(const ExportLayout& layout, ExportProof* proof, ExportOrigin* origin) {
  std::sort(files_.begin(), files_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  proof->table = contents_.table;
  for (const FileProof& file : files_) {
    proof->items += file.items;
    proof->bytes += file.bytes;
    proof->digest.Add(file.digest);
  }
  proof->files = files_;
  origin->table_arn = contents_.table_arn;
  origin->table_id = contents_.table_id;
  origin->ended_at = context_.clock->Now();
  ASSIGN_OR_RETURN(origin->address, ManifestAddress(*target_, options_.manifest_base));
  origin->server_side_encryption = options_.server_side_encryption;
  origin->kms_key_id = options_.kms_key_id;
  if (rejects_file_ != nullptr) {
    const std::string name = RejectsFileName(proof->run_id);
    RETURN_IF_ERROR(rejects_file_->Commit());
    written_.push_back(name);
    report_.rejects_file = target_->AddressOf(name);
  }
  for (const SmallFile& file : layout.Closing(*proof, *origin)) RETURN_IF_ERROR(WriteOnce(file));
  for (const SmallFile& file : layout.Sealing()) RETURN_IF_ERROR(WriteOnce(file));
  return {};
}

Status Converter::WriteOnce(const SmallFile& file) {
  RETURN_IF_ERROR(target_->WriteNew(file.name, file.content));
  written_.push_back(file.name);
  return {};
}

void Converter::RemoveWritten() {
  // Best effort: the manifest came last and goes first, and without it what stays is refused by
  // everybody.
  for (auto name = written_.rbegin(); name != written_.rend(); ++name)
    static_cast<void>(target_->Remove(*name).has_value());
}

Result<TransferReport> RunConvert(const TransferContext& context, const ConvertOptions& options,
                                  const ProgressCallback& progress, std::stop_token stop) {
  return Converter(context.StoppedBy(stop), options, progress, stop).Run();
}

}  // namespace penstock
