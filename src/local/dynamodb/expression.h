// Expressions as trees: conditions (ConditionExpression, FilterExpression, KeyConditionExpression
// and what the parameters of the time before expressions mean) and the operands of updates.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "local/dynamodb/attribute_value.h"
#include "local/dynamodb/document_path.h"

namespace penstock::dynamodb {

/// Value type.
struct Expression {
  enum class Kind : uint8_t {
    // Operands.
    kPath,
    kValue,
    kSize,
    kPlus,
    kMinus,
    kIfNotExists,
    kListAppend,
    // Conditions.
    kAnd,
    kOr,
    kNot,
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kBetween,
    kIn,
    kAttributeExists,
    kAttributeNotExists,
    kAttributeType,
    kBeginsWith,
    kContains,
    kUnknownFunction,  // only inside the parser, until it has reported it
  };
  Kind kind = Kind::kValue;
  DocumentPath path;                  // kPath
  AttributeValue value;               // kValue
  std::vector<Expression> arguments;  // all others
  bool parenthesised = false;         // only the parser cares

  static Expression Path(DocumentPath path);
  static Expression Value(AttributeValue value);
  static Expression Of(Kind kind, std::vector<Expression> arguments);
};

/// "attribute_exists", "BETWEEN", "=" …: as expressions write it.
std::string_view KindName(Expression::Kind kind);

/// Whether the item fulfils the condition. An attribute that is not there fulfils nothing but
/// attribute_not_exists and <>.
bool Matches(const Expression& condition, const Item& item);

/// What a kPath, kValue or kSize is for this item; nullptr if it has none. `scratch` holds what
/// must be computed; the result lives as long as the three.
const AttributeValue* Evaluate(const Expression& operand, const Item& item,
                               AttributeValue& scratch);

}  // namespace penstock::dynamodb
