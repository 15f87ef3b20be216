#include "transfer/importer.h"

#include <algorithm>
#include <numeric>
#include <thread>

#include "transfer/file_check.h"
#include "transfer/item_file.h"
#include "transfer/item_size.h"
#include "transfer/parallel.h"

namespace penstock {
namespace {

constexpr uint64_t kSampleItems = 100;  // of each file without proof
constexpr uint64_t kLaneMemory = 24u << 20;
constexpr int kLanesMax = 32;
constexpr int kReadersMax = 4;
constexpr size_t kChunksQueued = 2;  // per lane
constexpr size_t kChunkBytesMax = 512u << 10;

int LaneCount(uint64_t memory_bytes) {
  return static_cast<int>(std::clamp<uint64_t>(memory_bytes / kLaneMemory, 1, kLanesMax));
}

/// How items of the sample fit the table.
struct KeySample {
  std::mutex mutex;
  uint64_t items = 0, misfits = 0;
  std::string first_misfit;
};

}  // namespace

Importer::Importer(const TransferContext& context, const ImportOptions& options,
                   const ProgressCallback& progress, std::stop_token stop)
    : context_(context), options_(options), progress_(progress), stop_(std::move(stop)) {}

Status Importer::CheckOptions() const {
  RETURN_IF_ERROR(CheckRateOptions(options_.rate, "the write ratio"));
  if (context_.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
  return {};
}

Result<TransferReport> Importer::Run() {
  std::chrono::nanoseconds began = context_.clock->Monotonic();
  RETURN_IF_ERROR(CheckOptions());
  ASSIGN_OR_RETURN(folder_, OpenDataFolder(context_, options_.source));
  ASSIGN_OR_RETURN(table_, DescribeTable(*context_.dynamodb, options_.table, stop_));
  if (table_.status == "CREATING" || table_.status == "DELETING") {
    return FailedPrecondition(fmt::format("table {} is {}; import into it when it is ACTIVE",
                                          table_.name, table_.status));
  }
  ASSIGN_OR_RETURN(contents_, ReadExportContents(*folder_, options_.no_manifest, stop_));
  report_.warnings = contents_.warnings;
  RETURN_IF_ERROR(CheckFiles());

  RateController rate(
      options_.rate, table_.write,
      [this]() -> Result<TableCapacity> {
        ASSIGN_OR_RETURN(TableDescription now,
                         DescribeTable(*context_.dynamodb, options_.table, stop_));
        return now.write;
      },
      context_.clock, context_.random);
  ProgressMeter meter("importing", progress_, context_.clock, &rate);
  if (contents_.manifest && contents_.manifest->proof)
    meter.ExpectItems(contents_.manifest->proof->items);
  RETURN_IF_ERROR(Write(rate, meter));
  meter.Finish();

  RateController::Totals totals = rate.totals();
  report_.consumed_units = totals.consumed;
  report_.allowed_units = totals.allowed;
  report_.throttled_requests = totals.throttles;
  for (const ExportFile& file : contents_.files) report_.bytes += file.size;
  if (contents_.manifest) report_.manifest = folder_->AddressOf(kManifestName);
  report_.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  if (report_.rejected > options_.rejects_max) {
    const Reject& first = report_.rejects.front();
    report_.refusal = FailedPrecondition(
        fmt::format("importing {} into table {}: {} items were rejected (allowed: {}), the other "
                    "{} are in the table. The first: {}, line "
                    "{} (byte {}): {}",
                    folder_->address(), table_.name, report_.rejected, options_.rejects_max,
                    report_.items, first.file, first.line, first.offset, first.reason));
  }
  return report_;
}

Status Importer::CheckFiles() {
  ProgressMeter meter("checking files", progress_, context_.clock, nullptr);
  if (contents_.manifest && contents_.manifest->proof)
    meter.ExpectItems(contents_.manifest->proof->items);
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
      return file.proof.has_value() || seen < kSampleItems;
    };
    ASSIGN_OR_RETURN(FileFindings findings,
                     ReadFile(*folder_, file, contents_.shape, visit, &meter, failure.stop()));
    std::string contradiction = Contradiction(file, findings, folder_->AddressOf(file.name));
    if (!contradiction.empty()) {
      return FailedPrecondition("nothing was imported: " + contradiction +
                                "; it is not the file that was exported");
    }
    if (findings.had_byte_order_mark) {
      std::lock_guard lock(mutex_);
      report_.warnings.push_back(folder_->AddressOf(file.name) +
                                 " begins with a byte order mark, which was left out");
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
  LaneContext lane_context{
      .client = context_.dynamodb,
      .table = options_.table,
      .key = &table_.key,
      .rate = &rate,
      .meter = &meter,
      .clock = context_.clock,
      .random = context_.random,
      .reject = [this](const PutItem& item, const std::string& reason) {
        AddReject({folder_->AddressOf(contents_.files[item.file].name), item.line, item.offset,
                   "DynamoDB refuses the item: " + reason});
      }};
  std::vector<std::unique_ptr<PutQueue>> queues;
  std::vector<std::unique_ptr<BatchWriter>> writers;
  for (int i = 0; i < LaneCount(options_.memory_bytes); ++i) {
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
               [&](size_t file) { return ReadInto(file, queues, failure.stop()); });
    close_all();
  }
  for (const auto& writer : writers) {
    const LaneTotals& totals = writer->totals();
    report_.items += totals.written;
    report_.duplicates += totals.duplicates;
    report_.index_units += totals.index_units;
    report_.digest.Add(totals.digest);
  }
  return failure.Outcome(
      fmt::format("importing {} into table {}", folder_->address(), table_.name));
}

Status Importer::ReadInto(size_t index, std::vector<std::unique_ptr<PutQueue>>& lanes,
                          const std::stop_token& stop) {
  const ExportFile& source = contents_.files[index];
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> file,
                   ItemFile::Open(*folder_, source.name, contents_.shape, stop));
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
  uint64_t blank = 0;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, file->Next(&item));
    if (!kind) break;
    if (*kind == LineKind::kBlank) {
      ++blank;
      continue;
    }
    if (*kind == LineKind::kBad) {
      AddReject({file->name(), file->line().number, file->fault_offset(), file->reason()});
      continue;
    }
    if (std::optional<std::string> fault = table_.key.Fault(item)) {
      AddReject({file->name(), file->line().number, file->line().offset, *std::move(fault)});
      continue;
    }
    PutItem put{.units = WriteUnits(ItemSize(item)),
                .hash = hasher.Hash(item),
                .file = static_cast<uint32_t>(index),
                .line = file->line().number,
                .offset = file->line().offset};
    buffer.Clear();
    buffer.Append("{\"PutRequest\":{\"Item\":");
    ItemWriter::AppendWire(item, &buffer);
    buffer.Append("}}");
    put.request = buffer.view();
    buffer.Clear();
    table_.key.AppendKey(item, hasher, &buffer);
    put.key = buffer.view();
    size_t lane = std::hash<std::string_view>()(put.key) % lanes.size();
    chunks[lane].bytes += put.request.size();
    chunks[lane].items.push_back(std::move(put));
    bool full =
        chunks[lane].items.size() >= BatchWriter::kItemsMax || chunks[lane].bytes >= kChunkBytesMax;
    if (full && !push(lane)) return Canceled("the import was stopped");
  }
  for (size_t lane = 0; lane < lanes.size(); ++lane) {
    if (!push(lane)) return Canceled("the import was stopped");
  }
  std::lock_guard lock(mutex_);
  report_.blank_lines += blank;
  return {};
}

void Importer::AddReject(Reject reject) {
  std::lock_guard lock(mutex_);
  ++report_.rejected;
  if (report_.rejects.size() < TransferReport::kRejectsKept)
    report_.rejects.push_back(std::move(reject));
}

}  // namespace penstock
