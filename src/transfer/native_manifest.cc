#include "transfer/native_manifest.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr std::string_view kNativeVersion = "2020-06-30";
constexpr std::string_view kIncrementalVersion = "2023-08-01";

json::Value OrNull(const std::string& text) {
  return text.empty() ? json::Value(nullptr) : json::Value(text);
}

Result<std::string> TextOrNull(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  if (value == nullptr || value->is_null()) return std::string();
  return json::GetString(object, key);
}

/// A time that only informs: absent or unreadable is no reason to refuse the export.
Instant TimeIn(const json::Object& object, std::string_view key) {
  auto text = TextOrNull(object, key);
  if (!text) return {};
  return ParseIso(*text).value_or(Instant{});
}

Result<ExportProof> ParseSummaryProof(const json::Object& object) {
  ExportProof proof;
  ASSIGN_OR_RETURN(proof.run_id, json::GetString(object, "runId"));
  ASSIGN_OR_RETURN(proof.table, json::GetString(object, "table"));
  // A file's proof has the same members as the whole's; its name is the run's.
  json::Object total = object;
  total["name"] = proof.run_id;
  ASSIGN_OR_RETURN(FileProof sums, ParseFileProof(total));
  proof.items = sums.items;
  proof.bytes = sums.bytes;
  proof.digest = sums.digest;
  return proof;
}

Result<NativeSummary> ParseSummary(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  NativeSummary summary;
  ASSIGN_OR_RETURN(std::string version, json::GetString(object, "version"));
  if (version != kNativeVersion && version != kIncrementalVersion)
    return InvalidArgument(fmt::format("version {} is not known", version));
  ASSIGN_OR_RETURN(summary.manifest_files_key, json::GetString(object, "manifestFilesS3Key"));
  ASSIGN_OR_RETURN(summary.items, json::GetCount(object, "itemCount"));
  ASSIGN_OR_RETURN(summary.output_format, json::GetString(object, "outputFormat"));
  if (summary.output_format != "DYNAMODB_JSON") {
    return InvalidArgument(fmt::format("its output format is {}; only DYNAMODB_JSON can be read",
                                       summary.output_format));
  }
  ASSIGN_OR_RETURN(std::string type, TextOrNull(object, "exportType"));
  if (!type.empty() && type != "FULL_EXPORT" && type != "INCREMENTAL_EXPORT")
    return InvalidArgument(fmt::format("its exportType {} is not known", type));
  summary.is_incremental = type == "INCREMENTAL_EXPORT";
  ASSIGN_OR_RETURN(summary.export_arn, TextOrNull(object, "exportArn"));
  ASSIGN_OR_RETURN(summary.table_arn, TextOrNull(object, "tableArn"));
  ASSIGN_OR_RETURN(summary.table_id, TextOrNull(object, "tableId"));
  ASSIGN_OR_RETURN(summary.s3_bucket, TextOrNull(object, "s3Bucket"));
  ASSIGN_OR_RETURN(summary.s3_prefix, TextOrNull(object, "s3Prefix"));
  ASSIGN_OR_RETURN(summary.s3_sse_algorithm, TextOrNull(object, "s3SseAlgorithm"));
  ASSIGN_OR_RETURN(summary.s3_sse_kms_key_id, TextOrNull(object, "s3SseKmsKeyId"));
  summary.start_time = TimeIn(object, "startTime");
  summary.end_time = TimeIn(object, "endTime");
  summary.export_time = TimeIn(object, "exportTime");
  if (auto billed = json::GetCount(object, "billedSizeBytes")) summary.billed_bytes = *billed;
  if (const json::Value* proof = json::Find(object, "x-verify")) {
    if (!proof->is_object()) return InvalidArgument("x-verify must be an object");
    auto parsed = ParseSummaryProof(proof->get_object());
    if (!parsed) return std::move(parsed.error()).In("x-verify");
    summary.proof = *std::move(parsed);
  }
  return summary;
}

Result<NativeFile> ParseFile(std::string_view line) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(line));
  NativeFile file;
  ASSIGN_OR_RETURN(file.items, json::GetCount(object, "itemCount"));
  ASSIGN_OR_RETURN(file.md5, TextOrNull(object, "md5Checksum"));
  ASSIGN_OR_RETURN(file.etag, TextOrNull(object, "etag"));
  ASSIGN_OR_RETURN(file.key, json::GetString(object, "dataFileS3Key"));
  std::optional<std::string> md5 = Base64Decode(file.md5);
  if (!md5 || (!md5->empty() && md5->size() != 16))
    return InvalidArgument(fmt::format("md5Checksum {} is not an MD5 in base64", file.md5));
  if (const json::Value* proof = json::Find(object, "x-verify")) {
    if (!proof->is_object()) return InvalidArgument("x-verify must be an object");
    auto parsed = ParseFileProof(proof->get_object());
    if (!parsed) return std::move(parsed.error()).In("x-verify");
    file.proof = *std::move(parsed);
  }
  return file;
}

}  // namespace

std::string NativeExportId(std::string_view run_id, Instant started_at) {
  return fmt::format("{:014}-{}", started_at.time_since_epoch().count(),
                     HexEncode(Sha1(run_id).substr(0, 4)));
}

std::string WriteNativeSummary(const NativeSummary& summary) {
  json::Object object{
      {"version", summary.is_incremental ? kIncrementalVersion : kNativeVersion},
      {"exportArn", summary.export_arn},
      {"startTime", FormatIsoMillis(summary.start_time)},
      {"endTime", FormatIsoMillis(summary.end_time)},
      {"tableArn", summary.table_arn},
      {"tableId", summary.table_id},
      {"exportTime", FormatIsoMillis(summary.export_time)},
      {"s3Bucket", summary.s3_bucket},
      {"s3Prefix", OrNull(summary.s3_prefix)},
      {"s3SseAlgorithm", OrNull(summary.s3_sse_algorithm)},
      {"s3SseKmsKeyId", OrNull(summary.s3_sse_kms_key_id)},
      {"manifestFilesS3Key", summary.manifest_files_key},
      {"billedSizeBytes", summary.billed_bytes},
      {"itemCount", summary.items},
      {"outputFormat", summary.output_format},
      {"exportType", summary.is_incremental ? "INCREMENTAL_EXPORT" : "FULL_EXPORT"}};
  if (summary.proof) {
    object["x-verify"] = json::Object{{"runId", summary.proof->run_id},
                                      {"table", summary.proof->table},
                                      {"items", summary.proof->items},
                                      {"bytes", summary.proof->bytes},
                                      {"digest", FormatDigest(summary.proof->digest)}};
  }
  return json::Write(object);
}

std::string WriteNativeFiles(const std::vector<NativeFile>& files) {
  std::string text;
  for (const NativeFile& file : files) {
    json::Object object{{"itemCount", file.items},
                        {"md5Checksum", file.md5},
                        {"etag", file.etag},
                        {"dataFileS3Key", file.key}};
    if (file.proof) object["x-verify"] = WriteFileProof(*file.proof);
    text += json::Write(object) + "\n";
  }
  return text;
}

Result<NativeSummary> ParseNativeSummary(std::string_view text) {
  auto summary = ParseSummary(text);
  if (!summary)
    return InvalidArgument("not the summary of a DynamoDB export: " + summary.error().message);
  return summary;
}

Result<std::vector<NativeFile>> ParseNativeFiles(std::string_view text) {
  std::vector<NativeFile> files;
  uint64_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (Trim(line).empty()) continue;
    auto file = ParseFile(line);
    if (!file) {
      return InvalidArgument(fmt::format("not the file list of a DynamoDB export: line {}: {}",
                                         number, file.error().message));
    }
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace penstock
