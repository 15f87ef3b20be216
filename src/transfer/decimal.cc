#include "transfer/decimal.h"

#include "base/ascii.h"
#include "base/byte_copy.h"

namespace penstock {
namespace {

constexpr int64_t kExponentMax = 1'000'000;

constexpr int32_t FloorHalf(int32_t n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }
constexpr int32_t CeilHalf(int32_t n) { return -FloorHalf(-n); }

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
  if (std::optional<ShortDecimal> brief = ParseShortDecimal(text)) {
    result.negative = brief->negative;
    result.exponent = brief->exponent;
    result.size = static_cast<uint8_t>(brief->size());
    char* const tail = CopyBytes(text.substr(brief->head, brief->head_size), result.digits.data());
    CopyBytes(text.substr(brief->tail, brief->tail_size), tail);
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

std::optional<ShortDecimal> ParseShortDecimal(std::string_view text) {
  if (text.empty() || text.size() > ShortDecimal::kTextMax) return std::nullopt;
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = *at == '-';
  if (negative) ++at;
  const char* const begin = at;
  while (at != end && IsDigit(*at)) ++at;
  const char* const point = at;  // or the end
  if (point != end) {
    if (*point != '.') return std::nullopt;
    do ++at;
    while (at != end && IsDigit(*at));
    if (at != end) return std::nullopt;
  }
  if (begin == end || (begin == point && point + 1 == end)) return std::nullopt;
  // The first digit that is not 0, and the last.
  const char* first = begin;
  while (first != end && (*first == '0' || *first == '.')) ++first;
  ShortDecimal number;
  if (first == end) return number;
  const char* last = end - 1;
  while (*last == '0' || *last == '.') --last;
  number.negative = negative;
  // Between the point and a digit after it lies one digit less than between it and one before.
  number.exponent = static_cast<int8_t>(point - first + (first > point ? 1 : 0));
  const bool is_split = first < point && point < last;
  const char* const head_end = is_split ? point : last + 1;
  number.head = static_cast<uint8_t>(first - text.data());
  number.head_size = static_cast<uint8_t>(head_end - first);
  if (is_split) {
    number.tail = static_cast<uint8_t>(point + 1 - text.data());
    number.tail_size = static_cast<uint8_t>(last - point);
  }
  return number;
}

}  // namespace penstock
