// Item: one DynamoDB item as a flat list of nodes over the bytes it was read from. Nothing is
// copied and, once the list has its size, nothing is allocated: reading a million items reuses one
// Item. (No tree: sixty nodes a microsecond do not allow for one.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "transfer/decimal.h"

namespace penstock {

enum class AttributeType : uint8_t { kS, kN, kB, kSS, kNS, kBS, kM, kL, kBool, kNull };

/// The tag on DynamoDB's wire: "S", "SS", "BOOL" …
std::string_view AttributeTypeName(AttributeType type);
std::optional<AttributeType> ParseAttributeType(std::string_view name);

/// One value; its descendants (list elements, map members, set members) follow it in the list.
struct ItemNode {
  std::string_view name;  // of an attribute or map member, decoded UTF-8; empty in lists and sets
  std::string_view text;  // S: decoded UTF-8; N: as it was spelled; B: base64; else empty
  uint32_t end = 0;       // index of the first node that is not a descendant
  uint32_t count = 0;     // of members or elements
  uint32_t stored_size = 0;  // what it counts in a table, without its name and what it holds
  ShortDecimal number;       // N: its digits in `text`, if
  bool number_is_short = false;
  AttributeType type = AttributeType::kNull;
  bool truth = false;  // of a BOOL
  bool name_is_plain =
      false;  // ASCII and nothing in it needs escaping: may be copied into JSON as it is
  bool text_is_plain = false;
};

/// Reused for item after item: ItemReader fills it. Views point into the text that was read (which
/// must outlive their use) and into `decoded`. One thread at a time.
class Item {
 public:
  /// Node 0 is the item itself, a map without name.
  const ItemNode& root() const { return nodes_[0]; }
  const ItemNode& node(uint32_t index) const { return nodes_[index]; }
  size_t size() const { return size_; }
  /// All names and texts together have no more bytes.
  size_t text_size_max() const { return text_size_max_; }

  /// The top-level attribute of that name, or nullptr.
  const ItemNode* Find(std::string_view name) const;

 private:
  friend class ItemReader;

  /// A new last node, as yet empty. References to others end.
  ItemNode& AddNode() {
    if (size_ == nodes_.size()) nodes_.resize(2 * size_ + 64);
    // In place: a node that is made elsewhere and copied is read back before it is written.
    return *std::construct_at(&nodes_[size_++]);
  }

  std::vector<ItemNode> nodes_;  // the first size_ are the item's; the others wait for a longer one
  size_t size_ = 0;
  size_t text_size_max_ = 0;
  std::unique_ptr<char[]> decoded_;  // strings that had escapes, decoded
  size_t decoded_capacity_ = 0;
};

}  // namespace penstock
