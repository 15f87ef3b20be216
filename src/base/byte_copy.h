// memcpy and memcmp for what is mostly shorter than a cache line, where a call of the library's
// costs more than the work. Pure.
#pragma once

#include <cstdint>
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

/// Whether both are the same bytes.
inline bool SameBytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (b.size() != size) return false;
  auto differ = [&]<typename Word>(Word, size_t at) {
    Word x, y;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    return x ^ y;
  };
  // Words, the last of them overlapping the one before.
  if (size >= 8) {
    for (size_t at = 0; at < size - 8; at += 8) {
      if (differ(uint64_t{}, at) != 0) return false;
    }
    return differ(uint64_t{}, size - 8) == 0;
  }
  if (size >= 4) return (differ(uint32_t{}, 0) | differ(uint32_t{}, size - 4)) == 0;
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

}  // namespace penstock
