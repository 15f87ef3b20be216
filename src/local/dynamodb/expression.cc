#include "local/dynamodb/expression.h"

#include <algorithm>

namespace penstock::dynamodb {

namespace {

using Kind = Expression::Kind;

std::optional<size_t> SizeOf(const AttributeValue& value) {
  switch (value.type) {
    case AttributeType::kString:
    case AttributeType::kBinary:
      return value.text().size();
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet:
      return value.members().size();
    case AttributeType::kList:
      return value.list().size();
    case AttributeType::kMap:
      return value.map().size();
    case AttributeType::kNumber:
    case AttributeType::kBoolean:
    case AttributeType::kNull:
      return std::nullopt;
  }
  return std::nullopt;
}

bool Contains(const AttributeValue& whole, const AttributeValue& part) {
  if (whole.type == AttributeType::kList) {
    return std::any_of(whole.list().begin(), whole.list().end(),
                       [&](const AttributeValue& element) { return Equal(element, part); });
  }
  auto is_member = [&] {
    return std::find(whole.members().begin(), whole.members().end(), part.text()) !=
           whole.members().end();
  };
  switch (part.type) {
    case AttributeType::kString:
    case AttributeType::kBinary:
      if (whole.type == part.type) return whole.text().find(part.text()) != std::string::npos;
      return whole.type == (part.type == AttributeType::kString ? AttributeType::kStringSet
                                                                : AttributeType::kBinarySet) &&
             is_member();
    case AttributeType::kNumber:
      return whole.type == AttributeType::kNumberSet && is_member();
    default:
      return false;
  }
}

bool BeginsWith(const AttributeValue& whole, const AttributeValue& prefix) {
  bool comparable = whole.type == prefix.type &&
                    (whole.type == AttributeType::kString || whole.type == AttributeType::kBinary);
  return comparable && whole.text().starts_with(prefix.text());
}

bool Compares(Kind kind, const AttributeValue& a, const AttributeValue& b) {
  auto order = Compare(a, b);
  if (!order) return false;
  switch (kind) {
    case Kind::kLess:
      return *order < 0;
    case Kind::kLessOrEqual:
      return *order <= 0;
    case Kind::kGreater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

}  // namespace

Expression Expression::Path(DocumentPath path) {
  Expression expression;
  expression.kind = Kind::kPath;
  expression.path = std::move(path);
  return expression;
}

Expression Expression::Value(AttributeValue value) {
  Expression expression;
  expression.kind = Kind::kValue;
  expression.value = std::move(value);
  return expression;
}

Expression Expression::Of(Kind kind, std::vector<Expression> arguments) {
  Expression expression;
  expression.kind = kind;
  expression.arguments = std::move(arguments);
  return expression;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kPath:
    case Kind::kValue:
    case Kind::kUnknownFunction:
      return "";
    case Kind::kSize:
      return "size";
    case Kind::kPlus:
      return "+";
    case Kind::kMinus:
      return "-";
    case Kind::kIfNotExists:
      return "if_not_exists";
    case Kind::kListAppend:
      return "list_append";
    case Kind::kAnd:
      return "AND";
    case Kind::kOr:
      return "OR";
    case Kind::kNot:
      return "NOT";
    case Kind::kEqual:
      return "=";
    case Kind::kNotEqual:
      return "<>";
    case Kind::kLess:
      return "<";
    case Kind::kLessOrEqual:
      return "<=";
    case Kind::kGreater:
      return ">";
    case Kind::kGreaterOrEqual:
      return ">=";
    case Kind::kBetween:
      return "BETWEEN";
    case Kind::kIn:
      return "IN";
    case Kind::kAttributeExists:
      return "attribute_exists";
    case Kind::kAttributeNotExists:
      return "attribute_not_exists";
    case Kind::kAttributeType:
      return "attribute_type";
    case Kind::kBeginsWith:
      return "begins_with";
    case Kind::kContains:
      return "contains";
  }
  return "";
}

const AttributeValue* Evaluate(const Expression& operand, const Item& item,
                               AttributeValue& scratch) {
  if (operand.kind == Kind::kValue) return &operand.value;
  if (operand.kind == Kind::kPath) return Resolve(operand.path, item);
  if (operand.kind != Kind::kSize) return nullptr;
  AttributeValue inner;
  const AttributeValue* measured = Evaluate(operand.arguments[0], item, inner);
  auto size = measured == nullptr ? std::nullopt : SizeOf(*measured);
  if (!size) return nullptr;
  scratch = AttributeValue::Number(std::to_string(*size));
  return &scratch;
}

bool Matches(const Expression& condition, const Item& item) {
  const std::vector<Expression>& arguments = condition.arguments;
  auto matches = [&](const Expression& argument) { return Matches(argument, item); };
  AttributeValue first_scratch;
  // Each argument of a comparison has its own scratch.
  auto first = [&] { return Evaluate(arguments[0], item, first_scratch); };
  auto holds = [&](size_t index, auto&& predicate) {
    AttributeValue scratch;
    const AttributeValue* left = first();
    const AttributeValue* right = Evaluate(arguments[index], item, scratch);
    return left != nullptr && right != nullptr && predicate(*left, *right);
  };
  auto equal = [](const AttributeValue& a, const AttributeValue& b) { return Equal(a, b); };
  switch (condition.kind) {
    case Kind::kAnd:
      return std::all_of(arguments.begin(), arguments.end(), matches);
    case Kind::kOr:
      return std::any_of(arguments.begin(), arguments.end(), matches);
    case Kind::kNot:
      return !matches(arguments[0]);
    case Kind::kEqual:
      return holds(1, equal);
    case Kind::kNotEqual:
      return !holds(1, equal);
    case Kind::kLess:
    case Kind::kLessOrEqual:
    case Kind::kGreater:
    case Kind::kGreaterOrEqual:
      return holds(1, [&](const AttributeValue& a, const AttributeValue& b) {
        return Compares(condition.kind, a, b);
      });
    case Kind::kBetween:
      return holds(1,
                   [](const AttributeValue& a, const AttributeValue& b) {
                     return Compares(Kind::kGreaterOrEqual, a, b);
                   }) &&
             holds(2, [](const AttributeValue& a, const AttributeValue& b) {
               return Compares(Kind::kLessOrEqual, a, b);
             });
    case Kind::kIn:
      for (size_t i = 1; i < arguments.size(); ++i) {
        if (holds(i, equal)) return true;
      }
      return false;
    case Kind::kAttributeExists:
      return first() != nullptr;
    case Kind::kAttributeNotExists:
      return first() == nullptr;
    case Kind::kAttributeType:
      return holds(1, [](const AttributeValue& a, const AttributeValue& b) {
        return b.type == AttributeType::kString && TypeName(a.type) == b.text();
      });
    case Kind::kBeginsWith:
      return holds(1, BeginsWith);
    case Kind::kContains:
      return holds(1, Contains);
    case Kind::kPath:
    case Kind::kValue:
    case Kind::kSize:
    case Kind::kPlus:
    case Kind::kMinus:
    case Kind::kIfNotExists:
    case Kind::kListAppend:
    case Kind::kUnknownFunction:
      return false;
  }
  return false;
}

}  // namespace penstock::dynamodb
