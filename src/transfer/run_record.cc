#include "transfer/run_record.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"
#include "ports/random.h"

namespace penstock {
namespace {

constexpr int64_t kRunRecordFormat = 2;
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

constexpr size_t kRunBytes = 4;  // of a data file's name
constexpr size_t kUuidLength = 36;

std::string RunBytes(std::string_view run_id) {
  return Sha1(*HexDecode(kNameSpace) + std::string(run_id)).substr(0, kRunBytes);
}

Result<Column> ReadColumn(const json::Value& value) {
  const json::Array* pair = value.if_array();
  if (pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
    for (auto type = AttributeType::kS; type <= AttributeType::kNull;
         type = static_cast<AttributeType>(static_cast<int>(type) + 1)) {
      if ((*pair)[1].get_string() == AttributeTypeName(type))
        return Column{std::string((*pair)[0].get_string()), type};
    }
  }
  return InvalidArgument("columns has an element that is no name and type");
}

Result<RunRecord> ReadRunRecord(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  ASSIGN_OR_RETURN(std::string kind, json::GetString(object, "kind"));
  if (format != kRunRecordFormat || kind != "export") {
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
  ASSIGN_OR_RETURN(auto encryption, json::OptionalString(object, "encryption"));
  ASSIGN_OR_RETURN(auto kms_key, json::OptionalString(object, "kmsKeyId"));
  record.server_side_encryption = encryption.value_or("");
  record.kms_key_id = kms_key.value_or("");
  ASSIGN_OR_RETURN(auto job, json::OptionalString(object, "job"));
  record.job = job.value_or("");
  auto time = ParseIso(started_at);
  auto tag = ParseNullTag(null_tag);
  auto attribute_order = ParseAttributeOrder(order);
  ASSIGN_OR_RETURN(std::string format_name, json::GetString(object, "dataFormat"));
  ASSIGN_OR_RETURN(std::string compression_name, json::GetString(object, "compression"));
  auto data_format = ParseFileFormat(format_name);
  auto compression = ParseCompression(compression_name);
  ASSIGN_OR_RETURN(const json::Array* columns, json::GetArray(object, "columns"));
  for (const json::Value& value : *columns) {
    ASSIGN_OR_RETURN(Column column, ReadColumn(value));
    record.style.columns.push_back(std::move(column));
  }
  if (!time || !tag || !attribute_order || !data_format || !compression || segments < 1 ||
      segments > 1'000'000) {
    return InvalidArgument(
        "startedAt, segments, dataFormat, compression, nullTag or attributeOrder has no legal "
        "value");
  }
  record.started_at = *time;
  record.segments = static_cast<int>(segments);
  record.style.format = *data_format;
  record.style.compression = *compression;
  record.style.line = {*tag, *attribute_order};
  return record;
}

}  // namespace

std::string WriteRunRecord(const RunRecord& record) {
  json::Array columns;
  for (const Column& column : record.style.columns)
    columns.push_back(json::Array{column.name, AttributeTypeName(column.type)});
  json::Object object{{"format", kRunRecordFormat},
                      {"kind", "export"},
                      {"runId", record.run_id},
                      {"table", record.table},
                      {"tableId", record.table_id},
                      {"startedAt", FormatIsoMillis(record.started_at)},
                      {"segments", record.segments},
                      {"dataFormat", FileFormatName(record.style.format)},
                      {"compression", CompressionName(record.style.compression)},
                      {"columns", std::move(columns)},
                      {"nullTag", NullTagName(record.style.line.null_tag)},
                      {"attributeOrder", AttributeOrderName(record.style.line.order)},
                      {"consistentRead", record.consistent_read}};
  if (!record.server_side_encryption.empty()) object["encryption"] = record.server_side_encryption;
  if (!record.kms_key_id.empty()) object["kmsKeyId"] = record.kms_key_id;
  if (!record.job.empty()) object["job"] = record.job;
  return json::WritePretty(object);
}

Result<RunRecord> ParseRunRecord(std::string_view text) {
  auto record = ReadRunRecord(text);
  if (!record) return InvalidArgument("not the record of a run: " + record.error().message);
  return record;
}

std::string DataFileName(std::string_view run_id, const SegmentId& segment, int sequence) {
  std::string bytes =
      Sha1(*HexDecode(kNameSpace) +
           fmt::format("{}/{}of{}/{}", run_id, segment.index, segment.total, sequence));
  bytes.replace(0, kRunBytes, RunBytes(run_id));
  return FormatUuid(std::move(bytes), 5);
}

bool IsDataFileOf(std::string_view run_id, std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);
  return name.size() >= kUuidLength && name[8] == '-' && name[23] == '-' &&
         name.starts_with(HexEncode(RunBytes(run_id)));
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
