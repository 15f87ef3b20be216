#include "local/dynamodb/number.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace penstock::dynamodb {

namespace {

constexpr char kNegativeSign = 1, kZeroSign = 2, kPositiveSign = 3;

int FloorHalf(int value) { return value >= 0 ? value / 2 : -((1 - value) / 2); }

/// Of a number whose first digit is at 10^first and whose last at 10^last.
size_t SizeBetween(bool negative, int first, int last) {
  const int pairs = FloorHalf(first) - FloorHalf(last) + 1;
  return 1 + static_cast<size_t>(pairs) + (negative ? 1 : 0);
}

}  // namespace

Result<Number, Number::Fault> Number::FromDigits(bool negative, int64_t exponent,
                                                 std::string_view digits) {
  size_t first = 0, end = digits.size();
  while (first < end && digits[first] == 0) ++first;
  while (end > first && digits[end - 1] == 0) --end;
  if (first == end) return Number();
  exponent -= static_cast<int64_t>(first);
  if (exponent > kExponentMax) return Fault::kOverflow;
  if (exponent < kExponentMin) return Fault::kUnderflow;
  if (end - first > kDigitsMax) return Fault::kTooManyDigits;
  Number number;
  number.negative_ = negative;
  number.exponent_ = static_cast<int16_t>(exponent);
  number.count_ = static_cast<uint8_t>(end - first);
  std::memcpy(number.digits_.data(), digits.data() + first, end - first);
  return number;
}

Result<Number, Number::Fault> Number::Parse(std::string_view text) {
  size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  // On the stack, but for texts longer than any number needs.
  std::array<char, 64> few;
  std::string many(text.size() > few.size() ? text.size() : 0, '\0');
  char* const digits = many.empty() ? few.data() : many.data();
  size_t count = 0;
  std::optional<size_t> point;  // digits before the decimal point
  for (; at < text.size(); ++at) {
    if (IsDigit(text[at])) {
      digits[count++] = static_cast<char>(text[at] - '0');
    } else if (text[at] == '.' && !point) {
      point = count;
    } else {
      break;
    }
  }
  if (count == 0) return Fault::kNotANumber;
  int64_t exponent = static_cast<int64_t>(point.value_or(count)) - 1;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return Fault::kNotANumber;
    ++at;
    bool down = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) down = text[at++] == '-';
    if (at == text.size()) return Fault::kNotANumber;
    int64_t power = 0;
    for (; at < text.size(); ++at) {
      if (!IsDigit(text[at])) return Fault::kNotANumber;
      // Far beyond any legal value already; more digits must not wrap it around.
      power = std::min<int64_t>(power * 10 + (text[at] - '0'), int64_t{1} << 40);
    }
    exponent += down ? -power : power;
  }
  return FromDigits(negative, exponent, {digits, count});
}

std::string Number::ToString() const {
  if (count_ == 0) return "0";
  std::string text;
  if (negative_) text.push_back('-');
  if (exponent_ < 0) {
    text += "0.";
    text.append(static_cast<size_t>(-exponent_ - 1), '0');
  }
  for (int i = 0; i < count_; ++i) {
    text.push_back(static_cast<char>('0' + digits_[i]));
    if (i == exponent_ && i + 1 < count_) text.push_back('.');
  }
  if (exponent_ >= count_) text.append(static_cast<size_t>(exponent_ - count_ + 1), '0');
  return text;
}

size_t Number::StoredSize() const {
  return count_ == 0 ? 1 : SizeBetween(negative_, exponent_, exponent_ - count_ + 1);
}

std::optional<size_t> Number::StoredSizeOfNormal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.size() > kDigitsMax) return std::nullopt;
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (whole.empty() || !std::all_of(whole.begin(), whole.end(), IsDigit)) return std::nullopt;
  if (whole[0] == '0' && whole.size() > 1) return std::nullopt;
  if (point == text.size()) {
    if (whole == "0") return negative ? std::nullopt : std::optional<size_t>(1);
    const size_t zeros = whole.size() - 1 - whole.find_last_not_of('0');
    return SizeBetween(negative, static_cast<int>(whole.size()) - 1, static_cast<int>(zeros));
  }
  if (fraction.empty() || fraction.back() == '0') return std::nullopt;
  if (!std::all_of(fraction.begin(), fraction.end(), IsDigit)) return std::nullopt;
  const int first = whole == "0" ? -1 - static_cast<int>(fraction.find_first_not_of('0'))
                                 : static_cast<int>(whole.size()) - 1;
  return SizeBetween(negative, first, -static_cast<int>(fraction.size()));
}

// One byte of sign; then, complemented for negative numbers: one byte of exponent, a byte 1 + d for
// each pair of digits counted from the first, and a final 0.
void Number::AppendSortable(std::string& out) const {
  if (count_ == 0) {
    out.push_back(kZeroSign);
    return;
  }
  out.push_back(negative_ ? kNegativeSign : kPositiveSign);
  size_t start = out.size();
  out.push_back(static_cast<char>(exponent_ - kExponentMin));
  for (int i = 0; i < count_; i += 2) {
    int low = i + 1 < count_ ? digits_[i + 1] : 0;
    out.push_back(static_cast<char>(1 + digits_[i] * 10 + low));
  }
  out.push_back(0);
  if (negative_) {
    for (size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

std::optional<Number> Number::ReadSortable(std::string_view& in) {
  if (in.empty()) return std::nullopt;
  char sign = in[0];
  in.remove_prefix(1);
  if (sign == kZeroSign) return Number();
  if (sign != kNegativeSign && sign != kPositiveSign) return std::nullopt;
  bool negative = sign == kNegativeSign;
  auto next = [&]() -> std::optional<unsigned> {
    if (in.empty()) return std::nullopt;
    unsigned byte = static_cast<unsigned char>(negative ? ~in[0] : in[0]);
    in.remove_prefix(1);
    return byte;
  };
  auto exponent = next();
  if (!exponent) return std::nullopt;
  std::string digits;
  while (true) {
    auto byte = next();
    if (!byte || *byte > 100 || digits.size() > kDigitsMax) return std::nullopt;
    if (*byte == 0) break;
    digits.push_back(static_cast<char>((*byte - 1) / 10));
    digits.push_back(static_cast<char>((*byte - 1) % 10));
  }
  auto number = FromDigits(negative, static_cast<int>(*exponent) + kExponentMin, digits);
  if (!number) return std::nullopt;
  return *number;
}

Number Number::Negated() const {
  Number number = *this;
  if (count_ > 0) number.negative_ = !negative_;
  return number;
}

Result<Number, Number::Fault> Number::Add(const Number& a, const Number& b) {
  if (a.count_ == 0) return b;
  if (b.count_ == 0) return a;
  // A fixed-point column of every position that a digit of either, or the carry, can have.
  constexpr int kTop = kExponentMax + 1;
  constexpr int kWidth = kTop - (kExponentMin - kDigitsMax) + 1;
  std::array<int, kWidth> column{};
  for (const Number* number : {&a, &b}) {
    for (int i = 0; i < number->count_; ++i) {
      column[kTop - number->exponent_ + i] +=
          number->negative_ ? -number->digits_[i] : number->digits_[i];
    }
  }
  bool negative = false;
  for (int digit : column) {
    if (digit == 0) continue;
    negative = digit < 0;
    break;
  }
  std::string digits(kWidth, 0);
  int carry = 0;
  for (int i = kWidth - 1; i >= 0; --i) {
    int sum = (negative ? -column[i] : column[i]) + carry;
    carry = sum < 0 ? -1 : sum / 10;
    digits[i] = static_cast<char>(sum - carry * 10);
  }
  return FromDigits(negative, kTop, digits);
}

std::strong_ordering Number::operator<=>(const Number& other) const {
  auto sign = [](const Number& n) { return n.count_ == 0 ? 0 : n.negative_ ? -1 : 1; };
  if (auto order = sign(*this) <=> sign(other); order != 0) return order;
  const Number& small = negative_ ? other : *this;
  const Number& large = negative_ ? *this : other;
  if (auto order = small.exponent_ <=> large.exponent_; order != 0) return order;
  return small.digits_ <=> large.digits_;
}

std::string DescribeFault(Number::Fault fault, std::string_view text) {
  switch (fault) {
    case Number::Fault::kNotANumber:
      return text.empty()
                 ? "The parameter cannot be converted to a numeric value"
                 : "The parameter cannot be converted to a numeric value: " + std::string(text);
    case Number::Fault::kOverflow:
      return "Number overflow. Attempting to store a number with magnitude larger than supported "
             "range";
    case Number::Fault::kUnderflow:
      return "Number underflow. Attempting to store a number with magnitude smaller than supported "
             "range";
    case Number::Fault::kTooManyDigits:
      return "Attempting to store more than 38 significant digits in a Number";
  }
  return {};
}

}  // namespace penstock::dynamodb
