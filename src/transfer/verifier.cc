#include "transfer/verifier.h"

#include <algorithm>

#include "transfer/export_destination.h"
#include "transfer/file_check.h"
#include "transfer/job_rate.h"
#include "transfer/linked_folder.h"
#include "transfer/parallel.h"
#include "transfer/table_archive.h"

namespace penstock {
namespace {

constexpr size_t kDifferencesNamed = 10;
constexpr std::string_view kHowToAllow =
    "if these files are what you want, hold them against a table (--table)";
constexpr std::string_view kTableScheme = "dynamodb://";

TransferContext SourceSide(TransferContext context) {
  if (context.source_dynamodb == nullptr) return context;
  context.dynamodb = context.source_dynamodb;
  context.cloudwatch = context.source_cloudwatch;
  return context;
}

}  // namespace

/// One segment's items, counted and looked up among the files'.
class ScannedItems : public SegmentSink {
 public:
  ScannedItems(Verifier* verifier, ProgressMeter* meter) : verifier_(verifier), meter_(meter) {}

  Status Take(const Item& item) override {
    ContentDigest hash = hasher_.Hash(item);
    digest_.Add(hash);
    ++items_;
    ++page_items_;
    if (!verifier_->remembers_) return {};
    auto [first, last] =
        std::equal_range(verifier_->hashes_.begin(), verifier_->hashes_.end(), hash);
    if (first != last) {
      verifier_->found_[static_cast<size_t>(first - verifier_->hashes_.begin())] = true;
    } else {
      std::lock_guard lock(verifier_->mutex_);
      if (verifier_->only_in_table_.size() < kDifferencesNamed) {
        verifier_->only_in_table_.push_back(verifier_->table_.key.Show(item));
      }
    }
    return {};
  }

  Status EndPage(std::string_view) override {
    meter_->Add(page_items_, 0);
    page_items_ = 0;
    return {};
  }

  Status EndSegment(const std::vector<SegmentStart>&) override {
    std::lock_guard lock(verifier_->mutex_);
    verifier_->table_items_ += items_;
    verifier_->table_digest_.Add(digest_);
    return {};
  }

 private:
  Verifier* const verifier_;
  ProgressMeter* const meter_;
  ItemHasher hasher_;
  ContentDigest digest_;
  uint64_t items_ = 0, page_items_ = 0;
};

/// One segment's items of a table that stands in the place of an export.
class SourceItems : public SegmentSink {
 public:
  SourceItems(Verifier* verifier, ProgressMeter* meter) : verifier_(verifier), meter_(meter) {}

  Status Take(const Item& item) override {
    ContentDigest hash = hasher_.Hash(item);
    digest_.Add(hash);
    ++items_;
    hashes_.push_back(hash);
    return {};
  }

  Status EndPage(std::string_view) override {
    meter_->Add(items_, 0);
    std::lock_guard lock(verifier_->mutex_);
    verifier_->report_.items += std::exchange(items_, 0);
    verifier_->report_.digest.Add(std::exchange(digest_, {}));
    if (verifier_->hashes_.size() + hashes_.size() > verifier_->HashesMax()) {
      verifier_->remembers_ = false;
      verifier_->hashes_ = {};
    }
    if (verifier_->remembers_) {
      verifier_->hashes_.insert(verifier_->hashes_.end(), hashes_.begin(), hashes_.end());
    }
    hashes_.clear();
    return {};
  }

  Status EndSegment(const std::vector<SegmentStart>&) override { return {}; }

 private:
  Verifier* const verifier_;
  ProgressMeter* const meter_;
  ItemHasher hasher_;
  ContentDigest digest_;
  uint64_t items_ = 0;
  std::vector<ContentDigest> hashes_;
};

/// One segment's items of that table again, for the keys of those that the other does not have.
class MissingItems : public SegmentSink {
 public:
  explicit MissingItems(Verifier* verifier) : verifier_(verifier) {}

  Status Take(const Item& item) override {
    verifier_->LookFor(item, hasher_.Hash(item));
    return {};
  }
  Status EndPage(std::string_view) override { return {}; }
  Status EndSegment(const std::vector<SegmentStart>&) override { return {}; }

 private:
  Verifier* const verifier_;
  ItemHasher hasher_;
};

Verifier::Verifier(const TransferContext& context, const VerifyOptions& options,
                   const ProgressCallback& progress, std::stop_token stop)
    : context_(context),
      source_(SourceSide(context)),
      options_(options),
      progress_(progress),
      stop_(std::move(stop)) {}

Result<TransferReport> Verifier::Run() {
  std::chrono::nanoseconds began = context_.clock->Monotonic();
  RETURN_IF_ERROR(CheckRateOptions(options_.rate, "the read ratio"));
  if (!options_.table.empty()) {
    if (context_.dynamodb == nullptr) return InvalidArgument("no DynamoDB endpoint is configured");
    ASSIGN_OR_RETURN(table_, DescribeTable(*context_.dynamodb, options_.table, stop_));
  }
  if (options_.source.starts_with(kTableScheme)) {
    RETURN_IF_ERROR(OpenSourceTable(options_.source.substr(kTableScheme.size())));
    RETURN_IF_ERROR(ReadSourceTable());
  } else {
    RETURN_IF_ERROR(OpenExport());
    RETURN_IF_ERROR(ReadFiles());
  }
  if (!options_.table.empty() && is_damaged_) {
    report_.warnings.push_back(TableName() +
                               " was not read: the export is not whole, and so is not equal to it");
  } else if (!options_.table.empty()) {
    RETURN_IF_ERROR(CompareSchema());
    RETURN_IF_ERROR(ScanTableItems());
    Compare();
    if (!report_.differences.empty() && remembers_) {
      RETURN_IF_ERROR(NameMissing());
    }
    NameDifferences();
  }
  report_.seconds = std::chrono::duration<double>(context_.clock->Monotonic() - began).count();
  if (!report_.differences.empty()) {
    report_.refusal = FailedPrecondition(fmt::format("{} is not {}: {}", SourceName(),
                                                     options_.table.empty() || is_damaged_
                                                         ? "what its manifest says"
                                                         : "the content of " + TableName(),
                                                     report_.differences.front()));
  }
  return report_;
}

void Verifier::NameDifferences() {
  const std::string_view source = source_table_ ? "first table" : "export";
  for (const std::string& key : only_in_export_) {
    // Of both sides only the first are known: what is not found here may still be on the other.
    if (std::erase(only_in_table_, key) > 0) {
      Differ(fmt::format("with other content in the table than in the {}: {}", source, key));
    } else {
      Differ(fmt::format("in the {} and not, or not so, in the table: {}", source, key));
    }
  }
  for (const std::string& key : only_in_table_)
    Differ(fmt::format("in the table and not, or not so, in the {}: {}", source, key));
}

std::string Verifier::SourceName() const {
  if (!source_table_) return folder_->address();
  return (context_.source_dynamodb == nullptr ? "" : "the first ") +
         NameOf(source_, *source_table_);
}

std::string Verifier::NameOf(const TransferContext& side, const TableDescription& table) const {
  if (context_.source_dynamodb == nullptr) return "table " + table.name;
  const ServiceEndpoint& place = side.dynamodb->endpoint();
  return fmt::format("table {} ({}, {})", table.name, place.region, place.url);
}

Status Verifier::OpenExport() {
  const ExportPlace place = SplitExportPlace(options_.source);
  ASSIGN_OR_RETURN(folder_,
                   OpenSourceFolder(context_, place.folder, options_.follow_manifest_urls));
  ASSIGN_OR_RETURN(contents_, ReadExportContents(*folder_,
                                                 {.style = options_.style,
                                                  .no_manifest = !options_.table.empty(),
                                                  .how_to_allow = kHowToAllow,
                                                  .keeps_faults = true,
                                                  .follow_urls = options_.follow_manifest_urls,
                                                  .native_id = place.native_id},
                                                 stop_));
  for (ExportFile& file : contents_.files) file.crc64nvme.reset();
  if (contents_.is_incremental && !options_.table.empty()) {
    return FailedPrecondition(fmt::format(
        "{} is an incremental export: it holds changes, which no table can be held against; verify "
        "it without a table",
        options_.source));
  }
  report_.warnings = contents_.warnings;
  for (std::string& fault : contents_.faults) Damaged(std::move(fault));
  if (!contents_.manifest_name.empty())
    report_.manifest = folder_->AddressOf(contents_.manifest_name);
  return {};
}

Status Verifier::OpenSourceTable(const std::string& name) {
  if (options_.table.empty()) {
    return InvalidArgument("verifying table " + name +
                           ": against what? --table names the table to compare it with");
  }
  ASSIGN_OR_RETURN(source_table_, DescribeTable(*source_.dynamodb, name, stop_));
  // A copied server has tables of the same ids at another address.
  if (source_table_->id == table_.id &&
      source_.dynamodb->endpoint().url == context_.dynamodb->endpoint().url) {
    return InvalidArgument(
        fmt::format("verifying {} against {}: they are the same table, which is equal to itself",
                    SourceName(), TableName()));
  }
  if (source_table_->key == table_.key) return {};
  return FailedPrecondition(fmt::format("verifying {} against {}: they have other keys, {} and {}",
                                        SourceName(), TableName(), source_table_->key.Describe(),
                                        table_.key.Describe()));
}

Status Verifier::CompareSchema() {
  ASSIGN_OR_RETURN(TableArchive now,
                   ArchiveTable(*context_.dynamodb, table_.description, &report_.warnings, stop_));
  TableArchive then;
  if (source_table_) {
    ASSIGN_OR_RETURN(then, ArchiveTable(*source_.dynamodb, source_table_->description,
                                        &report_.warnings, stop_));
  } else {
    // Exports of other programs do not say what their table was.
    auto text = ReadTableText(*folder_);
    if (!text && text.error().code == ErrorCode::kNotFound) return {};
    if (!text) return std::move(text.error());
    auto archive = ParseTableArchive(*text);
    if (!archive) {
      report_.warnings.push_back(folder_->AddressOf(kTableArchiveName) + ": " +
                                 archive.error().message);
      return {};
    }
    then = *std::move(archive);
  }
  const std::string source = source_table_ ? SourceName() : "the export";
  // Neither makes the items others.
  for (std::string& difference : SchemaDifferences(then, now, source, TableName()))
    report_.warnings.push_back("the schema differs: " + std::move(difference));
  for (std::string& difference : SettingDifferences(then, now, source, TableName()))
    report_.warnings.push_back("the settings differ: " + std::move(difference));
  return {};
}

Status Verifier::ReadFiles() {
  const size_t hashes_max = HashesMax();
  remembers_ = !options_.table.empty();
  ProgressMeter meter("checking files", progress_, context_.clock, nullptr);
  if (contents_.items) meter.ExpectItems(*contents_.items);
  FirstError failure(stop_);
  InParallel(contents_.files.size(), kReadersMax, failure, [&](size_t index) -> Status {
    const ExportFile& file = contents_.files[index];
    std::vector<ContentDigest> hashes;
    auto visit = [&](const Item&, const ContentDigest& hash) {
      if (!options_.table.empty() && hashes.size() < hashes_max) hashes.push_back(hash);
      return true;
    };
    auto findings = ReadFile(*folder_, file, visit, &meter, failure.stop());
    if (!findings && !IsDamage(file, findings.error())) return std::move(findings.error());
    std::lock_guard lock(mutex_);
    if (!findings) {
      Damaged(std::move(findings.error().message));
      return {};
    }
    std::string contradiction = Contradiction(file, *findings, folder_->AddressOf(file.name));
    report_.items += findings->items;
    report_.bytes += file.size;
    report_.blank_lines += findings->blank_lines;
    report_.rejected += findings->bad_lines;
    report_.digest.Add(findings->digest);
    if (!contradiction.empty()) {
      Differ(std::move(contradiction));
    } else if (findings->bad_lines > 0) {
      Differ(findings->first_fault);
    }
    if (hashes_.size() + findings->items > hashes_max) remembers_ = false;
    if (remembers_) {
      hashes_.insert(hashes_.end(), hashes.begin(), hashes.end());
    } else {
      hashes_ = {};
    }
    return {};
  });
  RETURN_IF_ERROR(failure.Outcome("reading the files of " + folder_->address()));
  meter.Finish();
  return {};
}

Status Verifier::ReadSourceTable() {
  remembers_ = true;
  return Scan(source_, *source_table_, "scanning the first table",
              [this](ProgressMeter* meter) { return std::make_unique<SourceItems>(this, meter); });
}

void Verifier::SortHashes() {
  std::sort(hashes_.begin(), hashes_.end());
  found_ = std::vector<std::atomic<bool>>(hashes_.size());
}

Status Verifier::ScanTableItems() {
  SortHashes();
  return Scan(context_, table_, "scanning the table",
              [this](ProgressMeter* meter) { return std::make_unique<ScannedItems>(this, meter); });
}

Status Verifier::Scan(const TransferContext& side, const TableDescription& table,
                      const std::string& phase, const NewSink& open) {
  ASSIGN_OR_RETURN(std::unique_ptr<RateController> rate,
                   NewJobRate(side, options_.rate, table, CapacityKind::kRead, stop_));
  ProgressMeter meter(phase, progress_, context_.clock, rate.get());
  meter.ExpectItems(report_.items > 0 ? report_.items : table.item_count);
  int workers = WorkerCount(options_.memory_bytes);
  int segments = options_.segments > 0 ? options_.segments : SegmentCount(table, workers);
  ScanSkew skew(table.key.CollectionKey());
  TableScanOptions scan{.table = table.name,
                        .consistent_read = options_.consistent_read,
                        .segments = WholeTable(segments),
                        .workers = workers,
                        .average_item_size = table.AverageItemSize(),
                        .skew = &skew};
  RETURN_IF_ERROR(ScanTable(
      *side.dynamodb, scan, *rate, meter, *context_.clock, *context_.random,
      [&](SegmentStart*) -> Result<std::unique_ptr<SegmentSink>> { return open(&meter); }, stop_));
  meter.Finish();
  rate->totals().AddTo(&report_);
  const std::string name = NameOf(side, table);
  for (const std::string& finding : skew.Findings())
    report_.warnings.push_back(fmt::format("{}: {}", name, finding));
  ASSIGN_OR_RETURN(TableDescription now, DescribeTable(*side.dynamodb, table.name, stop_));
  if (now.id == table.id) return {};
  return FailedPrecondition(
      fmt::format("{}: {} was deleted and made again meanwhile; verify again", phase, name));
}

void Verifier::Compare() {
  if (table_digest_ == report_.digest && table_items_ == report_.items) return;
  if (table_items_ == report_.items) {
    Differ(fmt::format("both have {} items, with different content", table_items_));
  } else {
    const std::string_view source = source_table_ ? "first table" : "export";
    Differ(fmt::format("the {} has more items: {} in the table, {} in the {}",
                       table_items_ > report_.items ? "table" : source, table_items_, report_.items,
                       source));
  }
}

Status Verifier::NameMissing() {
  if (source_table_) {
    return Scan(source_, *source_table_, "finding the differences",
                [this](ProgressMeter*) { return std::make_unique<MissingItems>(this); });
  }
  ProgressMeter meter("finding the differences", progress_, context_.clock, nullptr);
  for (const ExportFile& file : contents_.files) {
    if (only_in_export_.size() >= kDifferencesNamed) break;
    auto visit = [&](const Item& item, const ContentDigest& hash) {
      LookFor(item, hash);
      return only_in_export_.size() < kDifferencesNamed;
    };
    auto read = ReadFile(*folder_, file, visit, &meter, stop_);
    if (!read) return read.error();
  }
  return {};
}

void Verifier::LookFor(const Item& item, const ContentDigest& hash) {
  auto at = std::lower_bound(hashes_.begin(), hashes_.end(), hash);
  size_t index = static_cast<size_t>(at - hashes_.begin());
  // An item that is in the export twice shows as a difference in number only.
  if (at == hashes_.end() || *at != hash || found_[index]) return;
  std::lock_guard lock(mutex_);
  if (only_in_export_.size() >= kDifferencesNamed) return;
  only_in_export_.push_back(table_.key.Fault(item) ? "an item without the table's key"
                                                   : table_.key.Show(item));
}

bool Verifier::IsDamage(const ExportFile& file, const Error& error) const {
  // Without a manifest nobody says what it should be.
  if (contents_.manifest_name.empty()) return false;
  if (error.code == ErrorCode::kInvalidArgument) return file.is_proven();  // its header is another
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kNotFound;
}

void Verifier::Damaged(std::string what) {
  is_damaged_ = true;
  Differ(std::move(what));
}

void Verifier::Differ(std::string difference) {
  report_.differences.push_back(std::move(difference));
}

}  // namespace penstock
