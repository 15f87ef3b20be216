#include "transfer/file_check.h"

#include "transfer/item_file.h"

namespace penstock {
namespace {

constexpr uint64_t kItemsPerReport = 1000;

}  // namespace

void FileFindings::Count(LineKind kind, const ContentDigest& hash) {
  switch (kind) {
    case LineKind::kItem:
      ++items;
      digest.Add(hash);
      break;
    case LineKind::kDelete:
      ++deletions;
      break;
    case LineKind::kBlank:
      ++blank_lines;
      break;
    case LineKind::kBad:
      ++bad_lines;
      break;
    case LineKind::kHeader:
      break;
  }
}

Result<FileFindings> ReadFile(DataFolder& folder, const ExportFile& file, const ItemVisitor& visit,
                              ProgressMeter* meter, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<ItemFile> lines, ItemFile::Open(folder, file, stop));
  FileFindings findings;
  ItemHasher hasher;
  Item item;
  uint64_t reported_items = 0, reported_bytes = 0;
  auto report = [&] {
    const uint64_t bytes = lines->stored_bytes();
    meter->Add(findings.items - reported_items, bytes - reported_bytes);
    reported_items = findings.items;
    reported_bytes = bytes;
    meter->Tick();
  };
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineKind> kind, lines->Next(&item));
    if (!kind) break;
    const ContentDigest hash = *kind == LineKind::kItem ? hasher.Hash(item) : ContentDigest();
    findings.Count(*kind, hash);
    if (*kind == LineKind::kBad && findings.bad_lines == 1) findings.first_fault = lines->Fault();
    if (*kind != LineKind::kItem) continue;
    if (!visit(item, hash)) {
      findings.is_whole = false;
      if (!file.crc64nvme) break;
      RETURN_IF_ERROR(lines->PassRest());
      if (file.items > findings.items) meter->Add(*file.items - findings.items, 0);
      break;
    }
    if (findings.items % kItemsPerReport == 0) {
      if (stop.stop_requested()) return Canceled("reading " + lines->name() + " was stopped");
      report();
    }
  }
  report();
  findings.had_byte_order_mark = lines->had_byte_order_mark();
  return findings;
}

std::string Contradiction(const ExportFile& file, const FileFindings& findings,
                          const std::string& address) {
  if (!file.is_proven()) return "";
  if (findings.bad_lines > 0) return findings.first_fault;
  if (!findings.is_whole) return "";
  if (findings.items + findings.deletions != *file.items) {
    return fmt::format("{} has {} items, its manifest says {}", address,
                       findings.items + findings.deletions, *file.items);
  }
  if (file.digest && findings.digest != *file.digest) {
    return fmt::format("the {} items of {} have the digest {}, its manifest says {}",
                       findings.items, address, FormatDigest(findings.digest),
                       FormatDigest(*file.digest));
  }
  return "";
}

}  // namespace penstock
