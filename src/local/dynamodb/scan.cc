// Scan.
#include <fmt/core.h>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/capacity.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/page_answer.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kScanExpressions[] = {"ProjectionExpression", "FilterExpression"};
constexpr std::string_view kScanLegacy[] = {"AttributesToGet", "ScanFilter", "ConditionalOperator"};
constexpr ExpressionParameters kScanParameters{kScanExpressions, kScanLegacy};

/// An undivided scan of an on-demand table is charged for each of the partitions that AWS starts
/// such a table with.
constexpr int kOnDemandInitialPartitions = 4;

ApiResult<void> CheckSegments(std::optional<int64_t> segment, std::optional<int64_t> segments) {
  if (segment && !segments) {
    return ValidationError(
        "The TotalSegments parameter is required but was not present in the request when Segment "
        "parameter "
        "is present");
  }
  if (segments && !segment) {
    return ValidationError(
        "The Segment parameter is required but was not present in the request when parameter "
        "TotalSegments "
        "is present");
  }
  if (segment && *segment >= *segments) {
    return ValidationError(
        fmt::format("The Segment parameter is zero-based and must be less than parameter "
                    "TotalSegments: Segment: {} is "
                    "not less than TotalSegments: {}",
                    *segment, *segments));
  }
  return {};
}

}  // namespace

Answer Scan(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kScanParameters));
  std::optional<Item> start_key;
  if (const json::Object* given = FindObject(request.body, "ExclusiveStartKey")) {
    ASSIGN_OR_RETURN(start_key, ReadItem(*given));
  }
  auto segment = FindInteger(request.body, "Segment");
  auto segments = FindInteger(request.body, "TotalSegments");
  RETURN_IF_ERROR(CheckSegments(segment, segments));
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  RETURN_IF_ERROR(CheckSelect(request, expressions));
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  auto definition = table->definition();
  ASSIGN_OR_RETURN(const IndexDefinition* index, ChooseIndex(request, *definition, expressions));
  const KeyLayout& layout = index != nullptr ? index->layout : definition->layout;
  PageRequest page;
  page.range = layout.Segment(static_cast<uint64_t>(segment.value_or(0)),
                              static_cast<uint64_t>(segments.value_or(1)));
  if (start_key) {
    ASSIGN_OR_RETURN(page.start_after, KeyOfStartKey(*start_key, *definition, index, true));
    if (*page.start_after < page.range.begin || *page.start_after >= page.range.end) {
      return ValidationError(
          fmt::format("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
                      "ExclusiveStartKey "
                      "with correct Segment. TotalSegments: {} Segment: {}",
                      *segments, *segment));
    }
  }
  double least_units = 0;
  if (definition->on_demand && index == nullptr && !segments && !start_key) {
    least_units =
        kOnDemandInitialPartitions * ReadUnits(0, BooleanOr(request.body, "ConsistentRead", false));
  }
  return AnswerPage(database, request, *table, definition, index, expressions, std::move(page),
                    least_units);
}

}  // namespace penstock::dynamodb
