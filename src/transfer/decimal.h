// Decimal: the value behind a DynamoDB number's text. Numbers travel as text from socket to file;
// this is only for asking whether a text is a number, whether DynamoDB could hold it, how many
// bytes it takes there, and whether two texts mean the same value. No floating point anywhere.
// Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

/// ±0.d1d2…dn × 10^exponent with d1 and dn not 0. Zero has no digits, no sign, exponent 0. Equal
/// values have equal members.
struct Decimal {
  static constexpr int kDigitsMax = 64;  // of any server; DynamoDB itself stops at 38

  bool negative = false;
  uint8_t size = 0;
  int32_t exponent = 0;
  std::array<char, kDigitsMax> digits;  // '0'..'9', the first `size` are set

  std::string_view text() const { return {digits.data(), size}; }
  /// Between 1E-130 and 9.99…E+125 with at most 38 digits, or 0.
  bool FitsDynamoDb() const;
  /// Bytes in an item: 1, and 1 for each pair of decimal digits (aligned on the point), and 1 if
  /// negative.
  uint32_t StoredSize() const;

  bool operator==(const Decimal& other) const {
    return negative == other.negative && exponent == other.exponent && text() == other.text();
  }
};

/// The same of a text without exponent in at most kTextMax characters, by where in that text its
/// digits are: `head_size` from `head`, then `tail_size` from `tail`.
struct ShortDecimal {
  static constexpr size_t kTextMax = 38;

  bool negative = false;
  int8_t exponent = 0;
  uint8_t head = 0, head_size = 0, tail = 0, tail_size = 0;

  size_t size() const { return size_t{head_size} + tail_size; }
  uint32_t StoredSize() const;
  bool operator==(const ShortDecimal&) const = default;
};

/// Optional sign, digits with at most one point, optional exponent; nothing around it. nullopt for
/// anything else (NaN, hex, separators) and for more than kDigitsMax significant digits or an
/// exponent beyond ±1,000,000.
std::optional<Decimal> ParseDecimal(std::string_view text);

/// False: `text` is no number, or has an exponent, a plus sign or more than 38 characters. What it
/// gives is a number that DynamoDB can hold. Quicker than ParseDecimal, and enough for almost all
/// that there are. `readable`: so many bytes may be read from where the text begins; some more than
/// it has make it quicker still.
bool ParseShortDecimal(std::string_view text, size_t readable, ShortDecimal* number);

}  // namespace penstock
