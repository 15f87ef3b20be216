// What a transfer keeps between attempts, and what people hand it: checkpoints, import records,
// rejected lines, archives of tables, price lists. What is accepted is written and read again as
// the same.
#include <string_view>

#include "base/check.h"
#include "transfer/estimate.h"
#include "transfer/export_checkpoint.h"
#include "transfer/import_record.h"
#include "transfer/rejected_line.h"
#include "transfer/table_archive.h"

namespace penstock {
namespace {

void ReadCheckpoint(std::string_view text) {
  auto checkpoint = ExportCheckpoint::Parse(text, "run");
  if (!checkpoint) return;
  const std::string written = (*checkpoint)->Write();
  auto again = ExportCheckpoint::Parse(written, "run");
  CHECK(again.has_value(), "{}", again.error().message);
  CHECK((*again)->Write() == written);
  CHECK((*again)->Remaining() == (*checkpoint)->Remaining());
  CHECK((*again)->Files() == (*checkpoint)->Files());
  CHECK((*again)->OpenFiles() == (*checkpoint)->OpenFiles());
}

void ReadImportRecord(std::string_view text) {
  auto record = ParseImportRecord(text);
  if (!record) return;
  auto again = ParseImportRecord(WriteImportRecord(*record));
  CHECK(again.has_value(), "{}", again.error().message);
  CHECK(*again == *record);
  CHECK(WhyAnotherImport(*again, *record).empty());
}

void ReadRejectedLine(std::string_view text) {
  auto reject = ParseRejectedLine(text);
  if (!reject) return;
  auto again = ParseRejectedLine(WriteRejectedLine(*reject, text));
  CHECK(again.has_value(), "{}", again.error().message);
  CHECK(again->Describe() == reject->Describe());
}

void ReadTableArchive(std::string_view text) {
  auto archive = ParseTableArchive(text);
  if (!archive) return;
  auto again = ParseTableArchive(WriteTableArchive(*archive));
  CHECK(again.has_value(), "{}", again.error().message);
  // Numbers beyond what capacities are may be respelled.
  CHECK(again->ttl_attribute == archive->ttl_attribute);
  CHECK(again->tags.has_value() == archive->tags.has_value());
  if (archive->tags) CHECK(again->tags->size() == archive->tags->size());
  CHECK(SchemaDifferences(*archive, *again, "one", "other").empty());
  CHECK(SettingDifferences(*archive, *again, "one", "other").empty());
  using Kind = TableBilling::Kind;
  for (Kind kind : {Kind::kAsArchived, Kind::kOnDemand, Kind::kProvisioned}) {
    static_cast<void>(CreateTableRequest(*archive, "t", {kind, 5, 7}).has_value());
  }
}

void ReadPriceList(std::string_view text) {
  auto prices = ParsePriceList(text);
  if (!prices) return;
  Estimate estimate;
  estimate.units = 1e9;
  for (bool is_export : {true, false}) {
    estimate.is_export = is_export;
    static_cast<void>(estimate.Price(*prices).has_value());
    static_cast<void>(estimate.Describe(*prices).size());
    static_cast<void>(estimate.Json(*prices).size());
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  penstock::ReadCheckpoint(text);
  penstock::ReadImportRecord(text);
  penstock::ReadRejectedLine(text);
  penstock::ReadTableArchive(text);
  penstock::ReadPriceList(text);
  static_cast<void>(penstock::ParseDeadline(text).has_value());
  static_cast<void>(penstock::ParseTableBilling(text).has_value());
  return 0;
}
