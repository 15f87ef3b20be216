// ExpressionReader: what the parsers of the expression languages have in common: tokens, document
// paths, placeholders, and the mistakes found on the way. Private to this folder's parsers.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "local/dynamodb/expression_lexer.h"
#include "local/dynamodb/expression_parser.h"

namespace penstock::dynamodb {

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

/// The error is the description of an unexpected token, or of the mistake that is reported.
template <class T>
using Parsed = Result<T, std::string>;

/// The type of a literal value; nullopt for other expressions.
std::optional<AttributeType> LiteralType(const Expression& expression);

/// One expression being read. `text` and `placeholders` outlive it.
class ExpressionReader {
 protected:
  ExpressionReader(std::string_view text, Placeholders& placeholders)
      : text_(text), tokens_(Tokenize(text)), placeholders_(placeholders) {}

  // Tokens.
  const Token& Peek() const { return tokens_[at_]; }
  /// The token, and on to the next one.
  const Token& Take() { return tokens_[at_++]; }
  bool AtEnd() const { return Peek().kind == Token::Kind::kEnd; }
  bool PeekSymbol(std::string_view symbol) const {
    return Peek().kind == Token::Kind::kSymbol && Peek().text == symbol;
  }
  bool TakeSymbol(std::string_view symbol);
  bool PeekWord(std::string_view word) const;
  bool TakeWord(std::string_view word);
  bool PeekName() const;
  /// A name with a parenthesis after it.
  bool PeekFunction() const;
  std::string Unexpected() const { return DescribeSyntaxError(text_, tokens_, at_); }

  // Mistakes.
  void Note(Mistake mistake, std::string message);
  void NoteOperandType(std::string_view function, std::string_view type);
  void NoteOperandCount(Mistake mistake, std::string_view function, size_t count);
  /// Notes how `path` gets in the way of one of `known`, if it does.
  void NoteClash(const std::vector<DocumentPath>& known, const DocumentPath& path);
  Parsed<void> CheckSize() const;
  /// The first mistake that was noted, in the order of the language.
  Parsed<void> Report(std::span<const Mistake> order) const;

  // Paths and values.
  Parsed<DocumentPath> Path();
  Parsed<void> PathTail(DocumentPath& path);
  /// REQUIRES: a value's placeholder.
  Expression Value(const Token& token);

  /// Held while a nested part is read: parentheses and NOTs can nest without operators to count.
  class Depth {
   public:
    explicit Depth(int& depth) : depth_(depth) { ++depth_; }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    int& depth_;
  };
  static constexpr int kDepthMax = 200;  // bounds the parser's stack

  size_t at_ = 0;
  size_t operators_ = 0;
  int depth_ = 0;
  std::vector<DocumentPath> paths_;  // every path so far

 private:
  static bool IsKeyword(const Token& token);
  std::string Name(const Token& token);

  const std::string_view text_;
  const std::vector<Token> tokens_;
  Placeholders& placeholders_;
  std::array<std::string, kMistakes> mistakes_;
};

}  // namespace penstock::dynamodb
