// The parsers of the four expression languages, with DynamoDB's words for every mistake. Where an
// expression has several, the one reported is the one AWS reports: kinds of mistakes have a fixed
// order. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "local/dynamodb/attribute_value.h"
#include "local/dynamodb/expression.h"

namespace penstock::dynamodb {

constexpr size_t kExpressionSizeMax = 4096;
constexpr size_t kOperatorsMax = 300;

/// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them the
/// parsers have used.
struct Placeholders {
  std::vector<std::pair<std::string, std::string>> names;  // "#n" -> "name"
  Item values;                                             // ":v" -> value
  std::set<std::string, std::less<>> used;

  const std::string* FindName(std::string_view placeholder);
  const AttributeValue* FindValue(std::string_view placeholder);
};

struct ParsedCondition {
  Expression expression;
  std::vector<DocumentPath> paths;  // every path in it
};

struct UpdateAction {
  enum class Kind : uint8_t { kSet, kRemove, kAdd, kDelete };
  Kind kind = Kind::kSet;
  DocumentPath path;
  Expression operand;  // kRemove: unused
};

struct ParsedUpdate {
  std::vector<UpdateAction> actions;
};

// The error is the message without "Invalid …Expression: ".
Result<ParsedCondition, std::string> ParseCondition(std::string_view text,
                                                    Placeholders& placeholders);
Result<std::vector<DocumentPath>, std::string> ParseProjection(std::string_view text,
                                                               Placeholders& placeholders);
Result<ParsedUpdate, std::string> ParseUpdate(std::string_view text, Placeholders& placeholders);

}  // namespace penstock::dynamodb
