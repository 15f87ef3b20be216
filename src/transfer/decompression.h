// The plain text behind a compressed file, as a stream.
#pragma once

#include <memory>
#include <string_view>

#include "ports/http.h"

namespace penstock {

/// What `bytes` hold of the text: unpacked if they are gzip or zstd (members and frames in a row
/// included), else as they are. Decided by the first bytes; the end of `name` (".gz", ".zst") must
/// agree with them. kInvalidArgument: another compression, known by name or first bytes. A
/// truncated or broken file fails while it is read, with kCorrupt. An empty file is an empty text.
Result<std::unique_ptr<BodySource>> Decompressed(std::unique_ptr<BodySource> bytes,
                                                 std::string_view name);

}  // namespace penstock
