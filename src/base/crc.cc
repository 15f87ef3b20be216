#include "base/crc.h"

#include <array>
#include <bit>
#include <concepts>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace penstock {
namespace {

// All three are reflected: the first bit of a message is the lowest of its first byte, and stands
// for the highest power of x.

/// A table of eight bytes a step ("slicing by 8", Intel 2006).
template <std::unsigned_integral Word, Word kPolynomial>
class Sliced {
 public:
  Sliced() {
    for (unsigned i = 0; i < 256; ++i) {
      Word value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : Word{0});
      rows_[0][i] = value;
    }
    for (unsigned i = 0; i < 256; ++i) {
      for (size_t row = 1; row < 8; ++row)
        rows_[row][i] = (rows_[row - 1][i] >> 8) ^ rows_[0][rows_[row - 1][i] & 255];
    }
  }

  Word Run(std::string_view bytes, Word state) const {
    const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
    size_t left = bytes.size();
    for (; left >= 8; p += 8, left -= 8) {
      uint64_t chunk = 0;
      for (unsigned i = 0; i < 8; ++i) chunk |= static_cast<uint64_t>(p[i]) << (8 * i);
      chunk ^= state;
      state = 0;
      for (unsigned i = 0; i < 8; ++i) state ^= rows_[7 - i][chunk >> (8 * i) & 255];
    }
    for (; left > 0; --left) state = (state >> 8) ^ rows_[0][(state ^ *p++) & 255];
    return state;
  }

 private:
  std::array<std::array<Word, 256>, 8> rows_{};
};

#if defined(__x86_64__)

constexpr size_t kLane = 16;
constexpr size_t kStride = 4 * kLane;

/// x^power modulo the polynomial, the highest bit standing for 1.
template <std::unsigned_integral Word, Word kPolynomial>
constexpr uint64_t PowerOfX(int power) {
  constexpr int kBits = 8 * sizeof(Word);
  Word value = Word{1} << (kBits - 1);
  for (; power > 0; --power) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : Word{0});
  return static_cast<uint64_t>(value) << (64 - kBits);
}

/// What moves a lane of 128 bits by so many bits towards the end of the message: for its first
/// eight bytes and for its last. The product of two reflected words is one bit short.
template <std::unsigned_integral Word, Word kPolynomial>
struct Shift {
  uint64_t first, last;
  explicit constexpr Shift(int bits)
      : first(PowerOfX<Word, kPolynomial>(bits + 63)),
        last(PowerOfX<Word, kPolynomial>(bits - 1)) {}
};

[[gnu::target("pclmul")]] inline __m128i Fold(__m128i lane, __m128i shift, __m128i onto) {
  return _mm_xor_si128(onto, _mm_xor_si128(_mm_clmulepi64_si128(lane, shift, 0x00),
                                           _mm_clmulepi64_si128(lane, shift, 0x11)));
}

/// Sixteen bytes that have the same remainder as all of `bytes`, of which there are a multiple of
/// kStride and more than none (V. Gopal and others, "Fast CRC Computation for Generic Polynomials
/// Using PCLMULQDQ Instruction", Intel 2009).
template <std::unsigned_integral Word, Word kPolynomial>
[[gnu::target("pclmul")]] std::array<char, kLane> Folded(std::string_view bytes, Word state) {
  constexpr Shift<Word, kPolynomial> kByStride(8 * kStride), kByLane(8 * kLane);
  auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  auto constant = [](uint64_t first, uint64_t last) {
    return _mm_set_epi64x(static_cast<long long>(last), static_cast<long long>(first));
  };
  const char* p = bytes.data();
  __m128i a = _mm_xor_si128(load(p), constant(state, 0)), b = load(p + kLane);
  __m128i c = load(p + 2 * kLane), d = load(p + 3 * kLane);
  const __m128i by_stride = constant(kByStride.first, kByStride.last);
  for (size_t at = kStride; at < bytes.size(); at += kStride) {
    a = Fold(a, by_stride, load(p + at));
    b = Fold(b, by_stride, load(p + at + kLane));
    c = Fold(c, by_stride, load(p + at + 2 * kLane));
    d = Fold(d, by_stride, load(p + at + 3 * kLane));
  }
  const __m128i by_lane = constant(kByLane.first, kByLane.last);
  d = Fold(Fold(Fold(a, by_lane, b), by_lane, c), by_lane, d);
  std::array<char, kLane> rest;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), d);
  return rest;
}

#endif

template <std::unsigned_integral Word, Word kPolynomial>
Word Run(std::string_view bytes, Word crc) {
  static const Sliced<Word, kPolynomial> sliced;
  Word state = ~crc;
#if defined(__x86_64__)
  static const bool has_pclmul = __builtin_cpu_supports("pclmul");
  const size_t whole = bytes.size() / kStride * kStride;
  if (has_pclmul && whole > 0) {
    const auto rest = Folded<Word, kPolynomial>(bytes.substr(0, whole), state);
    state = sliced.Run({rest.data(), rest.size()}, 0);
    bytes.remove_prefix(whole);
  }
#endif
  return ~sliced.Run(bytes, state);
}

}  // namespace

uint32_t Crc32(std::string_view bytes, uint32_t crc) {
  return Run<uint32_t, 0xEDB88320u>(bytes, crc);
}
uint32_t Crc32c(std::string_view bytes, uint32_t crc) {
  return Run<uint32_t, 0x82F63B78u>(bytes, crc);
}
uint64_t Crc64Nvme(std::string_view bytes, uint64_t crc) {
  return Run<uint64_t, 0x9A6C9329AC4BC9B5ull>(bytes, crc);
}

}  // namespace penstock
