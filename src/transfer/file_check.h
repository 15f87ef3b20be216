// FileCheck: what a data file of an export holds, read from its first byte to its last, against
// what its manifest says.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "transfer/content_digest.h"
#include "transfer/data_folder.h"
#include "transfer/export_file.h"
#include "transfer/item.h"
#include "transfer/line_reader.h"
#include "transfer/progress.h"

namespace penstock {

struct FileFindings {
  uint64_t items = 0;
  uint64_t deletions = 0;  // of an incremental export
  uint64_t blank_lines = 0;
  uint64_t bad_lines = 0;
  std::string first_fault;  // ItemFile::Fault
  ContentDigest digest;     // of its items
  bool had_byte_order_mark = false;
  bool is_whole = true;  // false: of as many of its items as somebody wanted

  /// One record more; `hash` counts if it is an item. Of bad lines the caller tells the first.
  void Count(LineKind kind, const ContentDigest& hash);
};

/// Called for each item, with its hash. False: that is enough of this file.
using ItemVisitor = std::function<bool(const Item& item, const ContentDigest& hash)>;

/// Errors: the file cannot be read, or not to its end, or it has another checksum than its manifest
/// says (of a file that has one, every byte is read, however few items are wanted). Bad lines are
/// findings.
Result<FileFindings> ReadFile(DataFolder& folder, const ExportFile& file, const ItemVisitor& visit,
                              ProgressMeter* meter, std::stop_token stop);

/// What of the findings contradicts what the file's manifest says, for people; empty if nothing
/// does or it says nothing.
std::string Contradiction(const ExportFile& file, const FileFindings& findings,
                          const std::string& address);

}  // namespace penstock
