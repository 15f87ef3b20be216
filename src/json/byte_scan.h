// Sixteen bytes at a time: where does a JSON string stop being plain? SSE2 (every x86-64 has it),
// or byte by byte. Pure.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock {

/// The first '"', '\\' or control character in [at, end), or end. `*ascii` becomes false if a byte
/// before it is >= 0x80 (and stays as it was otherwise).
[[gnu::always_inline]] inline const char* FindStringSpecial(const char* at, const char* end,
                                                            bool* ascii) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  while (end - at >= 16) {
    __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)),
                     _mm_cmpeq_epi8(_mm_max_epu8(block, control), control));
    unsigned stops = static_cast<unsigned>(_mm_movemask_epi8(special));
    unsigned high = static_cast<unsigned>(_mm_movemask_epi8(block));
    if (stops != 0) {
      unsigned first = static_cast<unsigned>(__builtin_ctz(stops));
      if ((high & ((1U << first) - 1)) != 0) *ascii = false;
      return at + first;
    }
    if (high != 0) *ascii = false;
    at += 16;
  }
#endif
  for (; at != end; ++at) {
    unsigned char c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20) break;
    if (c >= 0x80) *ascii = false;
  }
  return at;
}

}  // namespace penstock
