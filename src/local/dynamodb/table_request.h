// From CreateTable's and UpdateTable's parameters to definitions: everything that can be checked
// without looking at tables.
#pragma once

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/table_definition.h"

namespace penstock::dynamodb {

/// A definition without account, region, id, times and serial numbers.
ApiResult<TableDefinition> ReadCreateTable(const json::Object& request);

/// One new global index for a table that is there. `attributes`: the table's AttributeDefinitions
/// and the request's.
ApiResult<IndexDefinition> ReadGlobalIndex(const json::Object& index,
                                           const std::vector<KeyAttribute>& attributes,
                                           const KeyLayout& table, bool on_demand);

ApiResult<std::vector<KeyAttribute>> ReadAttributeDefinitions(const json::Array* definitions);
ApiResult<Throughput> ReadThroughput(const json::Object& throughput);
/// Parameters that this server has no counterpart for (streams, own encryption keys) are refused
/// rather than ignored.
ApiResult<void> RefuseUnsupportedTableParameters(const json::Object& request);
ApiResult<std::vector<std::pair<std::string, std::string>>> ReadTags(const json::Array& tags);

}  // namespace penstock::dynamodb
