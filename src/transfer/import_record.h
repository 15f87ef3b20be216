// ImportRecord: how far an import has come and of what, so that another process goes on where this
// one was killed. Written as _penstock/import-<run id>.json in the import's state folder:
//   {"format":1,"kind":"import","runId":"…","source":"…","table":"…","tableId":"…",
//    "mode":"overwrite","dataFormat":"csv","lenient":false,
//    "files":[{"name":"…","size":700,"line":500,"done":false,"written":499,"duplicates":0,
//              "skipped":0,"rejected":1,"blank":0,"repeats":0,"digest":"xxh3-128-sum:…"}],
//    "rejects":{"bytes":300,"state":"…"}}
// Without dataFormat the files said what they are. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/data_folder.h"
#include "transfer/file_format.h"
#include "transfer/import_ledger.h"

namespace penstock {

struct ImportedFile {
  std::string name;
  uint64_t size = 0;
  FileProgress progress;
  bool operator==(const ImportedFile&) const = default;
};

struct ImportRecord {
  std::string run_id;
  std::string source;
  std::string table, table_id;
  std::string mode;
  ReadStyle style;
  std::vector<ImportedFile> files;
  std::optional<FileMark> rejects;  // the rejects file so far; nullopt: there is none
  bool operator==(const ImportRecord&) const = default;
};

std::string WriteImportRecord(const ImportRecord& record);
/// kCorrupt: it is not one.
Result<ImportRecord> ParseImportRecord(std::string_view text);

/// Why `found` is not a record of the import that `wanted` describes, for people; empty: it is.
std::string WhyAnotherImport(const ImportRecord& found, const ImportRecord& wanted);

/// The id of an import nobody named: the same for the same source and table.
std::string ImportRunId(std::string_view source, std::string_view table);
std::string ImportRecordName(std::string_view run_id);
constexpr std::string_view kRejectsFolderName = "_penstock/rejected/";
std::string RejectsFileName(std::string_view run_id);

}  // namespace penstock
