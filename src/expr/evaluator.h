// Walks a syntax tree. Internal to expr/.
#pragma once

#include "expr/ast.h"
#include "expr/scope.h"
#include "expr/value.h"

namespace penstock::expr {

Outcome<Value> EvaluateNode(const Node& node, Scope& scope);

}  // namespace penstock::expr
