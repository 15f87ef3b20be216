// What an operator, a function or a text does with lists: it is applied to each element. Internal
// to expr/.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "expr/scope.h"
#include "expr/value.h"

namespace penstock::expr {

using CombineValues = std::function<Outcome<Value>(std::span<const Value>)>;

/// Applies `combine` to every combination of elements when one of `operands` is a list (the last
/// one fastest; nested lists count as flat), else once. The result is secret if an operand is.
/// Bounded by kElementsMax and kOutputSizeMax.
Outcome<Value> OverLists(std::vector<Value> operands, size_t offset, const CombineValues& combine);

/// Bytes of text that the value holds.
size_t TextSize(const Value& value);

/// Appends `value`, or its elements if it is a list, however deeply nested.
void AppendFlat(Value value, List& out);

}  // namespace penstock::expr
