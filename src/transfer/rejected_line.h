// RejectedLine: a line of a dead-letter file, _penstock/rejected/<run id>.jsonl: what did not get
// through, where it stood, why, and all of it:
//   {"file":"…","line":5,"offset":400,"reason":"…","text":"…"}
// In the place of "text": "base64" for bytes that are no UTF-8; "item" for an item, as sent, that
// the table refused. Pure.
#pragma once

#include <string>
#include <string_view>

#include "transfer/transfer.h"

namespace penstock {

/// Of a line of a file. No newline at the end, nor in it.
std::string WriteRejectedLine(const Reject& reject, std::string_view text);
/// Of an item; `item`: JSON.
std::string WriteRejectedItem(const Reject& reject, std::string_view item);

/// What either says of the reject; kInvalidArgument: it is no such line.
Result<Reject> ParseRejectedLine(std::string_view line);

}  // namespace penstock
