#include "transfer/estimate.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "json/json.h"
#include "transfer/batch_writer.h"
#include "transfer/export_contents.h"
#include "transfer/export_destination.h"
#include "transfer/importer.h"
#include "transfer/item_file.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/linked_folder.h"
#include "transfer/run_record.h"
#include "transfer/table_scan.h"

namespace penstock {
namespace {

constexpr uint64_t kFilesSampled = 20;
constexpr uint64_t kItemsSampled = 1000;   // of each
constexpr size_t kEntriesLookedAt = 1000;  // of an export's destination
constexpr double kDataFileItems = 100'000;

uint64_t Ceiling(double value) { return static_cast<uint64_t>(std::ceil(value)); }

/// The bound as the job itself would begin with.
void SetBound(const RateOptions& options, const TableCapacity& capacity, Clock* clock,
              Random* random, Estimate* estimate) {
  RateController rate(options, capacity, {}, clock, random);
  estimate->units_per_second = rate.Target();
  estimate->bound = rate.Explain();
  if (options.Mode() == RateMode::kHeadroom) {
    estimate->notes.push_back("others are taken to leave all of the capacity");
  }
}

/// How long its units take under the bound.
void SetTime(const RateOptions& options, const TableCapacity& capacity, Clock* clock,
             Random* random, Estimate* estimate) {
  if (estimate->units_per_second > 0)
    estimate->seconds = estimate->units / estimate->units_per_second;
  for (const auto& [name, index] : capacity.indexes) {
    // Each index has its own capacity; the slowest rules.
    RateController own(options, {index}, {}, clock, random);
    double seconds = own.Target() > 0 ? estimate->units / own.Target() : 0;
    if (seconds > estimate->seconds) {
      estimate->seconds = seconds;
      estimate->notes.push_back(fmt::format("index {} may hold it up: {}", name, own.Explain()));
    }
    estimate->index_units += estimate->units;
  }
}

/// Requests and units of a scan under the bound that the estimate has.
void SetScanCost(const TableDescription& table, bool consistent_read, Estimate* estimate) {
  const double per_unit = consistent_read ? kConsistentBytesPerUnit : kEventualBytesPerUnit;
  const double exact_units = static_cast<double>(table.ItemBytes()) / per_unit;
  const PagePlan page =
      PlanPage(estimate->units_per_second, table.AverageItemSize(), consistent_read);
  const double pages = page.limit > 0
                           ? static_cast<double>(table.item_count) / static_cast<double>(page.limit)
                           : exact_units / page.units;
  // The last page of a segment is half empty, as the last units of a page are, on average.
  const auto segments = static_cast<double>(estimate->segments);
  estimate->requests = Ceiling(std::max(segments, pages + segments / 2));
  const auto requests = static_cast<double>(estimate->requests);
  const double least = consistent_read ? 1 : 0.5;
  estimate->units = std::max(requests * least, exact_units + requests * least / 2);
}

/// The first items of the first files.
struct Sample {
  explicit Sample(double target_units) : target(target_units), room(target_units) {}

  void Take(double item_units, size_t request_bytes) {
    ++items;
    units += item_units;
    if (room.Take(request_bytes, item_units)) return;
    ++batches;
    room = BatchRoom(target);
    room.Take(request_bytes, item_units);
  }

  const double target;  // units a second
  double items = 0, units = 0;
  double bytes = 0;  // of the files, as stored
  double batches = 1;
  BatchRoom room;  // in the last of those
};

Status AddToSample(DataFolder& folder, const ExportFile& source, Sample* sample,
                   const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> file, ItemFile::Open(folder, source, stop));
  Item item;
  LineBuffer wire;
  bool is_whole = false;
  for (uint64_t items = 0; items < kItemsSampled;) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, file->Next(&item));
    if (!kind) {
      is_whole = true;
      break;
    }
    if (*kind != LineKind::kItem) continue;
    ++items;
    wire.Clear();
    ItemWriter::AppendWire(item, &wire);
    sample->Take(WriteUnits(ItemSize(item)), wire.size());
  }
  // As stored; of a compressed file the text says nothing about that.
  const double text = static_cast<double>(file->line().offset + file->line().text.size() + 1);
  const double stored = static_cast<double>(source.size);
  sample->bytes += is_whole ? stored : std::min(text, stored);
  return {};
}

/// How many batches carry so many items like those of the sample.
uint64_t BatchCount(uint64_t items, const Sample& sample, int lanes) {
  if (sample.items == 0) return 0;
  const double full = static_cast<double>(items) * sample.batches / sample.items;
  // Each lane has a last one of its own, half empty on average; the sample has one already.
  return std::min(items, Ceiling(full + (lanes - 1) / 2.0));
}

/// What lies where the export is to go, and what would become of it.
Status NoteDestination(const TransferContext& context, const ExportOptions& options,
                       Estimate* estimate) {
  ASSIGN_OR_RETURN(std::unique_ptr<DataFolder> folder,
                   OpenDataFolder(context, options.destination, options.server_side_encryption,
                                  options.kms_key_id));
  RETURN_IF_ERROR(ManifestAddress(*folder, options.manifest_base));
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, folder->List(kEntriesLookedAt));
  const FolderEntry* foreign = nullptr;
  bool has_run = false;
  for (const FolderEntry& entry : entries) {
    has_run = has_run || entry.name == kRunRecordName;
    // Before its first file a run that was killed leaves no more than that.
    if (foreign == nullptr && !entry.name.starts_with(kRunFolderName)) foreign = &entry;
  }
  if (foreign == nullptr && !has_run) return {};
  const std::string found = folder->AddressOf(foreign != nullptr ? foreign->name : kRunRecordName);
  if (options.resume && has_run) {
    estimate->notes.push_back("an export was begun at the destination; to go on takes less");
  } else if (options.overwrite != Overwrite::kNothing) {
    estimate->notes.push_back(fmt::format(
        "the destination is not empty, it has {}: an export is replaced, anything else refuses",
        found));
  } else {
    estimate->notes.push_back(
        fmt::format("the destination is not empty, it has {}: the export would be refused; "
                    "--overwrite replaces what is an export",
                    found));
  }
  return {};
}

std::string Money(double amount, const std::string& currency) {
  return fmt::format("{:.{}f} {}", amount, amount < 0.1 ? 4 : 2, currency);
}

std::string Time(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", std::max(1.0, seconds));
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

Result<PriceList> ParsePriceList(std::string_view text) {
  auto read = [&]() -> Result<PriceList> {
    ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
    PriceList prices;
    ASSIGN_OR_RETURN(auto currency, json::OptionalString(object, "currency"));
    if (currency) prices.currency = *currency;
    const std::pair<const char*, std::optional<double>*> members[] = {
        {"readUnitsPerMillion", &prices.read_units_per_million},
        {"writeUnitsPerMillion", &prices.write_units_per_million},
        {"requestsPerThousand", &prices.requests_per_thousand},
        {"storagePerGigabyteMonth", &prices.storage_per_gigabyte_month}};
    for (const auto& [key, price] : members) {
      ASSIGN_OR_RETURN(*price, json::OptionalDouble(object, key));
      if (*price && !(**price >= 0))
        return InvalidArgument(fmt::format("{} must not be negative", key));
    }
    return prices;
  };
  auto prices = read();
  if (!prices) return InvalidArgument("not a list of prices: " + prices.error().message);
  return prices;
}

std::optional<double> Estimate::Price(const PriceList& prices) const {
  const auto& unit = is_export ? prices.read_units_per_million : prices.write_units_per_million;
  if (!unit) return std::nullopt;
  double price = (units + index_units) / 1e6 * *unit;
  // An object takes one request; what parts and lists add is as little.
  if (prices.requests_per_thousand)
    price += static_cast<double>(files) / 1000 * *prices.requests_per_thousand;
  return price;
}

std::string Estimate::Describe(const std::optional<PriceList>& prices) const {
  std::string text =
      fmt::format("items: about {}\nbytes{}: about {}\ncapacity units: about {:.0f}\n", items,
                  is_export ? " in the table" : " of files", bytes, units);
  if (index_units > 0) text += fmt::format("units of indexes: up to {:.0f}\n", index_units);
  if (is_export) text += fmt::format("segments: {}\n", segments);
  text += fmt::format("files: {}{}\nrequests: about {}\nbound: {:.1f} units/s ({})\n",
                      is_export ? "about " : "", files, requests, units_per_second, bound);
  text += fmt::format("time: about {}\n", Time(seconds));
  if (prices) {
    if (auto price = Price(*prices)) {
      text += "price: about " + Money(*price, prices->currency) +
              " if units are paid for one by one; provisioned capacity is paid for anyway\n";
    }
    if (is_export && prices->storage_per_gigabyte_month) {
      text += "storage: about " +
              Money(static_cast<double>(bytes) / 1e9 * *prices->storage_per_gigabyte_month,
                    prices->currency) +
              " a month\n";
    }
  } else {
    text += "price: not known; --prices FILE names a list\n";
  }
  for (const std::string& note : notes) text += "note: " + note + "\n";
  return text;
}

std::string Estimate::Json(const std::optional<PriceList>& prices) const {
  json::Object object{{"items", items},
                      {"bytes", bytes},
                      {"capacityUnits", units},
                      {"indexCapacityUnits", index_units},
                      {"files", files},
                      {"requests", requests},
                      {"unitsPerSecond", units_per_second},
                      {"seconds", seconds}};
  if (is_export) object["segments"] = segments;
  object["notes"] = json::Array(notes.begin(), notes.end());
  if (prices) {
    if (auto price = Price(*prices)) {
      object["price"] = *price;
      object["currency"] = prices->currency;
    }
  }
  return json::Write(object);
}

Result<Estimate> EstimateExport(const TransferContext& context, const ExportOptions& options,
                                std::stop_token stop) {
  RETURN_IF_ERROR(CheckRateOptions(options.rate, "the read ratio"));
  if (context.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
  ASSIGN_OR_RETURN(TableDescription table, DescribeTable(*context.dynamodb, options.table, stop));
  Estimate estimate;
  estimate.items = table.item_count;
  estimate.bytes = table.ItemBytes();
  RETURN_IF_ERROR(NoteDestination(context.StoppedBy(stop), options, &estimate));
  int workers = WorkerCount(options.memory_bytes);
  int segments = options.segments > 0 ? options.segments : SegmentCount(table, workers);
  estimate.segments = static_cast<uint64_t>(segments);
  SetBound(options.rate, table.read, context.clock, context.random, &estimate);
  SetScanCost(table, options.consistent_read, &estimate);
  estimate.files =
      std::max<uint64_t>(std::min<uint64_t>(estimate.segments, estimate.items),
                         Ceiling(static_cast<double>(table.item_count) / kDataFileItems));
  SetTime(options.rate, table.read, context.clock, context.random, &estimate);
  estimate.notes.push_back("a table counts its items and bytes anew only every few hours");
  return estimate;
}

Result<Estimate> EstimateImport(const TransferContext& context, const ImportOptions& options,
                                std::stop_token stop) {
  RETURN_IF_ERROR(CheckRateOptions(options.rate, "the write ratio"));
  if (context.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
  const ExportPlace place = SplitExportPlace(options.source);
  ASSIGN_OR_RETURN(
      std::unique_ptr<DataFolder> folder,
      OpenSourceFolder(context.StoppedBy(stop), place.folder, options.follow_manifest_urls));
  auto found = DescribeTable(*context.dynamodb, options.table, stop);
  const bool is_to_be_made =
      !found && found.error().code == ErrorCode::kNotFound && options.create_table;
  if (is_to_be_made) found = TableToBeMade(*folder, options, nullptr);
  if (!found) return std::move(found.error());
  const TableDescription& table = *found;
  ASSIGN_OR_RETURN(ExportContents contents,
                   ReadExportContents(*folder,
                                      {.style = options.style,
                                       .no_manifest = options.no_manifest,
                                       .follow_urls = options.follow_manifest_urls,
                                       .native_id = place.native_id},
                                      stop));
  Estimate estimate;
  estimate.is_export = false;
  estimate.files = contents.files.size();
  SetBound(options.rate, table.write, context.clock, context.random, &estimate);
  Sample sample(estimate.units_per_second);
  for (size_t i = 0; i < contents.files.size(); ++i) {
    estimate.bytes += contents.files[i].size;
    if (i >= kFilesSampled) continue;
    RETURN_IF_ERROR(AddToSample(*folder, contents.files[i], &sample, stop));
  }
  const double bytes = static_cast<double>(estimate.bytes);
  const double share = sample.bytes > 0 ? bytes / sample.bytes : 0;
  estimate.items = contents.items.value_or(Ceiling(sample.items * share));
  const double units_per_item = sample.items > 0 ? sample.units / sample.items : 1;
  estimate.units = units_per_item * static_cast<double>(estimate.items);
  const bool one_by_one = options.mode.kind != ImportMode::Kind::kOverwrite;
  estimate.requests =
      one_by_one ? estimate.items
                 : BatchCount(estimate.items, sample, ImportLaneCount(options.memory_bytes));
  SetTime(options.rate, table.write, context.clock, context.random, &estimate);
  const json::Value* local_indexes = json::Find(table.description, "LocalSecondaryIndexes");
  if (local_indexes != nullptr && local_indexes->is_array()) {
    estimate.notes.push_back(
        fmt::format("local indexes (here {}) can cost as much again, each, for the items in them",
                    local_indexes->get_array().size()));
  }
  if (is_to_be_made)
    estimate.notes.push_back("table " + options.table + " is not there yet; it would be made");
  if (!contents.items) estimate.notes.push_back("items and units are projected from a sample");
  estimate.notes.push_back("items that replace larger ones cost as much as those");
  return estimate;
}

Result<double> ParseDeadline(std::string_view text) {
  double seconds = 0;
  std::string_view rest = Trim(text);
  auto wrong = [&] {
    return InvalidArgument(
        fmt::format("\"{}\" is no length of time; write 90m, 2h, 1h30m or 3 days", text));
  };
  if (rest.empty()) return wrong();
  while (!rest.empty()) {
    size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    auto number = ParseDouble(rest.substr(0, digits));
    if (!number || *number < 0) return wrong();
    rest = Trim(rest.substr(digits));
    size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    std::string_view unit = rest.substr(0, letters);
    if (unit == "s" || unit == "second" || unit == "seconds") {
      seconds += *number;
    } else if (unit == "m" || unit == "min" || unit == "minute" || unit == "minutes") {
      seconds += *number * 60;
    } else if (unit == "h" || unit == "hour" || unit == "hours") {
      seconds += *number * 3600;
    } else if (unit == "d" || unit == "day" || unit == "days") {
      seconds += *number * 86400;
    } else {
      return wrong();
    }
    rest = Trim(rest.substr(letters));
  }
  return seconds;
}

}  // namespace penstock
