#include "transfer/utf8_check.h"

#include <simdjson.h>

namespace penstock {

bool IsUtf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

}  // namespace penstock
