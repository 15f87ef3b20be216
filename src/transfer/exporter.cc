#include "transfer/exporter.h"

#include "transfer/checkpoint_file.h"
#include "transfer/job_rate.h"
#include "transfer/segment_files.h"
#include "transfer/table_archive.h"
#include "transfer/table_scan.h"

namespace penstock {

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
  RETURN_IF_ERROR(ManifestAddress(*folder_, options_.manifest_base));
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
  destination_.emplace(folder_.get(), options_);
  RETURN_IF_ERROR(destination_->Claim(
      {.run_id = options_.run_id.empty() ? NewRunId(*context_.random) : options_.run_id,
       .table = table_.name,
       .table_id = table_.id,
       .started_at = context_.clock->Now(),
       .segments = segments,
       .style = options_.style,
       .consistent_read = options_.consistent_read,
       .server_side_encryption = options_.server_side_encryption,
       .kms_key_id = options_.kms_key_id,
       .job = options_.job}));
  if (destination_->done()) return Report(*destination_->done());
  if (context_.listener.on_resumable) context_.listener.on_resumable();
  if (options_.resume && !destination_->is_resumed()) {
    warnings_.push_back("there was no unfinished export at " + folder_->address() +
                        " to resume: it was begun anew");
  }

  auto proof = Export(*rate);
  if (!proof) return destination_->Explain(std::move(proof.error()));
  TransferReport report = Report(*proof);
  rate->totals().AddTo(&report);
  report.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  return report;
}

Result<ExportProof> Exporter::Export(RateController& rate) {
  ProgressMeter meter("exporting", progress_, context_.clock, &rate);
  meter.ExpectItems(table_.item_count);
  RETURN_IF_ERROR(ScanInto(rate, meter));
  RETURN_IF_ERROR(CheckTable());
  ASSIGN_OR_RETURN(ExportProof proof, Finish());
  meter.Finish();
  return proof;
}

Status Exporter::ScanInto(RateController& rate, ProgressMeter& meter) {
  ExportCheckpoint& checkpoint = destination_->checkpoint();
  CheckpointFile checkpoint_file(folder_.get(), std::string(ExportDestination::kCheckpointName),
                                 context_.clock, [&] { return checkpoint.Write(); });
  ExportRun run{.folder = folder_.get(),
                .record = &destination_->run(),
                .checkpoint = &checkpoint,
                .checkpoint_file = &checkpoint_file,
                .meter = &meter,
                .clock = context_.clock,
                .stop = stop_};
  for (const FileProof& file : checkpoint.Files()) meter.Found(file.items, file.bytes);
  ScanSkew skew(table_.key.CollectionKey());
  TableScanOptions scan{.table = options_.table,
                        .consistent_read = options_.consistent_read,
                        .segments = checkpoint.Remaining(),
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

Result<ExportProof> Exporter::Finish() {
  ExportOrigin origin{.table_arn = table_.arn,
                      .table_id = table_.id,
                      .started_at = destination_->run().started_at,
                      .ended_at = context_.clock->Now(),
                      .server_side_encryption = options_.server_side_encryption,
                      .kms_key_id = options_.kms_key_id};
  ASSIGN_OR_RETURN(origin.address, ManifestAddress(*folder_, options_.manifest_base));
  ASSIGN_OR_RETURN(TableArchive archive,
                   ArchiveTable(*context_.dynamodb, table_.description, &warnings_, stop_));
  return destination_->Publish(origin, WriteTableArchive(archive));
}

TransferReport Exporter::Report(const ExportProof& proof) const {
  TransferReport report;
  report.items = proof.items;
  report.bytes = proof.bytes;
  report.digest = proof.digest;
  if (destination_->is_resumed()) report.resumed_from = destination_->run().run_id;
  report.warnings = warnings_;
  report.manifest = folder_->AddressOf(destination_->Layout().manifest_name());
  return report;
}

}  // namespace penstock
