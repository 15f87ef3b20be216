// Texts with #{expressions}: parse once, evaluate often.
//
//   text    := ( literal | "#{" expr "}" )*
//   expr    := term (("+"|"-") term)*              term    := power (("*"|"/") power)*
//   power   := unary ("^" power)?                  unary   := "-"* postfix
//   postfix := primary ( "." ( name "(" args ")" | name ) )*
//   primary := number | string | name "(" args ")" | name | "(" expr ")"
//   name    := "*"? "@"? [A-Za-z_][A-Za-z0-9_]*     string := '…' | "…"     args := [ expr (","
//   expr)* ]
//
// x.f(a) is f(x, a) when f is a function. A "*" is multiplication after a value and part of a name
// elsewhere. Quotes may hold '}' and a backslash before the quote or a backslash. `${NAME}` is not
// an expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/scope.h"
#include "expr/value.h"

namespace penstock::expr {

/// Bounds that keep foreign text harmless.
inline constexpr int kDepthMax = 32;                      // nesting of parentheses, calls, signs
inline constexpr size_t kTextSizeMax = 20 * 1024 * 1024;  // of one text (the API's longString)
inline constexpr size_t kValuesMax = 200'000;  // names, numbers, strings and calls of one text
inline constexpr size_t kOutputSizeMax = 20 * 1024 * 1024;  // bytes that one evaluation may produce
inline constexpr size_t kElementsMax = 100'000;  // list elements that one evaluation may produce

/// A name that a text uses, for checks before anything runs: "input", "input.tableName",
/// "@scheduledStartTime".
struct NameUse {
  std::vector<std::string> path;  // at least one element
  size_t offset = 0;
  bool operator==(const NameUse&) const = default;
};

/// A parsed text. Immutable, cheap to copy, may be shared between threads.
class Text {
 public:
  Text();  // the empty literal

  /// Text without any "#{" is a literal. The failure's offset counts bytes of `text`.
  static Outcome<Text> Parse(std::string_view text);
  /// One expression without its braces, e.g. "makeDate(2011,5,24)".
  static Outcome<Text> ParseBare(std::string_view expression);

  bool IsLiteral() const;
  /// The whole text is one #{…}: its value keeps its kind and a list spreads.
  bool IsSingleExpression() const;
  /// The text is exactly #{name}: that name; else empty. (Optional parameters drop such fields.)
  std::string_view SingleName() const;
  /// Every name used, in order of appearance, function names excluded.
  std::vector<NameUse> Names() const;

  /// Texts give strings; a single expression gives its own kind. A list inside a longer text is
  /// spliced into as many texts: "a#{myList}" with 1, 2 is the list "a1", "a2"; of several lists
  /// every combination, the last one fastest.
  Outcome<Value> Evaluate(Scope& scope) const;

  /// The text again, in a normal form: Parse(Print()) prints the same and means the same.
  std::string Print() const;

 private:
  struct Part;
  struct Body;
  std::shared_ptr<const Body> body_;
};

/// Whether the text has an expression in it at all (cheaper than parsing).
inline bool HasExpression(std::string_view text) {
  return text.find("#{") != std::string_view::npos;
}

}  // namespace penstock::expr
