#include "transfer/key_schema.h"

#include "json/json.h"
#include "transfer/item_writer.h"

namespace penstock {
namespace {

constexpr size_t kPartitionKeySizeMax = 2048;
constexpr size_t kSortKeySizeMax = 1024;

}  // namespace

std::optional<std::string> KeySchema::Fault(const Item& item) const {
  for (size_t i = 0; i < attributes.size(); ++i) {
    const KeyAttribute& key = attributes[i];
    const ItemNode* node = item.Find(key.name);
    if (node == nullptr)
      return fmt::format("the item has no attribute {}, which is the table's key", key.name);
    if (node->type != key.type) {
      return fmt::format("the key attribute {} is of type {}, the table's is {}", key.name,
                         AttributeTypeName(node->type), AttributeTypeName(key.type));
    }
    if (key.type == AttributeType::kN) continue;
    const size_t size = node->stored_size;
    size_t size_max = i == 0 ? kPartitionKeySizeMax : kSortKeySizeMax;
    if (size == 0) return fmt::format("the key attribute {} is empty", key.name);
    if (size > size_max) {
      return fmt::format("the key attribute {} has {} bytes; DynamoDB takes {}", key.name, size,
                         size_max);
    }
  }
  return std::nullopt;
}

void KeySchema::AppendKey(const Item& item, ItemHasher& hasher, LineBuffer* out) const {
  for (const KeyAttribute& key : attributes)
    hasher.AppendCanonical(item, *item.Find(key.name), out);
}

std::string KeySchema::Show(const Item& item) const {
  LineBuffer text;
  text.Append('{');
  for (const KeyAttribute& key : attributes) {
    if (text.size() > 1) text.Append(',');
    text.Append(json::Quote(key.name));
    text.Append(':');
    if (const ItemNode* node = item.Find(key.name)) {
      ItemWriter::AppendWireValue(item, *node, &text);
    } else {
      text.Append("null");
    }
  }
  text.Append('}');
  return std::string(text.view());
}

std::string KeySchema::CollectionKey() const {
  return attributes.size() > 1 ? attributes[0].name : "";
}

std::string KeySchema::Describe() const {
  std::string text;
  for (const KeyAttribute& key : attributes) {
    text +=
        fmt::format("{}{} ({})", text.empty() ? "" : ", ", key.name, AttributeTypeName(key.type));
  }
  return text;
}

}  // namespace penstock
