// CHECK: for what can only be false if the program is wrong. Always on; prints where, what and why,
// then aborts. Never for input: that is a Result.
#pragma once

#include <fmt/core.h>

#include <string>

namespace penstock {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& detail);

}  // namespace penstock

/// CHECK(a < b); or CHECK(a < b, "a {} of {}", a, name);
#define CHECK(condition, ...)                                                                 \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      ::penstock::CheckFailed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
    }                                                                                         \
  } while (false)
