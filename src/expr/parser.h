// Recursive descent over the grammar of expression.h. Internal to expr/.
#pragma once

#include <string_view>

#include "expr/ast.h"
#include "expr/scope.h"

namespace penstock::expr {

struct ParsedExpression {
  NodePtr root;
  size_t end = 0;     // offset after the closing brace, or after the text
  size_t values = 0;  // names, numbers, strings and calls in it
};

/// Parses from `at`; `braced`: up to and including the '}', else to the end of `text`. Offsets
/// count from the start of `text`. Fails when there are more than `values_max` values.
Outcome<ParsedExpression> ParseExpression(std::string_view text, size_t at, bool braced,
                                          size_t values_max);

}  // namespace penstock::expr
