#include "transfer/import_record.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr int64_t kRecordFormat = 1;

Result<ImportedFile> ReadFileEntry(const json::Object& object) {
  ImportedFile file;
  ImportCounts& counts = file.progress.counts;
  ASSIGN_OR_RETURN(file.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(file.progress.is_done, json::GetBool(object, "done"));
  const std::pair<const char*, uint64_t*> numbers[] = {
      {"size", &file.size},          {"line", &file.progress.line},
      {"written", &counts.written},  {"duplicates", &counts.duplicates},
      {"skipped", &counts.skipped},  {"rejected", &counts.rejected},
      {"blank", &counts.blank_lines}};
  for (const auto& [key, number] : numbers) {
    ASSIGN_OR_RETURN(int64_t value, json::GetInt(object, key));
    if (value < 0) return InvalidArgument(fmt::format("{} must not be negative", key));
    *number = static_cast<uint64_t>(value);
  }
  // Records of older versions do not have it.
  ASSIGN_OR_RETURN(auto repeats, json::OptionalInt(object, "repeats"));
  if (repeats.value_or(0) < 0) return InvalidArgument("repeats must not be negative");
  counts.repeats = static_cast<uint64_t>(repeats.value_or(0));
  ASSIGN_OR_RETURN(std::string digest, json::GetString(object, "digest"));
  auto parsed = ParseDigest(digest);
  if (!parsed) return InvalidArgument("digest is not one");
  counts.digest = *parsed;
  return file;
}

Result<ImportRecord> ReadImportRecord(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  ASSIGN_OR_RETURN(std::string kind, json::GetString(object, "kind"));
  if (format != kRecordFormat || kind != "import") {
    return InvalidArgument(fmt::format("it is a record of kind \"{}\" in format {}", kind, format));
  }
  ImportRecord record;
  ASSIGN_OR_RETURN(record.run_id, json::GetString(object, "runId"));
  ASSIGN_OR_RETURN(record.source, json::GetString(object, "source"));
  ASSIGN_OR_RETURN(record.table, json::GetString(object, "table"));
  ASSIGN_OR_RETURN(record.table_id, json::GetString(object, "tableId"));
  ASSIGN_OR_RETURN(record.mode, json::GetString(object, "mode"));
  ASSIGN_OR_RETURN(auto data_format, json::OptionalString(object, "dataFormat"));
  if (data_format) record.style.format = ParseFileFormat(*data_format);
  if (data_format && !record.style.format)
    return InvalidArgument(fmt::format("dataFormat \"{}\" is not known", *data_format));
  ASSIGN_OR_RETURN(auto lenient, json::OptionalBool(object, "lenient"));
  if (lenient.value_or(false)) record.style.leniency = Leniency::kGson;
  ASSIGN_OR_RETURN(const json::Array* files, json::GetArray(object, "files"));
  for (const json::Value& value : *files) {
    if (!value.is_object()) return InvalidArgument("files has an element that is no object");
    ASSIGN_OR_RETURN(ImportedFile file, ReadFileEntry(value.get_object()));
    record.files.push_back(std::move(file));
  }
  if (json::Find(object, "rejects") == nullptr) return record;
  ASSIGN_OR_RETURN(const json::Object* rejects, json::GetObject(object, "rejects"));
  ASSIGN_OR_RETURN(int64_t bytes, json::GetInt(*rejects, "bytes"));
  if (bytes < 0) return InvalidArgument("bytes must not be negative");
  record.rejects.emplace();
  record.rejects->bytes = static_cast<uint64_t>(bytes);
  ASSIGN_OR_RETURN(record.rejects->state, json::GetString(*rejects, "state"));
  return record;
}

bool IsLenient(const ImportRecord& record) { return record.style.leniency == Leniency::kGson; }

}  // namespace

std::string WriteImportRecord(const ImportRecord& record) {
  json::Array files;
  for (const ImportedFile& file : record.files) {
    const ImportCounts& counts = file.progress.counts;
    files.push_back(json::Object{{"name", file.name},
                                 {"size", file.size},
                                 {"line", file.progress.line},
                                 {"done", file.progress.is_done},
                                 {"written", counts.written},
                                 {"duplicates", counts.duplicates},
                                 {"skipped", counts.skipped},
                                 {"rejected", counts.rejected},
                                 {"blank", counts.blank_lines},
                                 {"repeats", counts.repeats},
                                 {"digest", FormatDigest(counts.digest)}});
  }
  json::Object object{{"format", kRecordFormat},  {"kind", "import"},
                      {"runId", record.run_id},   {"source", record.source},
                      {"table", record.table},    {"tableId", record.table_id},
                      {"mode", record.mode},      {"lenient", IsLenient(record)},
                      {"files", std::move(files)}};
  if (record.style.format) object["dataFormat"] = FileFormatName(*record.style.format);
  if (record.rejects) {
    object["rejects"] =
        json::Object{{"bytes", record.rejects->bytes}, {"state", record.rejects->state}};
  }
  return json::Write(object);
}

Result<ImportRecord> ParseImportRecord(std::string_view text) {
  auto record = ReadImportRecord(text);
  if (!record) return Corrupt("not the record of an import: " + record.error().message);
  return record;
}

std::string WhyAnotherImport(const ImportRecord& found, const ImportRecord& wanted) {
  if (found.source != wanted.source) return "it is of " + found.source;
  if (found.table != wanted.table) return "it is into table " + found.table;
  if (found.table_id != wanted.table_id) return "the table was deleted and made again since";
  if (found.mode != wanted.mode) return "its mode is " + found.mode;
  if (found.style.format != wanted.style.format) {
    return found.style.format
               ? fmt::format("it reads its files as {}", FileFormatName(*found.style.format))
               : "it reads its files as what they say they are";
  }
  if (IsLenient(found) != IsLenient(wanted))
    return IsLenient(found) ? "it reads leniently" : "it does not read leniently";
  bool same_files =
      std::equal(found.files.begin(), found.files.end(), wanted.files.begin(), wanted.files.end(),
                 [](const auto& a, const auto& b) { return a.name == b.name && a.size == b.size; });
  return same_files ? "" : "the source has other files now";
}

std::string ImportRunId(std::string_view source, std::string_view table) {
  return HexEncode(Sha1(fmt::format("{}\n{}", source, table))).substr(0, 16);
}

std::string ImportRecordName(std::string_view run_id) {
  return fmt::format("_penstock/import-{}.json", run_id);
}

std::string RejectsFileName(std::string_view run_id) {
  return fmt::format("{}{}.jsonl", kRejectsFolderName, run_id);
}

}  // namespace penstock
