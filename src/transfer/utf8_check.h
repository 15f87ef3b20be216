// Whether bytes are UTF-8, at many gigabytes a second (simdjson's validator, kept out of
// everybody's headers). Pure.
#pragma once

#include <string_view>

namespace penstock {

bool IsUtf8(std::string_view bytes);

}  // namespace penstock
