#include "transfer/json_string.h"

#include "base/byte_copy.h"
#include "json/byte_scan.h"

namespace penstock {
namespace {

char* PutEscape(unsigned char c, char* out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      return CopyBytes("\\\"", out);
    case '\\':
      return CopyBytes("\\\\", out);
    case '\t':
      return CopyBytes("\\t", out);
    case '\b':
      return CopyBytes("\\b", out);
    case '\n':
      return CopyBytes("\\n", out);
    case '\r':
      return CopyBytes("\\r", out);
    case '\f':
      return CopyBytes("\\f", out);
    default:
      out = CopyBytes("\\u00", out);
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
      return CopyBytes({at, static_cast<size_t>(end - at)}, out);
    out = CopyBytes({at, static_cast<size_t>(lead - at)}, out);
    bool separator = lead[1] == '\x80' && (lead[2] == '\xA8' || lead[2] == '\xA9');
    out = separator ? CopyBytes(lead[2] == '\xA8' ? "\\u2028" : "\\u2029", out)
                    : CopyBytes({lead, 3}, out);
    at = lead + 3;
  }
}

}  // namespace

char* PutEscapedText(std::string_view text, char* out) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    bool ascii = true;
    const char* special = FindStringSpecial(at, end, &ascii);
    out = ascii ? CopyBytes({at, static_cast<size_t>(special - at)}, out)
                : PutSeparatorsEscaped(at, special, out);
    if (special == end) return out;
    out = PutEscape(static_cast<unsigned char>(*special), out);
    at = special + 1;
  }
}

void AppendJsonString(std::string_view text, LineBuffer* out) {
  out->AdvanceTo(
      PutJsonString(text, /*is_plain=*/false, out->Reserve(JsonStringRoom(text.size()))));
}

}  // namespace penstock
