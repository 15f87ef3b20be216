#include "transfer/item.h"

namespace penstock {

std::string_view AttributeTypeName(AttributeType type) {
  switch (type) {
    case AttributeType::kS:
      return "S";
    case AttributeType::kN:
      return "N";
    case AttributeType::kB:
      return "B";
    case AttributeType::kSS:
      return "SS";
    case AttributeType::kNS:
      return "NS";
    case AttributeType::kBS:
      return "BS";
    case AttributeType::kM:
      return "M";
    case AttributeType::kL:
      return "L";
    case AttributeType::kBool:
      return "BOOL";
    case AttributeType::kNull:
      return "NULL";
  }
  return "?";
}

std::optional<AttributeType> ParseAttributeType(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(AttributeType::kNull); ++i) {
    AttributeType type = static_cast<AttributeType>(i);
    if (AttributeTypeName(type) == name) return type;
  }
  return std::nullopt;
}

const ItemNode* Item::Find(std::string_view name) const {
  if (nodes_.empty()) return nullptr;
  for (uint32_t i = 1; i < nodes_[0].end; i = nodes_[i].end) {
    if (nodes_[i].name == name) return &nodes_[i];
  }
  return nullptr;
}

}  // namespace penstock
