// The language of conditions: ConditionExpression, FilterExpression, KeyConditionExpression.
#include <fmt/core.h>

#include <array>

#include "local/dynamodb/expression_reader.h"

namespace penstock::dynamodb {

namespace {

using ConditionKind = Expression::Kind;

constexpr std::array kConditionOrder = {Mistake::kParentheses,      Mistake::kUnknownFunction,
                                        Mistake::kMisusedFunction,  Mistake::kReservedWord,
                                        Mistake::kPlaceholder,      Mistake::kOperandCount,
                                        Mistake::kDistinctOperands, Mistake::kFunctionOperand};
bool IsOperand(const Expression& expression) {
  switch (expression.kind) {
    case ConditionKind::kPath:
    case ConditionKind::kValue:
    case ConditionKind::kSize:
      return true;
    default:
      return false;
  }
}

bool IsFunction(const Expression& expression) {
  switch (expression.kind) {
    case ConditionKind::kAttributeExists:
    case ConditionKind::kAttributeNotExists:
    case ConditionKind::kAttributeType:
    case ConditionKind::kBeginsWith:
    case ConditionKind::kContains:
    case ConditionKind::kUnknownFunction:
      return true;
    default:
      return false;
  }
}

std::string ShowValue(const AttributeValue& value) {
  std::string json;
  AppendJson(value, json);
  // {"N":"5"} is shown as {N:5}.
  std::erase(json, '"');
  return json;
}

class ConditionParser : private ExpressionReader {
 public:
  ConditionParser(std::string_view text, Placeholders& placeholders)
      : ExpressionReader(text, placeholders) {}

  Parsed<ParsedCondition> Parse() {
    RETURN_IF_ERROR(CheckSize());
    ASSIGN_OR_RETURN(Expression expression, Or());
    if (IsOperand(expression) && expression.kind != ConditionKind::kSize) return Unexpected();
    if (!AtEnd()) return Unexpected();
    if (expression.kind == ConditionKind::kSize) NoteMisused(expression);
    RETURN_IF_ERROR(Report(kConditionOrder));
    return ParsedCondition{std::move(expression), std::move(paths_)};
  }

 private:
  void NoteMisused(const Expression& function) {
    Note(Mistake::kMisusedFunction,
         fmt::format(
             "The function is not allowed to be used this way in an expression; function: {}",
             KindName(function.kind)));
  }

  /// Arguments of operators and functions: no function but size may stand there.
  void CheckArguments(const std::vector<Expression>& arguments) {
    for (const Expression& argument : arguments) {
      if (IsFunction(argument)) NoteMisused(argument);
    }
  }

  void CheckDistinct(std::string_view name, const std::vector<Expression>& arguments) {
    if (arguments.size() != 2 || arguments[0].kind != ConditionKind::kPath ||
        arguments[1].kind != ConditionKind::kPath) {
      return;
    }
    if (arguments[0].path != arguments[1].path) return;
    Note(Mistake::kDistinctOperands,
         fmt::format(
             "The first operand must be distinct from the remaining operands for this operator "
             "or function; operator: {}, first operand: {}",
             name, ShowPath(arguments[0].path)));
  }

  // --- conditions: Or, And, Not, Predicate, Primary. A lone operand may come out of each, so that
  // "(a) = :b" and
  // "(a = :b)" are told apart by what follows; whoever needs a condition refuses it. ---

  Parsed<Expression> Or() { return Chain("OR", ConditionKind::kOr, &ConditionParser::And); }
  Parsed<Expression> And() { return Chain("AND", ConditionKind::kAnd, &ConditionParser::Not); }

  Parsed<Expression> Chain(std::string_view word, ConditionKind kind,
                           Parsed<Expression> (ConditionParser::*part)()) {
    ASSIGN_OR_RETURN(Expression first, (this->*part)());
    if (!PeekWord(word)) return first;
    std::vector<Expression> parts;
    RETURN_IF_ERROR(RequireCondition(first));
    parts.push_back(std::move(first));
    while (TakeWord(word)) {
      ++operators_;
      ASSIGN_OR_RETURN(Expression next, (this->*part)());
      RETURN_IF_ERROR(RequireCondition(next));
      parts.push_back(std::move(next));
    }
    return Expression::Of(kind, std::move(parts));
  }

  Parsed<void> RequireCondition(const Expression& expression) {
    if (expression.kind == ConditionKind::kSize) {
      NoteMisused(expression);
      return {};
    }
    if (IsOperand(expression)) return Unexpected();
    return {};
  }

  Parsed<Expression> Not() {
    if (!TakeWord("NOT")) return Predicate();
    ++operators_;
    Depth depth(depth_);
    if (depth_ > kDepthMax) return Unexpected();
    ASSIGN_OR_RETURN(Expression negated, Not());
    RETURN_IF_ERROR(RequireCondition(negated));
    std::vector<Expression> arguments;
    arguments.push_back(std::move(negated));
    return Expression::Of(ConditionKind::kNot, std::move(arguments));
  }

  std::optional<ConditionKind> Comparator() const {
    static constexpr std::pair<std::string_view, ConditionKind> kComparators[] = {
        {"=", ConditionKind::kEqual},   {"<>", ConditionKind::kNotEqual},
        {"<", ConditionKind::kLess},    {"<=", ConditionKind::kLessOrEqual},
        {">", ConditionKind::kGreater}, {">=", ConditionKind::kGreaterOrEqual},
    };
    for (const auto& [symbol, kind] : kComparators) {
      if (PeekSymbol(symbol)) return kind;
    }
    return std::nullopt;
  }

  Parsed<Expression> Predicate() {
    ASSIGN_OR_RETURN(Expression first, Primary());
    auto comparator = Comparator();
    bool between = PeekWord("BETWEEN"), in = PeekWord("IN");
    if (!comparator && !between && !in) return first;
    if (!IsOperand(first) && !IsFunction(first)) return Unexpected();
    ++operators_;
    ++at_;
    std::vector<Expression> arguments;
    arguments.push_back(std::move(first));
    if (comparator) {
      RETURN_IF_ERROR(Operand(arguments));
      CheckArguments(arguments);
      CheckDistinct(KindName(*comparator), arguments);
      return Expression::Of(*comparator, std::move(arguments));
    }
    if (between) {
      RETURN_IF_ERROR(Operand(arguments));
      if (!TakeWord("AND")) return Unexpected();
      RETURN_IF_ERROR(Operand(arguments));
      CheckArguments(arguments);
      CheckBounds(arguments[1], arguments[2]);
      return Expression::Of(ConditionKind::kBetween, std::move(arguments));
    }
    if (!TakeSymbol("(")) return Unexpected();
    do {
      RETURN_IF_ERROR(Operand(arguments));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected();
    CheckArguments(arguments);
    return Expression::Of(ConditionKind::kIn, std::move(arguments));
  }

  void CheckBounds(const Expression& lower, const Expression& upper) {
    auto low = LiteralType(lower), high = LiteralType(upper);
    if (!low || !high) return;
    auto order = Compare(upper.value, lower.value);
    if (*low == *high && (!order || *order >= 0)) return;
    Note(Mistake::kFunctionOperand,
         fmt::format(
             "The BETWEEN operator requires {}; lower bound operand: AttributeValue: {}, upper "
             "bound operand: AttributeValue: {}",
             *low == *high ? "upper bound to be greater than or equal to lower bound"
                           : "same data type for lower and upper bounds",
             ShowValue(lower.value), ShowValue(upper.value)));
  }

  /// Appends one operand: a path, a value or a function (whose place there CheckArguments judges).
  Parsed<void> Operand(std::vector<Expression>& arguments) {
    size_t start = at_;
    ASSIGN_OR_RETURN(Expression operand, Primary());
    if (!IsOperand(operand) && !IsFunction(operand)) {
      at_ = start;
      return Unexpected();
    }
    arguments.push_back(std::move(operand));
    return {};
  }

  Parsed<Expression> Primary() {
    Depth depth(depth_);
    if (depth_ > kDepthMax) return Unexpected();
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(Expression inner, Or());
      if (!TakeSymbol(")")) return Unexpected();
      if (inner.parenthesised) {
        Note(Mistake::kParentheses, "The expression has redundant parentheses;");
      }
      inner.parenthesised = true;
      if (inner.kind == ConditionKind::kPath) RETURN_IF_ERROR(PathTail(inner.path));
      return inner;
    }
    if (Peek().kind == Token::Kind::kValuePlaceholder) return Value(Take());
    if (PeekFunction()) return Function();
    ASSIGN_OR_RETURN(DocumentPath path, Path());
    paths_.push_back(path);
    return Expression::Path(std::move(path));
  }

  Parsed<Expression> Function() {
    static constexpr std::pair<ConditionKind, size_t> kFunctions[] = {
        {ConditionKind::kAttributeExists, 1}, {ConditionKind::kAttributeNotExists, 1},
        {ConditionKind::kAttributeType, 2},   {ConditionKind::kBeginsWith, 2},
        {ConditionKind::kContains, 2},        {ConditionKind::kSize, 1},
    };
    std::string_view name = Peek().text;
    at_ += 2;  // the name and the parenthesis
    ++operators_;
    std::vector<Expression> arguments;
    do {
      RETURN_IF_ERROR(Operand(arguments));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected();
    CheckArguments(arguments);
    for (const auto& [kind, count] : kFunctions) {
      if (KindName(kind) != name) continue;
      if (arguments.size() != count) {
        NoteOperandCount(Mistake::kOperandCount, name, arguments.size());
      } else {
        CheckDistinct(name, arguments);
        CheckFunction(kind, arguments);
      }
      return Expression::Of(kind, std::move(arguments));
    }
    Note(Mistake::kUnknownFunction, fmt::format("Invalid function name; function: {}", name));
    return Expression::Of(ConditionKind::kUnknownFunction, std::move(arguments));
  }

  void CheckFunction(ConditionKind kind, const std::vector<Expression>& arguments) {
    std::string_view name = KindName(kind);
    switch (kind) {
      case ConditionKind::kAttributeExists:
      case ConditionKind::kAttributeNotExists:
        if (arguments[0].kind != ConditionKind::kPath) {
          Note(
              Mistake::kFunctionOperand,
              fmt::format("Operator or function requires a document path; operator or function: {}",
                          name));
        }
        break;
      case ConditionKind::kBeginsWith:
        for (const Expression& argument : arguments) {
          auto type = LiteralType(argument);
          if (argument.kind == ConditionKind::kSize) type = AttributeType::kNumber;
          if (type && *type != AttributeType::kString && *type != AttributeType::kBinary) {
            NoteOperandType(name, TypeName(*type));
          }
        }
        break;
      case ConditionKind::kAttributeType: {
        auto type = LiteralType(arguments[1]);
        if (type != AttributeType::kString) {
          NoteOperandType(name, type ? TypeName(*type) : "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
        } else if (!TypeFromName(arguments[1].value.text())) {
          Note(Mistake::kFunctionOperand,
               fmt::format("Invalid attribute type name found; type: {}, valid types: "
                           "{{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}",
                           arguments[1].value.text()));
        }
        break;
      }
      case ConditionKind::kSize: {
        auto type = LiteralType(arguments[0]);
        if (arguments[0].kind == ConditionKind::kSize) type = AttributeType::kNumber;
        if (type == AttributeType::kNumber || type == AttributeType::kBoolean ||
            type == AttributeType::kNull) {
          NoteOperandType(name, TypeName(*type));
        }
        break;
      }
      default:
        break;
    }
  }
};

}  // namespace

Result<ParsedCondition, std::string> ParseCondition(std::string_view text,
                                                    Placeholders& placeholders) {
  return ConditionParser(text, placeholders).Parse();
}

}  // namespace penstock::dynamodb
