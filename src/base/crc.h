// Cyclic redundancy checks: what bytes are compared by where nobody wants to deceive. Each may be
// run over parts: start with 0 and feed the former result back in. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

uint32_t Crc32(std::string_view bytes, uint32_t crc = 0);   // ISO-HDLC, as in zlib
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);  // Castagnoli
uint64_t Crc64Nvme(std::string_view bytes, uint64_t crc = 0);

}  // namespace penstock
