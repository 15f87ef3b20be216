#include "expr/lexer.h"

#include <fmt/core.h>

#include "base/ascii.h"

namespace penstock::expr {
namespace {

constexpr std::string_view kPunctuation = "+-*/^(),.}";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string Shown(char c) {
  unsigned char byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte > 0x7e ? fmt::format("byte 0x{:02x}", byte) : fmt::format("'{}'", c);
}

}  // namespace

bool IsNameStart(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool IsNameCharacter(char c) { return IsNameStart(c) || IsDigit(c); }

Outcome<Token> Lexer::Next(bool after_value) {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  if (at_ == text_.size()) return Token{TokenKind::kEnd, at_, ""};
  char c = text_[at_];
  auto peek = [&](size_t ahead) { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; };

  size_t prefix = 0;
  if (c == '*' && !after_value) prefix = 1;
  if (peek(prefix) == '@') ++prefix;
  if (IsNameStart(peek(prefix))) {
    size_t from = at_;
    at_ += prefix;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    return Token{TokenKind::kName, from, std::string(text_.substr(from, at_ - from))};
  }
  if (c == '\'' || c == '"') return ReadString(c);
  if (IsDigit(c) || (c == '.' && !after_value && IsDigit(peek(1)))) return ReadNumber();
  if (kPunctuation.find(c) != std::string_view::npos) {
    return Token{TokenKind::kPunctuation, at_++, std::string(1, c)};
  }
  return Failure{Failure::Kind::kSyntax, at_, fmt::format("unexpected {}", Shown(c))};
}

Outcome<Token> Lexer::ReadString(char quote) {
  Token token{TokenKind::kString, at_++, ""};
  for (; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == quote) {
      ++at_;
      return token;
    }
    if (c == '\\' && at_ + 1 < text_.size() &&
        (text_[at_ + 1] == quote || text_[at_ + 1] == '\\')) {
      c = text_[++at_];
    }
    token.text += c;
  }
  return Failure{Failure::Kind::kSyntax, token.offset,
                 fmt::format("the string that begins here has no closing {}", quote)};
}

Token Lexer::ReadNumber() {
  Token token{TokenKind::kInteger, at_, ""};
  auto digits = [&] {
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
  };
  auto digit_at = [&](size_t i) { return i < text_.size() && IsDigit(text_[i]); };
  digits();
  if (at_ < text_.size() && text_[at_] == '.' && digit_at(at_ + 1)) {
    token.kind = TokenKind::kDouble;
    ++at_;
    digits();
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    size_t exponent = at_ + 1;
    if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
    if (digit_at(exponent)) {
      token.kind = TokenKind::kDouble;
      at_ = exponent;
      digits();
    }
  }
  token.text = text_.substr(token.offset, at_ - token.offset);
  return token;
}

}  // namespace penstock::expr
