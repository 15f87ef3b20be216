// Any bytes as text that the Data Pipeline API takes. Commands print what they like; a report that
// the service refuses for a stray byte would leave the attempt without a result.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// `text` as valid UTF-8 without the characters that the API's strings must not have (API
/// 2012-10-29:
/// [\u0020-\uD7FF\uE000-\uFFFD\r\n\t] and the higher planes), each replaced by U+FFFD; at most
/// `bytes_max` bytes of it, cut between characters. Pure.
std::string WireText(std::string_view text, size_t bytes_max);

}  // namespace penstock
