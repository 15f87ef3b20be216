#include "transfer/decimal.h"

#include "base/ascii.h"

namespace penstock {
namespace {

constexpr int64_t kExponentMax = 1'000'000;
constexpr size_t kShortMax = 38;

constexpr int32_t FloorHalf(int32_t n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }
constexpr int32_t CeilHalf(int32_t n) { return -FloorHalf(-n); }

/// REQUIRES: IsShortDecimal(text).
void ParseShort(std::string_view text, Decimal* result) {
  const char* p = text.data();
  const char* end = p + text.size();
  result->negative = *p == '-';
  if (result->negative) ++p;
  while (p != end && *p == '0') ++p;
  const char* point = p;
  char* out = result->digits.data();
  while (point != end && *point != '.') *out++ = *point++;
  int32_t exponent = static_cast<int32_t>(point - p);
  if (point != end) {
    const char* q = point + 1;
    if (exponent == 0) {
      for (; q != end && *q == '0'; ++q) --exponent;
    }
    while (q != end) *out++ = *q++;
  }
  while (out != result->digits.data() && out[-1] == '0') --out;
  result->size = static_cast<uint8_t>(out - result->digits.data());
  if (result->size > 0) {
    result->exponent = exponent;
  } else {
    result->negative = false;
  }
}

}  // namespace

bool Decimal::FitsDynamoDb() const {
  if (size == 0) return true;
  // 1E-130 is 0.1E-129 here, 9.9E+125 is 0.99E+126.
  return size <= 38 && exponent >= -129 && exponent <= 126;
}

uint32_t Decimal::StoredSize() const {
  if (size == 0) return 1;
  int32_t pairs = CeilHalf(exponent) - FloorHalf(exponent - size);
  return 1 + static_cast<uint32_t>(pairs) + (negative ? 1 : 0);
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  std::optional<Decimal> parsed(std::in_place);
  Decimal& result = *parsed;
  if (IsShortDecimal(text)) {
    ParseShort(text, &result);
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

bool IsShortDecimal(std::string_view text) {
  if (text.size() > kShortMax) return false;
  size_t at = text.starts_with('-') ? 1 : 0, digits = 0, points = 0;
  for (; at < text.size(); ++at) {
    const bool is_digit = IsDigit(text[at]);
    if (!is_digit && text[at] != '.') return false;
    ++(is_digit ? digits : points);
  }
  return digits > 0 && points <= 1;
}

}  // namespace penstock
