#include "local/dynamodb/expression_lexer.h"

#include <fmt/core.h>

#include <string>

#include "base/ascii.h"

namespace penstock::dynamodb {

namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool StartsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool ContinuesWord(char c) { return StartsWord(c) || IsDigit(c); }

}  // namespace

std::vector<Token> Tokenize(std::string_view text) {
  std::vector<Token> tokens;
  size_t at = 0;
  while (true) {
    while (at < text.size() && IsBlank(text[at])) ++at;
    Token token{.offset = at};
    if (at == text.size()) {
      tokens.push_back(token);
      return tokens;
    }
    char c = text[at];
    size_t end = at + 1;
    if (StartsWord(c) || c == '#' || c == ':') {
      while (end < text.size() && ContinuesWord(text[end])) ++end;
      token.kind = c == '#'   ? Token::Kind::kNamePlaceholder
                   : c == ':' ? Token::Kind::kValuePlaceholder
                              : Token::Kind::kIdentifier;
      if ((c == '#' || c == ':') && end == at + 1) token.kind = Token::Kind::kUnknown;
    } else if (IsDigit(c)) {
      while (end < text.size() && IsDigit(text[end])) ++end;
      token.kind = Token::Kind::kNumber;
    } else if (std::string_view("()[].,=<>+-").find(c) != std::string_view::npos) {
      token.kind = Token::Kind::kSymbol;
      std::string_view two = text.substr(at, 2);
      if (two == "<=" || two == ">=" || two == "<>") end = at + 2;
    } else {
      token.kind = Token::Kind::kUnknown;
      while (end < text.size() && (text[end] & 0xC0) == 0x80)
        ++end;  // the rest of a UTF-8 character
    }
    token.text = text.substr(at, end - at);
    tokens.push_back(token);
    at = end;
  }
}

std::string DescribeSyntaxError(std::string_view text, const std::vector<Token>& tokens,
                                size_t index) {
  const Token& token = tokens[index];
  const Token& before = tokens[index > 0 ? index - 1 : index];
  const Token& after = tokens[index + 1 < tokens.size() ? index + 1 : index];
  size_t end = after.offset + after.text.size();
  std::string_view near = text.substr(before.offset, end - before.offset);
  while (!near.empty() && IsBlank(near.back())) near.remove_suffix(1);
  return fmt::format("Syntax error; token: \"{}\", near: \"{}\"",
                     token.kind == Token::Kind::kEnd ? "<EOF>" : token.text, near);
}

}  // namespace penstock::dynamodb
