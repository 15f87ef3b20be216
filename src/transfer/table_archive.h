// TableArchive: _table.json, what a table was when it was exported: key, indexes, capacity, time to
// live, tags. From it the table can be made again. Old importers skip names that begin with '_'.
//   {"format":1,"table":{…what DescribeTable says…},
//    "timeToLive":{"AttributeName":"…","Enabled":true},"tags":[{"Key":"…","Value":"…"}]}
// The last two are left out where the server does not say; {"Enabled":false} and [] say that there
// are none.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aws/dynamodb_client.h"
#include "base/result.h"
#include "json/json.h"
#include "ports/clock.h"

namespace penstock {

constexpr std::string_view kTableArchiveName = "_table.json";
constexpr uint64_t kTableArchiveSizeMax = 4u << 20;

/// Value type.
struct TableArchive {
  json::Object table;                        // "Table" of DescribeTable
  std::optional<std::string> ttl_attribute;  // empty: there is none; nullopt: nobody said
  std::optional<json::Array> tags;           // nullopt: nobody said
};

/// How a table that is made is paid for. Value type.
struct TableBilling {
  enum class Kind { kAsArchived, kOnDemand, kProvisioned };
  Kind kind = Kind::kAsArchived;
  int64_t read_units = 0, write_units = 0;  // kProvisioned, of the table and of each index
  bool operator==(const TableBilling&) const = default;
};
/// "as-exported", "on-demand" or "READ,WRITE" in units per second; kInvalidArgument.
Result<TableBilling> ParseTableBilling(std::string_view text);

/// Asks the server for all of it. `table`: what DescribeTable said. What it refuses to tell is left
/// out, with a warning; kUnavailable, kCanceled: it may tell later.
Result<TableArchive> ArchiveTable(const DynamoDbClient& client, const json::Object& table,
                                  std::vector<std::string>* warnings, std::stop_token stop);

std::string WriteTableArchive(const TableArchive& archive);
/// kCorrupt: it is not one.
Result<TableArchive> ParseTableArchive(std::string_view text);

/// The body of the CreateTable that makes it again, under that name. kCorrupt: the archive lacks
/// what that takes. Tags of AWS's own ("aws:…") are left out: nobody else may set them.
Result<json::Object> CreateTableRequest(const TableArchive& archive, const std::string& name,
                                        const TableBilling& billing);

/// Makes the table and waits until it is ACTIVE; then its time to live is set. A stream, encryption
/// or class that the server refuses is left out, with a warning. Errors name the table.
Status MakeTable(const DynamoDbClient& client, Clock& clock, const TableArchive& archive,
                 const std::string& name, const TableBilling& billing,
                 std::vector<std::string>* warnings, std::stop_token stop);

/// What of the schema (key, attribute types, indexes, time to live) is another in `other`, for
/// people. What either side does not say is no difference. The names: "the export", "table T".
std::vector<std::string> SchemaDifferences(const TableArchive& archive, const TableArchive& other,
                                           std::string_view archive_name,
                                           std::string_view other_name);

/// Likewise of how the table is kept: stream, tags, billing mode, class, deletion protection. Not
/// of how many units are provisioned: these change with the table's use.
std::vector<std::string> SettingDifferences(const TableArchive& archive, const TableArchive& other,
                                            std::string_view archive_name,
                                            std::string_view other_name);

}  // namespace penstock
