// GzipSource: the plain bytes behind a gzip file (several members in a row included), as a stream.
#pragma once

#include <memory>

#include "ports/http.h"

namespace penstock {

/// `bytes` itself, or what is in it if its first bytes are those of a gzip file. Other compressions
/// known by their first bytes (zstd, bzip2) are kInvalidArgument. A truncated or broken file fails
/// while it is read, with kCorrupt.
Result<std::unique_ptr<BodySource>> Decompressed(std::unique_ptr<BodySource> bytes);

}  // namespace penstock
