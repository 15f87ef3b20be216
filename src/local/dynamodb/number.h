// DynamoDB's Number: a decimal of up to 38 significant digits between 1E-130 and 9.99…E+125, either
// sign, or zero.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::dynamodb {

/// Value type, always in its one normal form: equal numbers have equal members. Default: zero.
class Number {
 public:
  enum class Fault { kNotANumber, kOverflow, kUnderflow, kTooManyDigits };

  static constexpr int kDigitsMax = 38;
  static constexpr int kExponentMin = -130;
  static constexpr int kExponentMax = 125;

  Number() = default;

  /// Takes what java.math.BigDecimal takes: sign, digits with a point before, among or after them,
  /// exponent. No blanks.
  static Result<Number, Fault> Parse(std::string_view text);

  /// Plain decimal without exponent, leading zeros or trailing fraction zeros, as DynamoDB answers:
  /// "-0.0015".
  std::string ToString() const;

  /// Bytes it counts in an item's size: 1 + base-100 digits aligned on the decimal point + 1 if
  /// negative; zero is 1.
  size_t StoredSize() const;
  /// The stored size of the number that `text` is, if it is short and in ToString()'s form already;
  /// nullopt: who wants to know must Parse it.
  static std::optional<size_t> StoredSizeOfNormal(std::string_view text);

  /// Appends bytes whose order as unsigned bytes is the numeric order, and of which none is a
  /// prefix of another.
  void AppendSortable(std::string& out) const;
  /// Reads what AppendSortable wrote off the front of `in`; nullopt if it is something else.
  static std::optional<Number> ReadSortable(std::string_view& in);

  /// Exact, or the reason why there is no such Number.
  static Result<Number, Fault> Add(const Number& a, const Number& b);
  Number Negated() const;

  bool operator==(const Number&) const = default;
  std::strong_ordering operator<=>(const Number& other) const;

 private:
  /// `digits` are values 0..9, the first at 10^exponent; zeros at either end are cut.
  static Result<Number, Fault> FromDigits(bool negative, int64_t exponent, std::string_view digits);

  bool negative_ = false;
  uint8_t count_ = 0;                      // significant digits; 0 is zero
  int16_t exponent_ = 0;                   // of the first digit
  std::array<char, kDigitsMax> digits_{};  // values 0..9, unused ones 0
};

/// DynamoDB's words for the fault; `text` is what was given.
std::string DescribeFault(Number::Fault fault, std::string_view text);

}  // namespace penstock::dynamodb
