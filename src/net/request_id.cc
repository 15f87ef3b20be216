#include "net/request_id.h"

#include <fmt/core.h>

namespace penstock {

std::string MakeRequestId(Random& random) {
  uint64_t high = (random.Next() & ~uint64_t{0xF000}) | 0x4000;               // version
  uint64_t low = (random.Next() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;  // variant
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFF);
}

}  // namespace penstock
