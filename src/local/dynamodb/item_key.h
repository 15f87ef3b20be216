// Finds and checks the key in what a request gives: whole items, keys, start keys.
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "local/dynamodb/document_path.h"
#include "local/dynamodb/table_definition.h"

namespace penstock::dynamodb {

/// The stored key of a whole item, which may have other attributes; also checks the types of index
/// keys.
ApiResult<std::string> KeyOfItem(const Item& item, const TableDefinition& definition);
/// The stored key of a Key parameter, which must have the key attributes and nothing else.
ApiResult<std::string> KeyOfKey(const Item& key, const TableDefinition& definition);
/// An ExclusiveStartKey, of the table or of `index` if not null. The errors are those of Query or
/// Scan.
ApiResult<std::string> KeyOfStartKey(const Item& key, const TableDefinition& definition,
                                     const IndexDefinition* index, bool is_scan);
/// A path into a key attribute, which is always a scalar, is a mistake.
ApiResult<void> CheckKeyPaths(const std::vector<DocumentPath>& paths,
                              const TableDefinition& definition);

}  // namespace penstock::dynamodb
