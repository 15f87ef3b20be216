// The functions of expressions (Developer Guide, "Mathematical, String and Date and Time
// Functions"), as a table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "expr/scope.h"
#include "expr/value.h"

namespace penstock::expr {

enum class ArgumentKind { kNone, kDateTime, kInteger, kString };

inline constexpr size_t kArgumentsMax = 5;

struct Function {
  std::string_view name;
  ArgumentKind arguments[kArgumentsMax];  // up to the first kNone
  /// Arguments have the declared kinds and are no lists. The failure's offset is filled in by the
  /// evaluator.
  Outcome<Value> (*call)(std::span<const Value> arguments);
};

/// The function, or nullptr. Names are case-sensitive, as in Java.
const Function* FindFunction(std::string_view name);
std::span<const Function> AllFunctions();
size_t ArgumentCount(const Function& function);
/// "format(DateTime, String)".
std::string Signature(const Function& function);
/// Names the nearest function there is.
std::string UnknownFunctionMessage(std::string_view name);

/// `value` as the kind that an argument wants: a DateTime also from text in its form, a number from
/// its text, a string from anything but a list. nullopt if it is none.
std::optional<Value> Convert(const Value& value, ArgumentKind kind);
std::string_view ArgumentKindName(ArgumentKind kind);

}  // namespace penstock::expr
