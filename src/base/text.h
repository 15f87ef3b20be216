// Small questions about ASCII text that several folders ask. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

std::string AsciiLower(std::string_view text);
std::string AsciiUpper(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
/// Without leading and trailing space, TAB, CR, LF, VT, FF.
std::string_view Trim(std::string_view text);
/// "a,,b" by ',' gives "a", "", "b"; "" gives one empty piece. Views into `text`.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& pieces, std::string_view separator);
/// The whole text as a decimal number, no sign for unsigned, no space; else nullopt.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);
/// The whole text as a finite decimal number; else nullopt.
std::optional<double> ParseDouble(std::string_view text);

}  // namespace penstock
