// Tokens of expressions. Internal to expr/.
#pragma once

#include <string>
#include <string_view>

#include "expr/scope.h"

namespace penstock::expr {

enum class TokenKind { kEnd, kName, kInteger, kDouble, kString, kPunctuation };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;
  std::string text;  // of a string: without quotes and escapes
  char Punctuation() const { return kind == TokenKind::kPunctuation ? text[0] : '\0'; }
};

/// Reads tokens from `text`, starting at `at`. A view: `text` must outlive it.
class Lexer {
 public:
  Lexer(std::string_view text, size_t at) : text_(text), at_(at) {}

  /// `after_value`: the token before was a value, so that '*' multiplies instead of beginning a
  /// name.
  Outcome<Token> Next(bool after_value);
  size_t at() const { return at_; }

 private:
  Outcome<Token> ReadString(char quote);
  Token ReadNumber();

  std::string_view text_;
  size_t at_;
};

bool IsNameStart(char c);
bool IsNameCharacter(char c);

}  // namespace penstock::expr
