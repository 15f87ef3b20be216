// RunRecord: _penstock/run.json, the first file an export writes at its destination: who is at work
// there. Old importers skip names that begin with '_'.
//   {"format":2,"kind":"export","runId":"…","table":"…","tableId":"…","startedAt":"…","segments":8,
//    "dataFormat":"datapipeline","compression":"none","columns":[["Id","N"]],
//    "nullTag":"nULLValue","attributeOrder":"server","consistentRead":false,
//    "encryption":"aws:kms","kmsKeyId":"…","job":"…"}
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "time/instant.h"
#include "transfer/file_format.h"
#include "transfer/segment.h"

namespace penstock {

constexpr std::string_view kRunRecordName = "_penstock/run.json";
constexpr std::string_view kRunFolderName = "_penstock/";

struct RunRecord {
  std::string run_id;
  std::string table, table_id;
  Instant started_at{};
  int segments = 1;
  FileStyle style;
  bool consistent_read = false;
  std::string server_side_encryption = {}, kms_key_id = {};  // of the objects
  std::string job = {};                                      // as in ExportOptions
  bool operator==(const RunRecord&) const = default;
};

std::string WriteRunRecord(const RunRecord& record);
Result<RunRecord> ParseRunRecord(std::string_view text);

/// The name of a run's data file, without suffix: a version-5 UUID whose first group is the run's,
/// so that a repeated attempt makes the same names and a run knows its own.
std::string DataFileName(std::string_view run_id, const SegmentId& segment, int sequence);
/// Whether a file has such a name.
bool IsDataFileOf(std::string_view run_id, std::string_view name);

/// A random version-4 UUID, for a run nobody named.
std::string NewRunId(class Random& random);

std::string_view NullTagName(NullTag tag);
std::string_view AttributeOrderName(AttributeOrder order);
/// As on the command line; nullopt for other texts.
std::optional<NullTag> ParseNullTag(std::string_view text);
std::optional<AttributeOrder> ParseAttributeOrder(std::string_view text);

}  // namespace penstock
