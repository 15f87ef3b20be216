#include "transfer/json_string.h"

#include "transfer/byte_scan.h"

namespace penstock {
namespace {

char* PutBytes(std::string_view bytes, char* out) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

char* PutEscape(unsigned char c, char* out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      return PutBytes("\\\"", out);
    case '\\':
      return PutBytes("\\\\", out);
    case '\t':
      return PutBytes("\\t", out);
    case '\b':
      return PutBytes("\\b", out);
    case '\n':
      return PutBytes("\\n", out);
    case '\r':
      return PutBytes("\\r", out);
    case '\f':
      return PutBytes("\\f", out);
    default:
      out = PutBytes("\\u00", out);
      *out++ = kHex[c >> 4];
      *out++ = kHex[c & 15];
      return out;
  }
}

/// Copies text without quotes, backslashes and control characters, escaping the two separators.
char* PutSeparatorsEscaped(const char* at, const char* end, char* out) {
  while (true) {
    const char* lead =
        static_cast<const char*>(std::memchr(at, '\xE2', static_cast<size_t>(end - at)));
    if (lead == nullptr || end - lead < 3)
      return PutBytes({at, static_cast<size_t>(end - at)}, out);
    out = PutBytes({at, static_cast<size_t>(lead - at)}, out);
    bool separator = lead[1] == '\x80' && (lead[2] == '\xA8' || lead[2] == '\xA9');
    out = separator ? PutBytes(lead[2] == '\xA8' ? "\\u2028" : "\\u2029", out)
                    : PutBytes({lead, 3}, out);
    at = lead + 3;
  }
}

}  // namespace

char* PutJsonString(std::string_view text, bool is_plain, char* out) {
  *out++ = '"';
  if (is_plain) {
    out = PutBytes(text, out);
  } else {
    const char* at = text.data();
    const char* end = at + text.size();
    while (true) {
      bool ascii = true;
      const char* special = FindStringSpecial(at, end, &ascii);
      out = ascii ? PutBytes({at, static_cast<size_t>(special - at)}, out)
                  : PutSeparatorsEscaped(at, special, out);
      if (special == end) break;
      out = PutEscape(static_cast<unsigned char>(*special), out);
      at = special + 1;
    }
  }
  *out++ = '"';
  return out;
}

void AppendJsonString(std::string_view text, LineBuffer* out) {
  out->AdvanceTo(
      PutJsonString(text, /*is_plain=*/false, out->Reserve(JsonStringRoom(text.size()))));
}

}  // namespace penstock
