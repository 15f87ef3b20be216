// JSON strings being written, as the EMR connector writes them: " \ TAB BS LF CR FF have their
// short escapes, other control characters and U+2028, U+2029 are \u00xx in lower-case hex,
// everything else is raw UTF-8 (no HTML escaping). Pure.
#pragma once

#include <string_view>

#include "base/byte_copy.h"
#include "transfer/line_buffer.h"

namespace penstock {

/// The most bytes that PutJsonString writes for a text of that size.
constexpr size_t JsonStringRoom(size_t size) { return 6 * size + 2; }

/// Writes `text`, valid UTF-8, with its escapes but without quotes; the end of it.
char* PutEscapedText(std::string_view text, char* out);

/// Writes `text`, valid UTF-8, quoted, at `out`; the end of it. `is_plain`: it is ASCII and nothing
/// in it needs escaping.
inline char* PutJsonString(std::string_view text, bool is_plain, char* out) {
  *out++ = '"';
  out = is_plain ? CopyBytes(text, out) : PutEscapedText(text, out);
  *out++ = '"';
  return out;
}

/// The same, appended.
void AppendJsonString(std::string_view text, LineBuffer* out);

}  // namespace penstock
