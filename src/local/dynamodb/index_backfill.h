// Fills a new index of a table that already has items.
#pragma once

#include "local/dynamodb/table.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

/// Writes the index's entries and returns their tally. Items without the index's keys are left out.
/// REQUIRES: the table's gate is held alone, and the index's serial number has never been used.
Result<Tally> BackfillIndex(KeyValue& store, Durability durability,
                            const TableDefinition& definition, const IndexDefinition& index);

}  // namespace penstock::dynamodb
