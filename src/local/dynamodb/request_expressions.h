// The expressions of one request, parsed: which parameters go together, placeholders, and the older
// parameters that mean the same.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/expression_parser.h"

namespace penstock::dynamodb {

struct RequestExpressions {
  std::optional<Expression> condition;  // ConditionExpression or Expected
  std::optional<ParsedUpdate> update;
  std::optional<ParsedCondition> key_condition;
  std::optional<Expression> filter;        // FilterExpression, QueryFilter or ScanFilter
  std::vector<DocumentPath> filter_paths;  // every path in it
  bool filter_is_legacy = false;
  std::optional<std::vector<DocumentPath>> projection;  // ProjectionExpression or AttributesToGet
};

/// Which expressions an operation takes, and which older parameters may not stand beside one.
struct ExpressionParameters {
  std::span<const std::string_view> expressions;
  std::span<const std::string_view> legacy;
};

/// Refuses parameters that do not go together; to be called before values are looked at.
ApiResult<void> CheckExpressionParameters(const json::Object& request,
                                          const ExpressionParameters& parameters);
/// Parses all that are there. A placeholder that none of them uses is an error.
ApiResult<RequestExpressions> ParseExpressions(const json::Object& request);

}  // namespace penstock::dynamodb
