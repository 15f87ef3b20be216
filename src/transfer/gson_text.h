// What Gson's lenient parser takes for JSON, which the EMR connector's import therefore took too,
// as JSON. For lines that were edited or written by hand. Pure. Source:
// com.google.gson.stream.JsonReader, setLenient.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// `text`, one value in Gson's lenient grammar, as strict JSON in `*json`: single-quoted and
/// unquoted strings quoted (true, false and null stay), = and => as :, ; as a comma, comments (# //
/// /* */) left out, control characters escaped, doubled commas refused. False: not even that.
/// REQUIRES: `text` is valid UTF-8.
bool RewriteGsonText(std::string_view text, std::string* json);

}  // namespace penstock
