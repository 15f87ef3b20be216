#include "transfer/decimal.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>

#include "base/ascii.h"
#include "base/byte_copy.h"

namespace penstock {
namespace {

constexpr int64_t kExponentMax = 1'000'000;

constexpr int32_t FloorHalf(int32_t n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }
constexpr int32_t CeilHalf(int32_t n) { return -FloorHalf(-n); }

constexpr int kNone = -1;

/// What is at which place of digits with at most one point among them.
struct Digits {
  bool are_good = false;        // they are that, and there is a digit
  int point = 0;                // or where it would be: the end
  int first = kNone, last = 0;  // that are not 0
};

Digits DigitsOf(std::string_view text) {
  const auto none = std::string_view::npos;
  Digits digits;
  const size_t point = std::min(text.find('.'), text.size());
  const bool has_digit = text.size() > (point < text.size() ? 1 : 0);
  digits.are_good =
      has_digit && std::all_of(text.begin(), text.begin() + point, IsDigit) &&
      (point == text.size() || std::all_of(text.begin() + point + 1, text.end(), IsDigit));
  digits.point = static_cast<int>(point);
  const size_t first = text.find_first_not_of("0.");
  if (!digits.are_good || first == none) return digits;
  digits.first = static_cast<int>(first);
  digits.last = static_cast<int>(text.find_last_not_of("0."));
  return digits;
}

#if defined(__SSE2__)
constexpr size_t kBlock = 16;

/// The same of 1 to kBlock bytes, by looking at kBlock of them at once: numbers differ in their
/// digits' count, and each loop over them would be foretold wrongly.
Digits DigitsOfBlock(const char* text, size_t size) {
  if (size == 0) return {};
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  auto bits = [all = (1u << size) - 1](__m128i bytes) {
    return static_cast<unsigned>(_mm_movemask_epi8(bytes)) & all;
  };
  const __m128i values = _mm_sub_epi8(block, _mm_set1_epi8('0'));
  const unsigned digits = bits(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values));
  const unsigned points = bits(_mm_cmpeq_epi8(block, _mm_set1_epi8('.')));
  const unsigned zeros = bits(_mm_cmpeq_epi8(block, _mm_set1_epi8('0')));
  const unsigned others = digits & ~zeros;
  Digits result;
  result.are_good =
      (digits | points) == (1u << size) - 1 && (points & (points - 1)) == 0 && digits != 0;
  result.point = points != 0 ? std::countr_zero(points) : static_cast<int>(size);
  if (others == 0) return result;
  result.first = std::countr_zero(others);
  result.last = std::bit_width(others) - 1;
  return result;
}
#else
constexpr size_t kBlock = 0;
Digits DigitsOfBlock(const char* text, size_t size) { return DigitsOf({text, size}); }
#endif

/// Bytes of so many digits, the first of them right after the point times 10^exponent.
uint32_t StoredBytes(size_t digits, int32_t exponent, bool negative) {
  if (digits == 0) return 1;
  int32_t pairs = CeilHalf(exponent) - FloorHalf(exponent - static_cast<int32_t>(digits));
  return 1 + static_cast<uint32_t>(pairs) + (negative ? 1 : 0);
}

}  // namespace

bool Decimal::FitsDynamoDb() const {
  if (size == 0) return true;
  // 1E-130 is 0.1E-129 here, 9.9E+125 is 0.99E+126.
  return size <= 38 && exponent >= -129 && exponent <= 126;
}

uint32_t Decimal::StoredSize() const { return StoredBytes(size, exponent, negative); }
uint32_t ShortDecimal::StoredSize() const { return StoredBytes(size(), exponent, negative); }

std::optional<Decimal> ParseDecimal(std::string_view text) {
  std::optional<Decimal> parsed(std::in_place);
  Decimal& result = *parsed;
  if (ShortDecimal brief; ParseShortDecimal(text, text.size(), &brief)) {
    result.negative = brief.negative;
    result.exponent = brief.exponent;
    result.size = static_cast<uint8_t>(brief.size());
    char* const tail = CopyBytes(text.substr(brief.head, brief.head_size), result.digits.data());
    CopyBytes(text.substr(brief.tail, brief.tail_size), tail);
    return parsed;
  }
  const char* p = text.data();
  const char* end = p + text.size();
  if (p != end && (*p == '-' || *p == '+')) result.negative = *p++ == '-';

  int64_t integer_digits = 0;  // between the first non-zero digit and the point
  int64_t leading_zeros = 0;   // between the point and the first non-zero digit
  int64_t zeros_held = 0;      // zeros that count only if another digit follows
  bool any = false, point = false;
  for (; p != end; ++p) {
    if (*p == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    if (!IsDigit(*p)) break;
    any = true;
    bool started = result.size > 0;
    if (*p == '0' && !started) {
      if (point) ++leading_zeros;
      continue;
    }
    if (!point) ++integer_digits;
    if (*p == '0') {
      ++zeros_held;
      continue;
    }
    if (result.size + zeros_held >= Decimal::kDigitsMax) return std::nullopt;
    for (; zeros_held > 0; --zeros_held) result.digits[result.size++] = '0';
    result.digits[result.size++] = *p;
  }
  if (!any) return std::nullopt;

  int64_t power = 0;
  if (p != end) {
    if (*p != 'e' && *p != 'E') return std::nullopt;
    ++p;
    bool negative_power = false;
    if (p != end && (*p == '-' || *p == '+')) negative_power = *p++ == '-';
    if (p == end) return std::nullopt;
    for (; p != end; ++p) {
      if (!IsDigit(*p)) return std::nullopt;
      if (power <= kExponentMax) power = power * 10 + (*p - '0');
    }
    if (negative_power) power = -power;
  }
  if (result.size == 0) {
    result.negative = false;
    return parsed;
  }
  int64_t exponent = power + integer_digits - leading_zeros;
  if (exponent > kExponentMax || exponent < -kExponentMax) return std::nullopt;
  result.exponent = static_cast<int32_t>(exponent);
  return parsed;
}

bool ParseShortDecimal(std::string_view text, size_t readable, ShortDecimal* number) {
  if (text.empty() || text.size() > ShortDecimal::kTextMax) return false;
  const bool negative = text[0] == '-';
  const int sign = negative ? 1 : 0;
  const std::string_view unsigned_text = text.substr(negative ? 1 : 0);
  const Digits digits =
      unsigned_text.size() <= kBlock && readable >= text.size() - unsigned_text.size() + kBlock
          ? DigitsOfBlock(unsigned_text.data(), unsigned_text.size())
          : DigitsOf(unsigned_text);
  if (!digits.are_good) return false;
  *number = ShortDecimal();
  if (digits.first == kNone) return true;
  number->negative = negative;
  // Between the point and a digit after it lies one digit less than between it and one before.
  const int after = digits.first > digits.point ? 1 : 0;
  number->exponent = static_cast<int8_t>(digits.point - digits.first + after);
  const bool is_split = digits.first < digits.point && digits.point < digits.last;
  const int head_end = is_split ? digits.point : digits.last + 1;
  number->head = static_cast<uint8_t>(digits.first + sign);
  number->head_size = static_cast<uint8_t>(head_end - digits.first);
  if (is_split) {
    number->tail = static_cast<uint8_t>(digits.point + 1 + sign);
    number->tail_size = static_cast<uint8_t>(digits.last - digits.point);
  }
  return true;
}

}  // namespace penstock
