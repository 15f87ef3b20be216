// TableDescription: what CreateTable, DescribeTable, UpdateTable and DeleteTable answer.
#pragma once

#include <string>

#include "json/json.h"
#include "local/dynamodb/table.h"

namespace penstock::dynamodb {

/// `shown` is the definition to describe, which can be older than the table's own while it is
/// UPDATING.
json::Object DescribeTableAs(Table& table, const TableDefinition& shown, TableStatus status,
                             std::string_view region, Instant now);

/// Seconds since 1970 as a JSON number.
json::Value EpochSeconds(Instant instant);

}  // namespace penstock::dynamodb
