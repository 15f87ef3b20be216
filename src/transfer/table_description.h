// TableDescription: what DescribeTable says of a table that a transfer needs to know. Pure, but for
// Describe.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "aws/dynamodb_client.h"
#include "base/result.h"
#include "json/json.h"
#include "transfer/key_schema.h"

namespace penstock {

/// How many units a second a table or an index can give, and how we know.
struct Capacity {
  double units_per_second = 0;
  std::string source;  // "provisioned", "on-demand maximum", "warm throughput", "first guess for an
                       // on-demand table"
  bool is_guess = false;  // then throttles and their absence move it
  bool operator==(const Capacity&) const = default;
};

/// A table's own capacity and those of its global indexes, by name (writes only: a Scan of the
/// table reads no index).
struct TableCapacity : Capacity {
  std::map<std::string, Capacity> indexes = {};
  bool operator==(const TableCapacity&) const = default;
};

enum class CapacityKind { kRead, kWrite };

/// Where the guess starts for an on-demand table that declares nothing, in units per second: what
/// AWS gives a new one.
constexpr double kOnDemandGuess = 4000;

struct TableDescription {
  std::string name, arn, status;
  /// Another one for a table that was made again: the server's, else name and time of making.
  std::string id;
  KeySchema key;
  uint64_t item_count = 0, size_bytes = 0;  // as of some hours ago on AWS
  TableCapacity read, write;
  json::Object description;  // all that the server says of it

  const TableCapacity& CapacityFor(CapacityKind kind) const {
    return kind == CapacityKind::kRead ? read : write;
  }
  bool HasStream() const;
  /// What reading all of it is charged for: `size_bytes` has 100 bytes of storage overhead more for
  /// each item. 0: unknown.
  uint64_t ItemBytes() const;
  /// Of those, bytes; 0: unknown.
  double AverageItemSize() const {
    return item_count == 0 ? 0 : static_cast<double>(ItemBytes()) / static_cast<double>(item_count);
  }
};

/// A reminder, for people, that the table has more provisioned capacity than before; empty: it has
/// not.
std::string RaisedCapacity(const TableDescription& before, const TableDescription& now,
                           CapacityKind kind);

/// Reads a DescribeTable answer. kCorrupt if it is not one.
Result<TableDescription> ParseTableDescription(std::string_view answer);

/// Asks the table. kNotFound, kPermissionDenied, kUnavailable … name table and endpoint.
Result<TableDescription> DescribeTable(const DynamoDbClient& client, const std::string& table,
                                       std::stop_token stop = {});

}  // namespace penstock
