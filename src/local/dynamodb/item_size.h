// How large DynamoDB says things are. Two measures: the billed size (400 KB limit, capacity units)
// and the internal form whose sum ends a page at 1 MB. The second is not documented; the formula is
// the one that reproduces AWS's page ends.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
#pragma once

#include <cstddef>
#include <string_view>

#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

constexpr size_t kItemSizeMax = 409'600;
constexpr size_t kPageSizeMax = 1'048'576;
/// Storage and index sizes add this to each item.
constexpr size_t kStorageOverhead = 100;

size_t ValueSize(const AttributeValue& value);
/// UTF-8 bytes of the names plus the values' sizes.
size_t ItemSize(const Item& item);
/// What the item takes of a page; `range_key` is the table's sort key attribute or empty.
size_t PageSize(const Item& item, std::string_view range_key);

}  // namespace penstock::dynamodb
