#include "local/dynamodb/page_answer.h"

#include <fmt/core.h>

#include <algorithm>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

/// Whether the request needs attributes that the index does not hold.
bool NeedsWholeItems(const Request& request, const IndexDefinition& index,
                     const RequestExpressions& expressions) {
  if (index.projection == ProjectionType::kAll) return false;
  if (StringOr(request.body, "Select", "") == "ALL_ATTRIBUTES") return true;
  if (!expressions.projection) return false;
  return std::any_of(expressions.projection->begin(), expressions.projection->end(),
                     [&](const DocumentPath& path) { return !index.Projects(PathHead(path)); });
}

}  // namespace

ApiResult<void> CheckSelect(const Request& request, const RequestExpressions& expressions) {
  std::string_view select = StringOr(request.body, "Select", "");
  if (select.empty()) return {};
  bool is_expression = FindMember(request.body, "ProjectionExpression") != nullptr;
  std::string_view parameter = is_expression ? "ProjectionExpression" : "AttributesToGet";
  if (expressions.projection && select != "SPECIFIC_ATTRIBUTES") {
    return ValidationError(fmt::format("Cannot specify the {} when choosing to get {}", parameter,
                                       select == "COUNT" ? "only the Count" : select));
  }
  if (!expressions.projection && select == "SPECIFIC_ATTRIBUTES") {
    return ValidationError(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
        "SPECIFIC_ATTRIBUTES");
  }
  if (select == "ALL_PROJECTED_ATTRIBUTES" && !FindString(request.body, "IndexName")) {
    return ValidationError(
        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  return {};
}

ApiResult<const IndexDefinition*> ChooseIndex(const Request& request,
                                              const TableDefinition& definition,
                                              const RequestExpressions& expressions) {
  auto name = FindString(request.body, "IndexName");
  if (!name) return nullptr;
  const IndexDefinition* index = definition.FindIndex(*name);
  if (index == nullptr) {
    return ValidationError(fmt::format("The table does not have the specified index: {}", *name));
  }
  if (!index->global) return index;
  if (BooleanOr(request.body, "ConsistentRead", false)) {
    return ValidationError("Consistent reads are not supported on global secondary indexes");
  }
  if (NeedsWholeItems(request, *index, expressions)) {
    if (StringOr(request.body, "Select", "") == "ALL_ATTRIBUTES") {
      return InvalidParameterValues(fmt::format(
          "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because "
          "its projection type is not ALL",
          *name));
    }
    for (const DocumentPath& path : *expressions.projection) {
      if (index->Projects(PathHead(path))) continue;
      return InvalidParameterValues(
          fmt::format("Global secondary index {} does not project [{}]", *name, PathHead(path)));
    }
  }
  return index;
}

Answer AnswerPage(Database& database, const Request& request, Table& table,
                  const std::shared_ptr<const TableDefinition>& definition,
                  const IndexDefinition* index, const RequestExpressions& expressions,
                  PageRequest page_request, double least_units) {
  if (expressions.projection) RETURN_IF_ERROR(CheckKeyPaths(*expressions.projection, *definition));
  RETURN_IF_ERROR(CheckKeyPaths(expressions.filter_paths, *definition));
  const KeyLayout& layout = index != nullptr ? index->layout : definition->layout;
  page_request.limit = FindInteger(request.body, "Limit");
  page_request.filter = expressions.filter ? &*expressions.filter : nullptr;
  page_request.projection = expressions.projection ? &*expressions.projection : nullptr;
  page_request.count_only = StringOr(request.body, "Select", "") == "COUNT";
  if (index != nullptr && !index->global && NeedsWholeItems(request, *index, expressions)) {
    page_request.fetch_from = &definition->layout;
  }
  uint64_t meter = index != nullptr && index->global ? layout.serial : table.serial();
  auto now = database.clock->Monotonic();
  if (!table.AdmitsRead(meter, now)) return Throttled(*definition);
  ASSIGN_OR_RETURN(Page page, ReadPage(*database.store, layout, page_request));

  bool consistent = BooleanOr(request.body, "ConsistentRead", false);
  double units = std::max(least_units, ReadUnits(page.bytes, consistent));
  ConsumedCapacity consumed{.table = definition->name};
  if (index == nullptr) {
    consumed.table_units = units;
  } else {
    consumed.AddIndex(index->global, index->name, units);
    consumed.table_units = page.fetch_units * (consistent ? 1.0 : 0.5);
  }
  table.TakeRead(meter, consumed.Total(), now);

  std::string answer;
  answer.reserve(page.items.size() + 256);
  answer += "{";
  if (!page_request.count_only) {
    answer += "\"Items\":[";
    answer += page.items;
    answer += "],";
  }
  answer += fmt::format("\"Count\":{},\"ScannedCount\":{}", page.count, page.scanned);
  if (page.last_key) {
    answer += ",\"LastEvaluatedKey\":";
    AppendJson(*page.last_key, answer);
  }
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    answer += ",\"ConsumedCapacity\":";
    AppendJson(consumed, report, answer);
  }
  answer += "}";
  return answer;
}

}  // namespace penstock::dynamodb
