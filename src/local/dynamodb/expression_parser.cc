#include "local/dynamodb/expression_parser.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "local/dynamodb/expression_lexer.h"
#include "local/dynamodb/reserved_words.h"

namespace penstock::dynamodb {

namespace {

using Kind = Expression::Kind;

/// Kinds of mistakes. Of each the first is kept; which kind is reported depends on the language.
enum class Mistake : size_t {
  kParentheses,
  kUnknownFunction,
  kMisusedFunction,
  kReservedWord,
  kSection,
  kPlaceholder,
  kOperandCount,
  kDistinctOperands,
  kPathOverlap,
  kPathConflict,
  kOperandType,
  kFunctionOperand,
};
constexpr size_t kMistakes = 12;

constexpr std::array kConditionOrder = {Mistake::kParentheses,      Mistake::kUnknownFunction,
                                        Mistake::kMisusedFunction,  Mistake::kReservedWord,
                                        Mistake::kPlaceholder,      Mistake::kOperandCount,
                                        Mistake::kDistinctOperands, Mistake::kFunctionOperand};
constexpr std::array kProjectionOrder = {Mistake::kReservedWord, Mistake::kPlaceholder,
                                         Mistake::kPathOverlap, Mistake::kPathConflict};
constexpr std::array kUpdateOrder = {Mistake::kReservedWord, Mistake::kUnknownFunction,
                                     Mistake::kSection,      Mistake::kPlaceholder,
                                     Mistake::kPathOverlap,  Mistake::kPathConflict,
                                     Mistake::kOperandType,  Mistake::kFunctionOperand};

/// Thrown nowhere: the parser stops by returning this, the description of an unexpected token.
using SyntaxError = std::string;
template <class T>
using Parsed = Result<T, SyntaxError>;

/// Parentheses and NOTs can nest without operators to count; this bounds the parser's stack.
constexpr int kDepthMax = 200;

bool IsOperand(const Expression& expression) {
  switch (expression.kind) {
    case Kind::kPath:
    case Kind::kValue:
    case Kind::kSize:
      return true;
    default:
      return false;
  }
}

bool IsFunction(const Expression& expression) {
  switch (expression.kind) {
    case Kind::kAttributeExists:
    case Kind::kAttributeNotExists:
    case Kind::kAttributeType:
    case Kind::kBeginsWith:
    case Kind::kContains:
    case Kind::kUnknownFunction:
      return true;
    default:
      return false;
  }
}

std::optional<AttributeType> LiteralType(const Expression& expression) {
  if (expression.kind != Kind::kValue) return std::nullopt;
  return expression.value.type;
}

std::string ShowValue(const AttributeValue& value) {
  std::string json;
  AppendJson(value, json);
  // {"N":"5"} is shown as {N:5}.
  std::erase(json, '"');
  return json;
}

class Parser {
 public:
  Parser(std::string_view text, Placeholders& placeholders)
      : text_(text), tokens_(Tokenize(text)), placeholders_(placeholders) {}

  Parsed<ParsedCondition> Condition() {
    RETURN_IF_ERROR(CheckSize());
    ASSIGN_OR_RETURN(Expression expression, Or());
    if (IsOperand(expression) && expression.kind != Kind::kSize) return Unexpected();
    if (!AtEnd()) return Unexpected();
    if (expression.kind == Kind::kSize) NoteMisused(expression);
    RETURN_IF_ERROR(Report(kConditionOrder));
    return ParsedCondition{std::move(expression), std::move(paths_)};
  }

  Parsed<std::vector<DocumentPath>> Projection() {
    RETURN_IF_ERROR(CheckSize());
    std::vector<DocumentPath> paths;
    do {
      ASSIGN_OR_RETURN(DocumentPath path, Path());
      NoteClash(paths, path);
      paths.push_back(std::move(path));
    } while (TakeSymbol(","));
    if (!AtEnd()) return Unexpected();
    RETURN_IF_ERROR(Report(kProjectionOrder));
    return paths;
  }

  Parsed<ParsedUpdate> Update() {
    RETURN_IF_ERROR(CheckSize());
    ParsedUpdate update;
    std::set<std::string, std::less<>> seen;
    if (AtEnd()) return Unexpected();
    while (!AtEnd()) {
      std::string section = AsciiUpper(Peek().text);
      if (Peek().kind != Token::Kind::kIdentifier) return Unexpected();
      if (section != "SET" && section != "REMOVE" && section != "ADD" && section != "DELETE") {
        return Unexpected();
      }
      ++at_;
      if (!seen.insert(section).second) {
        Note(Mistake::kSection,
             fmt::format("The \"{}\" section can only be used once in an update expression;",
                         section));
      }
      do {
        ASSIGN_OR_RETURN(UpdateAction action, Action(section));
        update.actions.push_back(std::move(action));
      } while (TakeSymbol(","));
    }
    RETURN_IF_ERROR(Report(kUpdateOrder));
    return update;
  }

 private:
  // --- tokens ---

  const Token& Peek() const { return tokens_[at_]; }
  bool AtEnd() const { return Peek().kind == Token::Kind::kEnd; }
  bool PeekSymbol(std::string_view symbol) const {
    return Peek().kind == Token::Kind::kSymbol && Peek().text == symbol;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!PeekSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  bool PeekWord(std::string_view word) const {
    return Peek().kind == Token::Kind::kIdentifier && EqualsIgnoreCase(Peek().text, word);
  }
  bool TakeWord(std::string_view word) {
    if (!PeekWord(word)) return false;
    ++at_;
    return true;
  }
  SyntaxError Unexpected() const { return DescribeSyntaxError(text_, tokens_, at_); }

  // --- mistakes ---

  void Note(Mistake mistake, std::string message) {
    std::string& slot = mistakes_[static_cast<size_t>(mistake)];
    if (slot.empty()) slot = std::move(message);
  }

  template <size_t n>
  Parsed<void> Report(const std::array<Mistake, n>& order) const {
    if (operators_ > kOperatorsMax) {
      return fmt::format("The expression contains too many operators; operator count: {}",
                         operators_);
    }
    for (Mistake mistake : order) {
      const std::string& slot = mistakes_[static_cast<size_t>(mistake)];
      if (!slot.empty()) return slot;
    }
    return {};
  }

  Parsed<void> CheckSize() const {
    if (text_.empty()) return std::string("The expression can not be empty;");
    if (text_.size() > kExpressionSizeMax) {
      return fmt::format(
          "Expression size has exceeded the maximum allowed size; expression size: {}",
          text_.size());
    }
    return {};
  }

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
    if (arguments.size() != 2 || arguments[0].kind != Kind::kPath ||
        arguments[1].kind != Kind::kPath) {
      return;
    }
    if (arguments[0].path != arguments[1].path) return;
    Note(Mistake::kDistinctOperands,
         fmt::format(
             "The first operand must be distinct from the remaining operands for this operator "
             "or function; operator: {}, first operand: {}",
             name, ShowPath(arguments[0].path)));
  }

  void NoteOperandType(std::string_view function, std::string_view type) {
    Note(Mistake::kFunctionOperand,
         fmt::format("Incorrect operand type for operator or function; operator or function: {}, "
                     "operand type: {}",
                     function, type));
  }

  void NoteOperandCount(Mistake mistake, std::string_view function, size_t count) {
    Note(mistake, fmt::format("Incorrect number of operands for operator or function; operator or "
                              "function: {}, number of operands: {}",
                              function, count));
  }

  // --- paths and values ---

  std::string Name(const Token& token) {
    if (token.kind == Token::Kind::kIdentifier) {
      if (IsReservedWord(token.text)) {
        Note(Mistake::kReservedWord,
             fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", token.text));
      }
      return std::string(token.text);
    }
    const std::string* name = placeholders_.FindName(token.text);
    if (name == nullptr) {
      Note(Mistake::kPlaceholder,
           fmt::format("An expression attribute name used in the document path is not defined; "
                       "attribute name: {}",
                       token.text));
      return std::string(token.text);
    }
    return *name;
  }

  bool PeekName() const {
    return Peek().kind == Token::Kind::kIdentifier || Peek().kind == Token::Kind::kNamePlaceholder;
  }

  Parsed<DocumentPath> Path() {
    if (!PeekName() || IsKeyword(Peek())) return Unexpected();
    DocumentPath path = TopLevelPath(Name(tokens_[at_++]));
    RETURN_IF_ERROR(PathTail(path));
    return path;
  }

  Parsed<void> PathTail(DocumentPath& path) {
    while (true) {
      if (TakeSymbol(".")) {
        if (!PeekName()) return Unexpected();
        path.emplace_back(Name(tokens_[at_++]));
      } else if (TakeSymbol("[")) {
        if (Peek().kind != Token::Kind::kNumber) return Unexpected();
        // No list is as long as 2^63 elements; a longer number is as far beyond its end.
        path.emplace_back(static_cast<size_t>(ParseInt64(Peek().text).value_or(INT64_MAX)));
        ++at_;
        if (!TakeSymbol("]")) return Unexpected();
      } else {
        return {};
      }
    }
  }

  Expression Value(const Token& token) {
    const AttributeValue* value = placeholders_.FindValue(token.text);
    if (value == nullptr) {
      Note(Mistake::kPlaceholder,
           fmt::format("An expression attribute value used in expression is not defined; attribute "
                       "value: {}",
                       token.text));
      // A path that resolves to nothing keeps the checks of literal types quiet.
      return Expression::Path(TopLevelPath(std::string(token.text)));
    }
    return Expression::Value(*value);
  }

  void NoteClash(const std::vector<DocumentPath>& known, const DocumentPath& path) {
    for (const DocumentPath& other : known) {
      bool apart = false, conflict = false;
      for (size_t i = 0; i < std::min(other.size(), path.size()) && !apart && !conflict; ++i) {
        if (other[i].index() != path[i].index()) {
          conflict = true;
        } else if (other[i] != path[i]) {
          apart = true;
        }
      }
      if (apart) continue;
      Note(conflict ? Mistake::kPathConflict : Mistake::kPathOverlap,
           fmt::format("Two document paths {} with each other; must remove or rewrite one of these "
                       "paths; path one: {}, path two: {}",
                       conflict ? "conflict" : "overlap", ShowPath(other), ShowPath(path)));
    }
  }

  static bool IsKeyword(const Token& token) {
    if (token.kind != Token::Kind::kIdentifier) return false;
    for (std::string_view word : {"AND", "OR", "NOT", "BETWEEN", "IN"}) {
      if (EqualsIgnoreCase(token.text, word)) return true;
    }
    return false;
  }

  // --- conditions: Or, And, Not, Predicate, Primary. A lone operand may come out of each, so that
  // "(a) = :b" and
  // "(a = :b)" are told apart by what follows; whoever needs a condition refuses it. ---

  Parsed<Expression> Or() { return Chain("OR", Kind::kOr, &Parser::And); }
  Parsed<Expression> And() { return Chain("AND", Kind::kAnd, &Parser::Not); }

  Parsed<Expression> Chain(std::string_view word, Kind kind, Parsed<Expression> (Parser::*part)()) {
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
    if (expression.kind == Kind::kSize) {
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
    return Expression::Of(Kind::kNot, std::move(arguments));
  }

  std::optional<Kind> Comparator() const {
    static constexpr std::pair<std::string_view, Kind> kComparators[] = {
        {"=", Kind::kEqual},        {"<>", Kind::kNotEqual}, {"<", Kind::kLess},
        {"<=", Kind::kLessOrEqual}, {">", Kind::kGreater},   {">=", Kind::kGreaterOrEqual},
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
      return Expression::Of(Kind::kBetween, std::move(arguments));
    }
    if (!TakeSymbol("(")) return Unexpected();
    do {
      RETURN_IF_ERROR(Operand(arguments));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected();
    CheckArguments(arguments);
    return Expression::Of(Kind::kIn, std::move(arguments));
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

  struct Depth {
    explicit Depth(int& depth) : value(depth) { ++value; }
    ~Depth() { --value; }
    int& value;
  };

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
      if (inner.kind == Kind::kPath) RETURN_IF_ERROR(PathTail(inner.path));
      return inner;
    }
    if (Peek().kind == Token::Kind::kValuePlaceholder) return Value(tokens_[at_++]);
    bool is_function = Peek().kind == Token::Kind::kIdentifier && !IsKeyword(Peek()) &&
                       tokens_[at_ + 1].kind == Token::Kind::kSymbol &&
                       tokens_[at_ + 1].text == "(";
    if (is_function) return Function();
    ASSIGN_OR_RETURN(DocumentPath path, Path());
    paths_.push_back(path);
    return Expression::Path(std::move(path));
  }

  Parsed<Expression> Function() {
    static constexpr std::pair<Kind, size_t> kFunctions[] = {
        {Kind::kAttributeExists, 1}, {Kind::kAttributeNotExists, 1}, {Kind::kAttributeType, 2},
        {Kind::kBeginsWith, 2},      {Kind::kContains, 2},           {Kind::kSize, 1},
    };
    std::string_view name = tokens_[at_].text;
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
    return Expression::Of(Kind::kUnknownFunction, std::move(arguments));
  }

  void CheckFunction(Kind kind, const std::vector<Expression>& arguments) {
    std::string_view name = KindName(kind);
    switch (kind) {
      case Kind::kAttributeExists:
      case Kind::kAttributeNotExists:
        if (arguments[0].kind != Kind::kPath) {
          Note(
              Mistake::kFunctionOperand,
              fmt::format("Operator or function requires a document path; operator or function: {}",
                          name));
        }
        break;
      case Kind::kBeginsWith:
        for (const Expression& argument : arguments) {
          auto type = LiteralType(argument);
          if (argument.kind == Kind::kSize) type = AttributeType::kNumber;
          if (type && *type != AttributeType::kString && *type != AttributeType::kBinary) {
            NoteOperandType(name, TypeName(*type));
          }
        }
        break;
      case Kind::kAttributeType: {
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
      case Kind::kSize: {
        auto type = LiteralType(arguments[0]);
        if (arguments[0].kind == Kind::kSize) type = AttributeType::kNumber;
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

  // --- updates ---

  Parsed<UpdateAction> Action(std::string_view section) {
    UpdateAction action;
    ASSIGN_OR_RETURN(action.path, Path());
    NoteClash(paths_, action.path);
    paths_.push_back(action.path);
    ++operators_;
    if (section == "REMOVE") {
      action.kind = UpdateAction::Kind::kRemove;
      return action;
    }
    if (section == "SET") {
      if (!TakeSymbol("=")) return Unexpected();
      ASSIGN_OR_RETURN(action.operand, SetValue());
      return action;
    }
    action.kind = section == "ADD" ? UpdateAction::Kind::kAdd : UpdateAction::Kind::kDelete;
    if (Peek().kind != Token::Kind::kValuePlaceholder) return Unexpected();
    action.operand = Value(tokens_[at_++]);
    CheckSectionOperand(section, action.operand);
    return action;
  }

  void CheckSectionOperand(std::string_view section, const Expression& operand) {
    auto type = LiteralType(operand);
    if (!type) return;
    static constexpr std::pair<AttributeType, std::string_view> kNames[] = {
        {AttributeType::kString, "STRING"},   {AttributeType::kNumber, "NUMBER"},
        {AttributeType::kBinary, "BINARY"},   {AttributeType::kNull, "NULL"},
        {AttributeType::kBoolean, "BOOLEAN"}, {AttributeType::kList, "LIST"},
        {AttributeType::kMap, "MAP"},
    };
    if (section == "ADD" && *type == AttributeType::kNumber) return;
    for (const auto& [bad, name] : kNames) {
      if (bad == *type) {
        Note(Mistake::kOperandType,
             fmt::format(
                 "Incorrect operand type for operator or function; operator: {}, operand type: {}",
                 section, name));
      }
    }
  }

  Parsed<Expression> SetValue() {
    ASSIGN_OR_RETURN(Expression first, SetOperand());
    Kind kind = Kind::kValue;
    if (TakeSymbol("+")) kind = Kind::kPlus;
    if (kind == Kind::kValue && TakeSymbol("-")) kind = Kind::kMinus;
    if (kind == Kind::kValue) return first;
    ++operators_;
    ASSIGN_OR_RETURN(Expression second, SetOperand());
    std::vector<Expression> arguments;
    arguments.push_back(std::move(first));
    arguments.push_back(std::move(second));
    for (const Expression& argument : arguments) {
      auto type = LiteralType(argument);
      if (argument.kind == Kind::kListAppend) type = AttributeType::kList;
      if (type && *type != AttributeType::kNumber) NoteOperandType(KindName(kind), TypeName(*type));
    }
    return Expression::Of(kind, std::move(arguments));
  }

  Parsed<Expression> SetOperand() {
    Depth depth(depth_);
    if (depth_ > kDepthMax) return Unexpected();
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(Expression inner, SetValue());
      if (!TakeSymbol(")")) return Unexpected();
      return inner;
    }
    if (Peek().kind == Token::Kind::kValuePlaceholder) return Value(tokens_[at_++]);
    bool is_function = Peek().kind == Token::Kind::kIdentifier &&
                       tokens_[at_ + 1].kind == Token::Kind::kSymbol &&
                       tokens_[at_ + 1].text == "(";
    if (is_function) return SetFunction();
    ASSIGN_OR_RETURN(DocumentPath path, Path());
    return Expression::Path(std::move(path));
  }

  Parsed<Expression> SetFunction() {
    std::string_view name = tokens_[at_].text;
    at_ += 2;
    ++operators_;
    std::vector<Expression> arguments;
    do {
      ASSIGN_OR_RETURN(Expression argument, SetOperand());
      arguments.push_back(std::move(argument));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected();
    bool if_not_exists = name == "if_not_exists";
    if (!if_not_exists && name != "list_append") {
      Note(Mistake::kUnknownFunction, fmt::format("Invalid function name; function: {}", name));
      return Expression::Of(Kind::kUnknownFunction, std::move(arguments));
    }
    if (arguments.size() != 2) {
      NoteOperandCount(Mistake::kFunctionOperand, name, arguments.size());
    } else if (if_not_exists && arguments[0].kind != Kind::kPath) {
      Note(Mistake::kFunctionOperand,
           fmt::format("Operator or function requires a document path; operator or function: {}",
                       name));
    } else if (!if_not_exists) {
      for (const Expression& argument : arguments) {
        auto type = LiteralType(argument);
        if (type && *type != AttributeType::kList) NoteOperandType(name, TypeName(*type));
      }
    }
    return Expression::Of(if_not_exists ? Kind::kIfNotExists : Kind::kListAppend,
                          std::move(arguments));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  Placeholders& placeholders_;
  size_t at_ = 0;
  size_t operators_ = 0;
  int depth_ = 0;
  std::array<std::string, kMistakes> mistakes_;
  std::vector<DocumentPath> paths_;
};

}  // namespace

const std::string* Placeholders::FindName(std::string_view placeholder) {
  for (const auto& [key, name] : names) {
    if (key != placeholder) continue;
    used.emplace(placeholder);
    return &name;
  }
  return nullptr;
}

const AttributeValue* Placeholders::FindValue(std::string_view placeholder) {
  const AttributeValue* value = Find(values, placeholder);
  if (value != nullptr) used.emplace(placeholder);
  return value;
}

Result<ParsedCondition, std::string> ParseCondition(std::string_view text,
                                                    Placeholders& placeholders) {
  return Parser(text, placeholders).Condition();
}

Result<std::vector<DocumentPath>, std::string> ParseProjection(std::string_view text,
                                                               Placeholders& placeholders) {
  return Parser(text, placeholders).Projection();
}

Result<ParsedUpdate, std::string> ParseUpdate(std::string_view text, Placeholders& placeholders) {
  return Parser(text, placeholders).Update();
}

}  // namespace penstock::dynamodb
