#include "transfer/item_size.h"

#include <algorithm>

#include "base/encoding.h"
#include "transfer/decimal.h"

namespace penstock {
namespace {

uint64_t OwnSize(const ItemNode& node) {
  switch (node.type) {
    case AttributeType::kS:
      return node.text.size();
    case AttributeType::kN:
      return ParseDecimal(node.text).value_or(Decimal{}).StoredSize();
    case AttributeType::kB:
      return Base64DecodedSize(node.text).value_or(0);
    case AttributeType::kSS:
    case AttributeType::kNS:
    case AttributeType::kBS:
      return 0;
    case AttributeType::kM:
    case AttributeType::kL:
      return 3 + uint64_t{node.count};
    case AttributeType::kBool:
    case AttributeType::kNull:
      return 1;
  }
  return 0;
}

}  // namespace

uint64_t ItemSize(const Item& item) {
  uint64_t size = 0;
  for (uint32_t i = 1; i < item.size(); ++i)
    size += item.node(i).name.size() + OwnSize(item.node(i));
  return size;
}

double WriteUnits(uint64_t size_bytes) {
  return static_cast<double>(std::max<uint64_t>(1, (size_bytes + 1023) / 1024));
}

}  // namespace penstock
