// Single characters of ASCII, whatever the locale.
#pragma once

namespace penstock {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace penstock
