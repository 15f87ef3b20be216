// A BatchWriteItem that only puts, from its text, without a tree (plain_item.h says what is plain).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "local/dynamodb/capacity.h"
#include "local/dynamodb/plain_item.h"
#include "local/dynamodb/table_catalog.h"

namespace penstock::dynamodb {

/// Requests in one BatchWriteItem.
constexpr size_t kBatchWritesMax = 25;

struct PlainPut {
  std::string_view table_name;
  std::shared_ptr<Table> table;
  PlainItem item;
  std::string_view request;  // {"PutRequest":…} as it was given
};

/// Views are of the text.
struct PlainBatch {
  std::vector<PlainPut> puts;
  CapacityReport report = CapacityReport::kNone;
};

/// nullopt: not plain, or a table is not there, or a key occurs twice: nothing has been done.
std::optional<PlainBatch> ReadPlainBatch(std::string_view text, const Caller& caller,
                                         TableCatalog& catalog);

}  // namespace penstock::dynamodb
