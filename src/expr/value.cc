#include "expr/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace penstock::expr {

bool IsSecret(const Value& value) {
  const List* list = value.AsList();
  return value.secret || (list != nullptr && std::any_of(list->begin(), list->end(), IsSecret));
}

std::string_view KindName(const Value& value) {
  switch (value.data.index()) {
    case 0:
      return "a string";
    case 1:
      return "an integer";
    case 2:
      return "a double";
    case 3:
      return "a DateTime";
    case 4:
      return "a reference";
    case 5:
      return "a list";
  }
  CHECK(false, "value without a kind");
}

std::string ToText(const Value& value) {
  if (!value.spelling.empty()) return value.spelling;
  switch (value.data.index()) {
    case 0:
      return std::get<std::string>(value.data);
    case 1:
      return std::to_string(std::get<int64_t>(value.data));
    case 2:
      return JavaDoubleText(std::get<double>(value.data));
    case 3:
      return FormatDateTime(std::get<Instant>(value.data));
    case 4:
      return std::get<Reference>(value.data).id;
    case 5: {
      std::string text;
      for (const Value& element : std::get<List>(value.data)) {
        if (&element != &std::get<List>(value.data).front()) text += ", ";
        text += ToText(element);
      }
      return text;
    }
  }
  CHECK(false, "value without a kind");
}

// Double.toString (Java 19 and later): the shortest digits that read back; plain between 10^-3 and
// 10^7, else one digit before the point and an exponent.
std::string JavaDoubleText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number),
                                    std::chars_format::scientific);
  CHECK(error == std::errc());
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  size_t e = text.find('e');
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c != '.') digits += c;
  }
  std::string_view power = text.substr(e + 1);
  int exponent = 0;
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);

  std::string out = number < 0 ? "-" : "";
  if (exponent < -3 || exponent >= 7) {
    out += digits[0];
    out += '.';
    out += digits.size() > 1 ? digits.substr(1) : "0";
    return out + "E" + std::to_string(exponent);
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  size_t whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() < whole) digits.resize(whole, '0');
  out += digits.substr(0, whole) + ".";
  return out + (digits.size() > whole ? digits.substr(whole) : "0");
}

}  // namespace penstock::expr
