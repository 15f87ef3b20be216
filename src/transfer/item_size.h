// What an item weighs and costs, by DynamoDB's rules. Pure.
// Source: "DynamoDB Item sizes and formats"; the exact number rule as in transfer/decimal.h.
#pragma once

#include <cstdint>

#include "transfer/item.h"

namespace penstock {

constexpr uint64_t kItemSizeMax = 409'600;

/// Bytes: names and strings in UTF-8, binaries decoded, 1 for BOOL and NULL, 3 + 1 per element for
/// lists and maps.
uint64_t ItemSize(const Item& item);

/// Write capacity units of putting an item of that size where none or a smaller one was: one per
/// started KiB, at least 1.
double WriteUnits(uint64_t size_bytes);

/// Bytes of table that one read capacity unit reads by Scan.
constexpr double kEventualBytesPerUnit = 8192;
constexpr double kConsistentBytesPerUnit = 4096;

}  // namespace penstock
