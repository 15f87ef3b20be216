#include "transfer/record_reader.h"

#include "transfer/item_size.h"

namespace penstock {

LineKind RecordReader::CheckSize(const Item& item) {
  uint64_t size = ItemSize(item);
  if (size > kItemSizeMax)
    return Bad(0, fmt::format("the item has {} bytes; DynamoDB takes {}", size, kItemSizeMax));
  return LineKind::kItem;
}

}  // namespace penstock
