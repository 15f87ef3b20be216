#include "transfer/item_size.h"

#include <algorithm>

namespace penstock {
uint64_t ItemSize(const Item& item) {
  uint64_t size = 0;
  for (uint32_t i = 1; i < item.size(); ++i)
    size += item.node(i).name.size() + item.node(i).stored_size;
  return size;
}

double WriteUnits(uint64_t size_bytes) {
  return static_cast<double>(std::max<uint64_t>(1, (size_bytes + 1023) / 1024));
}

}  // namespace penstock
