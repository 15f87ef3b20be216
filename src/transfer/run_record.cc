#include "transfer/run_record.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"
#include "ports/random.h"

namespace penstock {
namespace {

constexpr int64_t kFormat = 1;
/// The name space of data files: version 5 of the DNS name space and "data-file.penstock".
constexpr std::string_view kNameSpace = "3e100183bd38571091e7219565c93732";

std::string FormatUuid(std::string bytes, char version) {
  bytes.resize(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | version << 4);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string hex = HexEncode(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

Result<RunRecord> Parse(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  ASSIGN_OR_RETURN(std::string kind, json::GetString(object, "kind"));
  if (format != kFormat || kind != "export") {
    return InvalidArgument(fmt::format("it is a record of kind \"{}\" in format {}", kind, format));
  }
  RunRecord record;
  ASSIGN_OR_RETURN(record.run_id, json::GetString(object, "runId"));
  ASSIGN_OR_RETURN(record.table, json::GetString(object, "table"));
  ASSIGN_OR_RETURN(record.table_id, json::GetString(object, "tableId"));
  ASSIGN_OR_RETURN(std::string started_at, json::GetString(object, "startedAt"));
  ASSIGN_OR_RETURN(int64_t segments, json::GetInt(object, "segments"));
  ASSIGN_OR_RETURN(std::string null_tag, json::GetString(object, "nullTag"));
  ASSIGN_OR_RETURN(std::string order, json::GetString(object, "attributeOrder"));
  ASSIGN_OR_RETURN(record.consistent_read, json::GetBool(object, "consistentRead"));
  auto time = ParseIso(started_at);
  auto tag = ParseNullTag(null_tag);
  auto attribute_order = ParseAttributeOrder(order);
  if (!time || !tag || !attribute_order || segments < 1 || segments > 1'000'000) {
    return InvalidArgument("startedAt, segments, nullTag or attributeOrder has no legal value");
  }
  record.started_at = *time;
  record.segments = static_cast<int>(segments);
  record.style = {*tag, *attribute_order};
  return record;
}

}  // namespace

std::string WriteRunRecord(const RunRecord& record) {
  return json::WritePretty(json::Object{{"format", kFormat},
                                        {"kind", "export"},
                                        {"runId", record.run_id},
                                        {"table", record.table},
                                        {"tableId", record.table_id},
                                        {"startedAt", FormatIsoMillis(record.started_at)},
                                        {"segments", record.segments},
                                        {"nullTag", NullTagName(record.style.null_tag)},
                                        {"attributeOrder", AttributeOrderName(record.style.order)},
                                        {"consistentRead", record.consistent_read}});
}

Result<RunRecord> ParseRunRecord(std::string_view text) {
  auto record = Parse(text);
  if (!record) return InvalidArgument("not the record of a run: " + record.error().message);
  return record;
}

std::string DataFileName(std::string_view run_id, int segment, int sequence) {
  return FormatUuid(
      Sha1(*HexDecode(kNameSpace) + fmt::format("{}/{}/{}", run_id, segment, sequence)), 5);
}

std::string NewRunId(Random& random) {
  std::string bytes(16, '\0');
  random.Fill(bytes);
  return FormatUuid(std::move(bytes), 4);
}

std::string_view NullTagName(NullTag tag) { return tag == NullTag::kNull ? "nULL" : "nULLValue"; }

std::string_view AttributeOrderName(AttributeOrder order) {
  switch (order) {
    case AttributeOrder::kServer:
      return "server";
    case AttributeOrder::kSorted:
      return "sorted";
    case AttributeOrder::kJavaHashMap:
      return "java-hashmap";
  }
  return "server";
}

std::optional<NullTag> ParseNullTag(std::string_view text) {
  for (NullTag tag : {NullTag::kNullValue, NullTag::kNull}) {
    if (NullTagName(tag) == text) return tag;
  }
  return std::nullopt;
}

std::optional<AttributeOrder> ParseAttributeOrder(std::string_view text) {
  for (AttributeOrder order :
       {AttributeOrder::kServer, AttributeOrder::kSorted, AttributeOrder::kJavaHashMap}) {
    if (AttributeOrderName(order) == text) return order;
  }
  return std::nullopt;
}

}  // namespace penstock
