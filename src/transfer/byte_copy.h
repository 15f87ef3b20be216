// memcpy for what is mostly shorter than a cache line, where a call of the library's costs more
// than the copy. Pure.
#pragma once

#include <cstring>
#include <string_view>

namespace penstock {

/// Copies `bytes` to `out`; the end of the copy. Like memcpy, they must not overlap.
inline char* CopyBytes(std::string_view bytes, char* out) {
  const size_t size = bytes.size();
  const char* from = bytes.data();
  // Two copies of a fixed size, overlapping in the middle: no loop, no call.
  if (size > 32) {
    std::memcpy(out, from, size);
  } else if (size >= 16) {
    std::memcpy(out, from, 16);
    std::memcpy(out + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(out, from, 8);
    std::memcpy(out + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(out, from, 4);
    std::memcpy(out + size - 4, from + size - 4, 4);
  } else if (size > 0) {
    out[0] = from[0];
    out[size / 2] = from[size / 2];
    out[size - 1] = from[size - 1];
  }
  return out + size;
}

}  // namespace penstock
