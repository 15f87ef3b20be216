// Fills a new index of a table that already has items.
#pragma once

#include <array>

#include "local/dynamodb/table.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

/// Writes the index's entries and returns their tallies, by stripe. Items without the index's keys
/// are left out. REQUIRES: all stripes of the table are locked, and the index's serial number has
/// never been used.
Result<std::array<Tally, Table::kStripes>> BackfillIndex(KeyValue& store, Durability durability,
                                                         const TableDefinition& definition,
                                                         const IndexDefinition& index);

}  // namespace penstock::dynamodb
