// Result<T>: a value or the reason why there is none. tl::expected that cannot be dropped by
// accident.
#pragma once

#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace penstock {

/// Holds a T or an E. `return value;` and `return error;` both work, as does `return {};` for
/// Result<void>. The monadic members of tl::expected (and_then, map, map_error, value_or) are there
/// too.
template <class T, class E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
  using Base = tl::expected<T, E>;

 public:
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}
  Result(E error) : Base(tl::unexpect, std::move(error)) {}
};

/// What a function returns that has nothing to say but whether it worked.
using Status = Result<void>;

}  // namespace penstock

#define PENSTOCK_CONCAT_(a, b) a##b
#define PENSTOCK_CONCAT(a, b) PENSTOCK_CONCAT_(a, b)

/// Returns the error of `expression` from the enclosing function, if it is one.
#define RETURN_IF_ERROR(expression)                                \
  do {                                                             \
    if (auto return_if_error_ = (expression); !return_if_error_) { \
      return std::move(return_if_error_).error();                  \
    }                                                              \
  } while (false)

/// `ASSIGN_OR_RETURN(auto x, F());` declares x as F's value, or returns F's error.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_(PENSTOCK_CONCAT(assign_or_return_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_(temporary, declaration, expression) \
  auto temporary = (expression);                              \
  if (!temporary) return std::move(temporary).error();        \
  declaration = *std::move(temporary)
