#include "runner/wire_text.h"

#include <cstdint>

namespace penstock {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the well-formed character at the front (Unicode 15, table 3-7); 0 if there is none.
size_t CharacterLength(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto in = [&](size_t i, unsigned least, unsigned most) {
    return byte(i) >= least && byte(i) <= most;
  };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return in(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    unsigned least = first == 0xE0 ? 0xA0 : 0x80, most = first == 0xED ? 0x9F : 0xBF;
    return in(1, least, most) && in(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    unsigned least = first == 0xF0 ? 0x90 : 0x80, most = first == 0xF4 ? 0x8F : 0xBF;
    return in(1, least, most) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool IsAllowed(std::string_view character) {
  unsigned char first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1)
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  return character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";  // U+FFFE and U+FFFF
}

}  // namespace

std::string WireText(std::string_view text, size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    size_t length = CharacterLength(text);
    std::string_view character = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(character.size());
    if (length == 0 || !IsAllowed(character)) character = kReplacement;
    if (out.size() + character.size() > bytes_max) break;
    out += character;
  }
  return out;
}

}  // namespace penstock
