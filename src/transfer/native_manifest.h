// NativeManifest: the two JSON files that say what an export of DynamoDB's own holds.
//   AWSDynamoDB/<ExportId>/manifest-summary.json   the export: table, times, where the other one is
//   AWSDynamoDB/<ExportId>/manifest-files.json     a line of JSON for each data file
// and beside each its MD5 in base64: .md5 as AWS writes it, .checksum in its documentation. What we
// write has a member more in both, "x-verify", with the digests; others skip it.
// Source: Amazon DynamoDB Developer Guide, "DynamoDB table export output format". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "time/instant.h"
#include "transfer/manifest.h"

namespace penstock {

constexpr std::string_view kNativeFolder = "AWSDynamoDB/";
constexpr std::string_view kNativeSummaryName = "manifest-summary.json";
constexpr std::string_view kNativeFilesName = "manifest-files.json";

struct NativeSummary {
  std::string export_arn, table_arn, table_id;
  Instant start_time{}, end_time{}, export_time{};
  std::string s3_bucket, s3_prefix, s3_sse_algorithm, s3_sse_kms_key_id;  // the last may be empty
  std::string manifest_files_key;                                         // from the bucket's root
  uint64_t billed_bytes = 0, items = 0;
  std::string output_format = "DYNAMODB_JSON";
  bool is_incremental = false;
  std::optional<ExportProof> proof;  // without its files; of exports of ours
  bool operator==(const NativeSummary&) const = default;
};

struct NativeFile {
  uint64_t items = 0;
  std::string md5;                 // base64, of the stored bytes
  std::string etag;                // without quotes
  std::string key;                 // from the bucket's root
  std::optional<FileProof> proof;  // of exports of ours: its name, bytes and digest
  bool operator==(const NativeFile&) const = default;
};

/// An ExportId as AWS makes them: the start in milliseconds, 14 digits, and 8 hex digits of the
/// run.
std::string NativeExportId(std::string_view run_id, Instant started_at);

std::string WriteNativeSummary(const NativeSummary& summary);
std::string WriteNativeFiles(const std::vector<NativeFile>& files);
/// kInvalidArgument: not such a file, or of a version or output format that cannot be read.
Result<NativeSummary> ParseNativeSummary(std::string_view text);
Result<std::vector<NativeFile>> ParseNativeFiles(std::string_view text);

}  // namespace penstock
