#include "expr/evaluator.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "base/check.h"
#include "base/text.h"
#include "expr/expression.h"
#include "expr/function_table.h"
#include "expr/list_product.h"

namespace penstock::expr {
namespace {

using Number = std::variant<int64_t, double>;

Failure Wrong(size_t offset, std::string message) {
  return {Failure::Kind::kType, offset, std::move(message)};
}

// A number, or text that reads as one: fields are text.
std::optional<Number> ToNumber(const Value& value) {
  if (const int64_t* integer = std::get_if<int64_t>(&value.data)) return *integer;
  if (const double* real = std::get_if<double>(&value.data)) return *real;
  if (const std::string* text = std::get_if<std::string>(&value.data)) {
    if (std::optional<int64_t> integer = ParseInt64(Trim(*text))) return *integer;
    if (std::optional<double> real = ParseDouble(Trim(*text))) return *real;
  }
  return std::nullopt;
}

double Real(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

Outcome<Value> Arithmetic(char op, const Number& a, const Number& b, size_t offset) {
  const int64_t* x = std::get_if<int64_t>(&a);
  const int64_t* y = std::get_if<int64_t>(&b);
  if (x != nullptr && y != nullptr && op != '^') {
    int64_t result = 0;
    bool overflow = false;
    switch (op) {
      case '+':
        overflow = __builtin_add_overflow(*x, *y, &result);
        break;
      case '-':
        overflow = __builtin_sub_overflow(*x, *y, &result);
        break;
      case '*':
        overflow = __builtin_mul_overflow(*x, *y, &result);
        break;
      case '/':
        if (*y == 0) return Wrong(offset, "division by zero");
        overflow = *y == -1 && *x == INT64_MIN;
        if (!overflow) result = *x / *y;
        break;
    }
    if (overflow)
      return Wrong(offset, fmt::format("{} {} {} is out of the range of integers", *x, op, *y));
    return Value(result);
  }
  double left = Real(a), right = Real(b), result = 0;
  switch (op) {
    case '+':
      result = left + right;
      break;
    case '-':
      result = left - right;
      break;
    case '*':
      result = left * right;
      break;
    case '/':
      if (right == 0) return Wrong(offset, "division by zero");
      result = left / right;
      break;
    case '^':
      result = std::pow(left, right);
      break;
  }
  if (!std::isfinite(result)) {
    return Wrong(offset, fmt::format("{} {} {} is no finite number", JavaDoubleText(left), op,
                                     JavaDoubleText(right)));
  }
  return Value(result);
}

bool IsNumber(const Value& value) {
  return std::holds_alternative<int64_t>(value.data) || std::holds_alternative<double>(value.data);
}

// Failures are shown and logged: one that came of a secret must not repeat it.
Failure WithoutSecret(Failure failure) {
  failure.message = "a secret value does not fit here";
  return failure;
}

Outcome<Value> Combine(char op, const Value& a, const Value& b, size_t offset) {
  if (op == '+' && !(IsNumber(a) && IsNumber(b))) return Value(ToText(a) + ToText(b));
  std::optional<Number> x = ToNumber(a), y = ToNumber(b);
  if (!x || !y) {
    const Value& wrong = x ? b : a;
    return Wrong(offset, fmt::format("'{}' needs numbers, not {}", op, KindName(wrong)));
  }
  Outcome<Value> result = Arithmetic(op, *x, *y, offset);
  if (result || !(a.secret || b.secret)) return result;
  return WithoutSecret(std::move(result).error());
}

class Walk {
 public:
  explicit Walk(Scope& scope) : scope_(scope) {}

  Outcome<Value> Of(const Node& node) {
    return std::visit([&](const auto& data) { return Of(data, node); }, node.data);
  }

 private:
  Outcome<Value> Of(const Literal& literal, const Node&) {
    return std::visit([](const auto& value) { return Value(value); }, literal.value);
  }

  Outcome<Value> Of(const NameNode& name, const Node& node) {
    return Placed(scope_.Name(name.name), node.offset);
  }

  Outcome<Value> Of(const MemberNode& member, const Node& node) {
    ASSIGN_OR_RETURN(Value target, Of(*member.target));
    return OverLists(
        {std::move(target)}, node.offset, [&](std::span<const Value> values) -> Outcome<Value> {
          if (const Reference* reference = values[0].AsReference()) {
            return Placed(scope_.Member(*reference, member.name), node.offset);
          }
          return Wrong(node.offset, fmt::format("'.{}' needs a reference before it, not {}",
                                                member.name, KindName(values[0])));
        });
  }

  Outcome<Value> Of(const CallNode& call, const Node& node) {
    std::vector<Value> arguments;
    for (const NodePtr& argument : call.arguments) {
      ASSIGN_OR_RETURN(Value value, Of(*argument));
      arguments.push_back(std::move(value));
    }
    const Function& function = *call.function;
    return OverLists(
        std::move(arguments), node.offset, [&](std::span<const Value> values) -> Outcome<Value> {
          std::vector<Value> converted;
          for (size_t i = 0; i < values.size(); ++i) {
            std::optional<Value> value = Convert(values[i], function.arguments[i]);
            if (!value) {
              return Wrong(
                  node.offset,
                  fmt::format("{}: argument {} must be a {}, not {}", Signature(function), i + 1,
                              ArgumentKindName(function.arguments[i]), Described(values[i])));
            }
            converted.push_back(*std::move(value));
          }
          Outcome<Value> result = function.call(converted);
          if (result) return result;
          Failure failure = std::move(result).error();
          if (std::any_of(converted.begin(), converted.end(), IsSecret))
            failure = WithoutSecret(std::move(failure));
          return Failure{failure.kind, node.offset,
                         fmt::format("{}: {}", function.name, failure.message)};
        });
  }

  Outcome<Value> Of(const ChainNode& chain, const Node& node) {
    std::vector<Value> operands;
    for (const NodePtr& operand : chain.operands) {
      ASSIGN_OR_RETURN(Value value, Of(*operand));
      operands.push_back(std::move(value));
    }
    if (chain.operators[0] == '^') {
      Value result = std::move(operands.back());
      for (size_t i = operands.size() - 1; i-- > 0;) {
        ASSIGN_OR_RETURN(result, Pair('^', std::move(operands[i]), std::move(result), node.offset));
      }
      return result;
    }
    Value result = std::move(operands[0]);
    for (size_t i = 1; i < operands.size(); ++i) {
      ASSIGN_OR_RETURN(result, Pair(chain.operators[i - 1], std::move(result),
                                    std::move(operands[i]), node.offset));
    }
    return result;
  }

  Outcome<Value> Pair(char op, Value a, Value b, size_t offset) {
    std::vector<Value> operands;
    operands.push_back(std::move(a));
    operands.push_back(std::move(b));
    return OverLists(std::move(operands), offset, [&](std::span<const Value> values) {
      return Combine(op, values[0], values[1], offset);
    });
  }

  Outcome<Value> Of(const NegateNode& negate, const Node& node) {
    ASSIGN_OR_RETURN(Value operand, Of(*negate.operand));
    return OverLists(
        {std::move(operand)}, node.offset, [&](std::span<const Value> values) -> Outcome<Value> {
          std::optional<Number> number = ToNumber(values[0]);
          if (!number)
            return Wrong(node.offset,
                         fmt::format("'-' needs a number, not {}", KindName(values[0])));
          if (const double* real = std::get_if<double>(&*number)) return Value(-*real);
          Outcome<Value> result = Arithmetic('-', int64_t{0}, *number, node.offset);
          if (result || !values[0].secret) return result;
          return WithoutSecret(std::move(result).error());
        });
  }

  // A wrong argument is shown only if it is short and no secret.
  static std::string Described(const Value& value) {
    constexpr size_t kShownMax = 60;
    std::string text = ToText(value);
    if (value.secret || text.size() > kShownMax) return std::string(KindName(value));
    return fmt::format("{} ('{}')", KindName(value), text);
  }

  static Outcome<Value> Placed(Outcome<Value> value, size_t offset) {
    if (value) return value;
    Failure failure = std::move(value).error();
    failure.offset = offset;
    return failure;
  }

  Scope& scope_;
};

}  // namespace

Outcome<Value> EvaluateNode(const Node& node, Scope& scope) { return Walk(scope).Of(node); }

}  // namespace penstock::expr
