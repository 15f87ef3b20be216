// ScanPage: the answer to one Scan request, read in one pass, its items handed on as they come.
// Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"
#include "transfer/item_reader.h"

namespace penstock {

struct ScanPage {
  uint64_t items = 0;
  std::string_view last_evaluated_key;  // its JSON text, for ExclusiveStartKey as it is; empty: the
                                        // segment is at its end
  double consumed_units = -1;           // -1: the server did not say
};

/// Reads a page and calls `each` for every item, in order; the item lives during the call. Members
/// may come in any order. kCorrupt names the byte at which the answer is not what Scan answers; an
/// error of `each` ends it and is passed on.
Result<ScanPage> ReadScanPage(std::string_view body, ItemReader& reader, Item* item,
                              const std::function<Status(const Item&)>& each);

/// What a "ConsumedCapacity" member says (an object, or BatchWriteItem's array of them).
struct ConsumedCapacity {
  double units = -1;  // of the table's own capacity, local indexes included; -1: it does not say
  /// Of global indexes, which have capacities of their own; nullopt: it does not say.
  std::optional<std::map<std::string, double>> indexes = {};
  bool operator==(const ConsumedCapacity&) const = default;
};
ConsumedCapacity ReadConsumedCapacity(std::string_view json_text);
ConsumedCapacity ReadConsumedCapacity(const json::Value& value);

}  // namespace penstock
