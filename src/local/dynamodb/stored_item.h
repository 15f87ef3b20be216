// What the store holds for an item:
//
//   varint   item size in bytes, as billed (item_size.h)
//   varint   size in the internal form that ends pages
//   4 bytes  checksum: the low half of XXH3-64 of the JSON, little-endian
//   rest     the item's wire JSON, compact, exactly as a Scan answers it
//
// so that a page of a Scan is written by copying bytes, and capacity is known without reading the
// JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "local/dynamodb/attribute_value.h"
#include "local/dynamodb/item_size.h"

namespace penstock::dynamodb {

/// A view of a stored value; lives as long as its bytes.
struct StoredItem {
  uint64_t item_size = 0;
  uint64_t page_size = 0;
  std::string_view json;
};

/// `range_key`: the sort key attribute of the table or index it is stored under, or empty.
std::string EncodeStoredItem(const Item& item, std::string_view range_key);
/// The same of an item whose JSON, as AppendJson writes it, and sizes are known.
std::string EncodeStoredJson(std::string_view json, const ItemSizes& sizes);
/// kCorrupt if it does not read back.
Result<StoredItem> DecodeStoredItem(std::string_view value);

/// Reads JSON that AppendJson wrote, several times faster than a general reader; kCorrupt for
/// anything else.
Result<Item> ParseStoredJson(std::string_view json);

}  // namespace penstock::dynamodb
