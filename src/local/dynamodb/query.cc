// Query.
#include <fmt/core.h>

#include <algorithm>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/key_condition.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/page_answer.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kQueryExpressions[] = {"ProjectionExpression", "FilterExpression",
                                                  "KeyConditionExpression"};
constexpr std::string_view kQueryLegacy[] = {"AttributesToGet", "QueryFilter",
                                             "ConditionalOperator", "KeyConditions"};
constexpr ExpressionParameters kQueryParameters{kQueryExpressions, kQueryLegacy};

/// Filters apply to what the keys have selected already.
ApiResult<void> CheckFilterPaths(const RequestExpressions& expressions, const KeyLayout& layout) {
  for (size_t i = 0; i < (layout.has_range ? 2u : 1u); ++i) {
    const std::string& key = layout.parts[i].name;
    for (const DocumentPath& path : expressions.filter_paths) {
      if (PathHead(path) != key) continue;
      return ValidationError(
          fmt::format("{} can only contain non-primary key attributes: Primary key attribute: {}",
                      expressions.filter_is_legacy ? "QueryFilter" : "Filter Expression", key));
    }
  }
  return {};
}

}  // namespace

Answer Query(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kQueryParameters));
  std::optional<Item> start_key;
  if (const json::Object* given = FindObject(request.body, "ExclusiveStartKey")) {
    ASSIGN_OR_RETURN(start_key, ReadItem(*given));
  }
  const json::Object* legacy_conditions = FindObject(request.body, "KeyConditions");
  if (legacy_conditions == nullptr && !FindString(request.body, "KeyConditionExpression")) {
    return ValidationError(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
        "request.");
  }
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  RETURN_IF_ERROR(CheckSelect(request, expressions));
  std::vector<LegacyCondition> conditions;
  if (expressions.key_condition) {
    ASSIGN_OR_RETURN(conditions, ToKeyConditions(std::move(expressions.key_condition->expression)));
  } else {
    ASSIGN_OR_RETURN(conditions, ReadConditions(*legacy_conditions));
  }
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  auto definition = table->definition();
  ASSIGN_OR_RETURN(const IndexDefinition* index, ChooseIndex(request, *definition, expressions));
  const KeyLayout& layout = index != nullptr ? index->layout : definition->layout;
  RETURN_IF_ERROR(CheckKeyConditions(conditions, layout));
  PageRequest page;
  if (start_key) {
    ASSIGN_OR_RETURN(page.start_after, KeyOfStartKey(*start_key, *definition, index, false));
    RETURN_IF_ERROR(CheckStartKey(*start_key, conditions, layout));
  }
  RETURN_IF_ERROR(CheckFilterPaths(expressions, layout));
  page.range = RangeOf(conditions, layout);
  page.forward = BooleanOr(request.body, "ScanIndexForward", true);
  return AnswerPage(database, request, *table, definition, index, expressions, std::move(page), 0);
}

}  // namespace penstock::dynamodb
