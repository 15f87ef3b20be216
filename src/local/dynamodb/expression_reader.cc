#include "local/dynamodb/expression_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "local/dynamodb/reserved_words.h"

namespace penstock::dynamodb {

std::optional<AttributeType> LiteralType(const Expression& expression) {
  if (expression.kind != Expression::Kind::kValue) return std::nullopt;
  return expression.value.type;
}

bool ExpressionReader::TakeSymbol(std::string_view symbol) {
  if (!PeekSymbol(symbol)) return false;
  ++at_;
  return true;
}

bool ExpressionReader::PeekWord(std::string_view word) const {
  return Peek().kind == Token::Kind::kIdentifier && EqualsIgnoreCase(Peek().text, word);
}

bool ExpressionReader::TakeWord(std::string_view word) {
  if (!PeekWord(word)) return false;
  ++at_;
  return true;
}

bool ExpressionReader::PeekName() const {
  return Peek().kind == Token::Kind::kIdentifier || Peek().kind == Token::Kind::kNamePlaceholder;
}

bool ExpressionReader::PeekFunction() const {
  return Peek().kind == Token::Kind::kIdentifier && !IsKeyword(Peek()) &&
         tokens_[at_ + 1].kind == Token::Kind::kSymbol && tokens_[at_ + 1].text == "(";
}

bool ExpressionReader::IsKeyword(const Token& token) {
  if (token.kind != Token::Kind::kIdentifier) return false;
  for (std::string_view word : {"AND", "OR", "NOT", "BETWEEN", "IN"}) {
    if (EqualsIgnoreCase(token.text, word)) return true;
  }
  return false;
}

void ExpressionReader::Note(Mistake mistake, std::string message) {
  std::string& slot = mistakes_[static_cast<size_t>(mistake)];
  if (slot.empty()) slot = std::move(message);
}

void ExpressionReader::NoteOperandType(std::string_view function, std::string_view type) {
  Note(Mistake::kFunctionOperand,
       fmt::format("Incorrect operand type for operator or function; operator or function: {}, "
                   "operand type: {}",
                   function, type));
}

void ExpressionReader::NoteOperandCount(Mistake mistake, std::string_view function, size_t count) {
  Note(mistake, fmt::format("Incorrect number of operands for operator or function; operator or "
                            "function: {}, number of operands: {}",
                            function, count));
}

void ExpressionReader::NoteClash(const std::vector<DocumentPath>& known, const DocumentPath& path) {
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

Parsed<void> ExpressionReader::CheckSize() const {
  if (text_.empty()) return std::string("The expression can not be empty;");
  if (text_.size() > kExpressionSizeMax) {
    return fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}",
                       text_.size());
  }
  return {};
}

Parsed<void> ExpressionReader::Report(std::span<const Mistake> order) const {
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

std::string ExpressionReader::Name(const Token& token) {
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

Parsed<DocumentPath> ExpressionReader::Path() {
  if (!PeekName() || IsKeyword(Peek())) return Unexpected();
  DocumentPath path = TopLevelPath(Name(tokens_[at_++]));
  RETURN_IF_ERROR(PathTail(path));
  return path;
}

Parsed<void> ExpressionReader::PathTail(DocumentPath& path) {
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

Expression ExpressionReader::Value(const Token& token) {
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

}  // namespace penstock::dynamodb
