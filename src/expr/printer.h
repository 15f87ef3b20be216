// Syntax trees as text again. Internal to expr/.
#pragma once

#include <string>

#include "expr/ast.h"

namespace penstock::expr {

/// Parses back to the same tree. Operators are set off by blanks, strings are in single quotes.
std::string PrintNode(const Node& node);

}  // namespace penstock::expr
