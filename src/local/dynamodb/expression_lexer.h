// The words of an expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::dynamodb {

struct Token {
  enum class Kind : uint8_t {
    kIdentifier,        // also the words AND, SET …; the parser knows which are which
    kNamePlaceholder,   // #name
    kValuePlaceholder,  // :value
    kNumber,            // digits
    kSymbol,            // ( ) [ ] . , = < > <= >= <> + -
    kUnknown,           // any other character
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string_view text;  // within the expression; empty at the end
  size_t offset = 0;
};

/// Splits the whole text; the last token is kEnd. Never fails. Views into `text`.
std::vector<Token> Tokenize(std::string_view text);

/// `Syntax error; token: "x", near: "a x b"`: the words for an unexpected token.
std::string DescribeSyntaxError(std::string_view text, const std::vector<Token>& tokens,
                                size_t index);

}  // namespace penstock::dynamodb
