// What Query and Scan have in common: parameters that choose the index and the attributes, and the
// answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "local/dynamodb/operations.h"
#include "local/dynamodb/page_reader.h"
#include "local/dynamodb/request_expressions.h"

namespace penstock::dynamodb {

/// Refuses Select values that contradict what else is asked for.
ApiResult<void> CheckSelect(const Request& request, const RequestExpressions& expressions);

/// The index that IndexName names, or nullptr for the table itself; checks whether it can serve the
/// request.
ApiResult<const IndexDefinition*> ChooseIndex(const Request& request,
                                              const TableDefinition& definition,
                                              const RequestExpressions& expressions);

/// Reads the page and answers. `page.range` and `page.start_after` are set; the rest is filled in
/// here. `least_units` is what the page costs at least.
Answer AnswerPage(Database& database, const Request& request, Table& table,
                  const std::shared_ptr<const TableDefinition>& definition,
                  const IndexDefinition* index, const RequestExpressions& expressions,
                  PageRequest page, double least_units);

}  // namespace penstock::dynamodb
