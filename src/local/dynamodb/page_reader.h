// Reads one page of a Query or Scan: walks a range of stored keys until the range, the limit or the
// page is full.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "local/dynamodb/expression.h"
#include "local/dynamodb/table_definition.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

struct PageRequest {
  KeyRange range;
  std::optional<std::string> start_after;  // a stored key, not itself read
  bool forward = true;
  std::optional<int64_t> limit;  // of items looked at
  const Expression* filter = nullptr;
  const std::vector<DocumentPath>* projection = nullptr;
  bool count_only = false;
  /// Of a local index: read the whole items from this table instead of what the index holds.
  const KeyLayout* fetch_from = nullptr;
};

struct Page {
  std::string items;  // JSON texts joined by commas; empty with count_only
  uint64_t count = 0, scanned = 0;
  uint64_t bytes = 0;            // billed sizes of all items looked at
  double fetch_units = 0;        // strongly consistent units of fetch_from
  std::optional<Item> last_key;  // present: there may be more
};

ApiResult<Page> ReadPage(KeyValue& store, const KeyLayout& layout, const PageRequest& request);

}  // namespace penstock::dynamodb
