// RunRecord: _penstock/run.json, the first file an export writes at its destination: who is at work
// there. Old importers skip names that begin with '_'.
//   {"format":1,"kind":"export","runId":"…","table":"…","tableId":"…","startedAt":"…","segments":8,
//    "nullTag":"nULLValue","attributeOrder":"server","consistentRead":false}
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "time/instant.h"
#include "transfer/item_writer.h"

namespace penstock {

constexpr std::string_view kRunRecordName = "_penstock/run.json";
constexpr std::string_view kRunFolderName = "_penstock/";

struct RunRecord {
  std::string run_id;
  std::string table, table_id;
  Instant started_at{};
  int segments = 1;
  LineStyle style;
  bool consistent_read = false;
  bool operator==(const RunRecord&) const = default;
};

std::string WriteRunRecord(const RunRecord& record);
Result<RunRecord> ParseRunRecord(std::string_view text);

/// The name of a run's data file: a version-5 UUID, so that a repeated attempt makes the same
/// names.
std::string DataFileName(std::string_view run_id, int segment, int sequence);

/// A random version-4 UUID, for a run nobody named.
std::string NewRunId(class Random& random);

std::string_view NullTagName(NullTag tag);
std::string_view AttributeOrderName(AttributeOrder order);
/// As on the command line; nullopt for other texts.
std::optional<NullTag> ParseNullTag(std::string_view text);
std::optional<AttributeOrder> ParseAttributeOrder(std::string_view text);

}  // namespace penstock
