// What names mean. The evaluator asks a Scope; who knows objects and parameters implements it
// (definition/evaluate.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "expr/value.h"

namespace penstock::expr {

/// Why a text could not be parsed or evaluated, and where.
struct Failure {
  enum class Kind {
    kSyntax,       // the text is not an expression
    kUnknownName,  // no such field, parameter, function
    kType,         // an argument or operand of the wrong kind or range
    kNotYet,       // a runtime field that has no value at this moment
    kTooMuch,      // nesting, steps or output beyond the bounds of evaluator.h
  };
  Kind kind = Kind::kSyntax;
  size_t offset = 0;  // bytes from the start of the whole text
  std::string message;
  bool operator==(const Failure&) const = default;
};

template <class T>
using Outcome = Result<T, Failure>;

/// Reads names for one object. Not shared between threads.
class Scope {
 public:
  virtual ~Scope() = default;

  /// A bare name ("tableName", "@scheduledStartTime", "*myPassword", "node"): a field of the
  /// object, else a parameter. A repeated field is a List; a field that may be there but is not
  /// gives an empty string. The evaluator fills in the failure's offset.
  virtual Outcome<Value> Name(std::string_view name) = 0;

  /// `name` of the object that `object` points at ("input.directoryPath", "node.@status").
  virtual Outcome<Value> Member(const Reference& object, std::string_view name) = 0;
};

}  // namespace penstock::expr
