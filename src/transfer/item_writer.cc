#include "transfer/item_writer.h"

#include <algorithm>

#include "transfer/json_string.h"

namespace penstock {

/// {"S": and the like, in room that is copied as a whole.
struct ItemTag {
  std::array<char, 16> bytes = {};
  uint8_t size = 0;

  template <size_t kSize>
  constexpr ItemTag(const char (&text)[kSize]) : size(kSize - 1) {  // NOLINT: tables read better so
    static_assert(kSize <= 17);
    for (size_t i = 0; i + 1 < kSize; ++i) bytes[i] = text[i];
  }
};

namespace {

using Tags = std::array<ItemTag, 10>;  // by AttributeType

constexpr Tags kWireTags = {"{\"S\":",  "{\"N\":", "{\"B\":", "{\"SS\":",   "{\"NS\":",
                            "{\"BS\":", "{\"M\":", "{\"L\":", "{\"BOOL\":", "{\"NULL\":"};
constexpr Tags kLineTags = {"{\"s\":",  "{\"n\":", "{\"b\":", "{\"sS\":",   "{\"nS\":",
                            "{\"bS\":", "{\"m\":", "{\"l\":", "{\"bOOL\":", "{\"nULLValue\":"};
constexpr Tags kLineTagsNull = {"{\"s\":",  "{\"n\":", "{\"b\":", "{\"sS\":",   "{\"nS\":",
                                "{\"bS\":", "{\"m\":", "{\"l\":", "{\"bOOL\":", "{\"nULL\":"};

char* Put(const ItemTag& tag, char* out) {
  std::memcpy(out, tag.bytes.data(), tag.bytes.size());
  return out + tag.size;
}

/// The most that a node's own bytes can become, with the punctuation around and a tag's room.
size_t Room(const ItemNode& node) {
  return JsonStringRoom(node.name.size()) + JsonStringRoom(node.text.size()) + 44;
}

uint32_t IndexOf(const Item& item, const ItemNode& node) {
  return static_cast<uint32_t>(&node - &item.root());
}

}  // namespace

struct ItemEmitter {
  const Item& item;
  const Tags& tags;
  AttributeOrder order;
  ItemWriter* writer;  // null when the order is kServer
  LineBuffer* out;

  void Members(uint32_t parent) {
    const ItemNode& map = item.node(parent);
    if (order == AttributeOrder::kServer || map.count < 2) {
      for (uint32_t i = parent + 1; i < map.end; i = item.node(i).end) Member(i, i == parent + 1);
      return;
    }
    size_t first = Sort(parent, map);
    for (uint32_t k = 0; k < map.count; ++k) Member(writer->order_[first + k], k == 0);
    writer->order_.resize(first);
  }

  void Member(uint32_t index, bool first) {
    const ItemNode& node = item.node(index);
    char* p = out->Reserve(Room(node));
    if (!first) *p++ = ',';
    p = PutJsonString(node.name, node.name_is_plain, p);
    *p++ = ':';
    Value(index, node, p);
  }

  /// `p`: where to go on writing, in room reserved for this node.
  void Value(uint32_t index, const ItemNode& node, char* p) {
    p = Put(tags[static_cast<size_t>(node.type)], p);
    switch (node.type) {
      case AttributeType::kS:
      case AttributeType::kN:
      case AttributeType::kB:
        p = PutJsonString(node.text, node.text_is_plain, p);
        break;
      case AttributeType::kBool:
        p = CopyBytes(node.truth ? "true" : "false", p);
        break;
      case AttributeType::kNull:
        p = CopyBytes("true", p);
        break;
      case AttributeType::kSS:
      case AttributeType::kNS:
      case AttributeType::kBS:
        *p++ = '[';
        out->AdvanceTo(p);
        for (uint32_t i = index + 1; i < node.end; ++i) {
          const ItemNode& member = item.node(i);
          p = out->Reserve(Room(member));
          if (i != index + 1) *p++ = ',';
          out->AdvanceTo(PutJsonString(member.text, member.text_is_plain, p));
        }
        p = CopyBytes("]", out->Reserve(2));
        break;
      case AttributeType::kM:
        *p++ = '{';
        out->AdvanceTo(p);
        Members(index);
        p = CopyBytes("}", out->Reserve(2));
        break;
      case AttributeType::kL:
        *p++ = '[';
        out->AdvanceTo(p);
        for (uint32_t i = index + 1; i < node.end; i = item.node(i).end) {
          const ItemNode& element = item.node(i);
          p = out->Reserve(Room(element));
          if (i != index + 1) *p++ = ',';
          Value(i, element, p);
        }
        p = CopyBytes("]", out->Reserve(2));
        break;
    }
    *p++ = '}';
    out->AdvanceTo(p);
  }

  /// Appends the members of `parent` in order to writer->order_; where they begin.
  size_t Sort(uint32_t parent, const ItemNode& map) {
    std::vector<uint32_t>& indexes = writer->order_;
    size_t first = indexes.size();
    if (order == AttributeOrder::kSorted) {
      for (uint32_t i = parent + 1; i < map.end; i = item.node(i).end) indexes.push_back(i);
      std::sort(indexes.begin() + static_cast<ptrdiff_t>(first), indexes.end(),
                [&](uint32_t a, uint32_t b) { return item.node(a).name < item.node(b).name; });
      return first;
    }
    // java.util.HashMap: 16 buckets, doubled while more than three quarters full; inside a bucket,
    // order of insertion. Buckets of eight and more would be trees, which no sane table meets.
    uint32_t capacity = 16;
    while (map.count * 4 > capacity * 3) capacity *= 2;
    std::vector<uint64_t>& buckets = writer->buckets_;
    buckets.clear();
    for (uint32_t i = parent + 1; i < map.end; i = item.node(i).end) {
      uint32_t hash = JavaStringHash(item.node(i).name);
      buckets.push_back(static_cast<uint64_t>((hash ^ (hash >> 16)) & (capacity - 1)) << 32 | i);
    }
    std::sort(buckets.begin(), buckets.end());
    for (uint64_t bucket : buckets) indexes.push_back(static_cast<uint32_t>(bucket));
    return first;
  }
};

void ItemWriter::AppendLine(const Item& item, LineBuffer* out) {
  const Tags& tags = style_.null_tag == NullTag::kNullValue ? kLineTags : kLineTagsNull;
  out->Append('{');
  ItemEmitter{item, tags, style_.order, this, out}.Members(0);
  out->Append("}\n");
}

void ItemWriter::AppendWireInOrder(const Item& item, LineBuffer* out) {
  out->Append('{');
  ItemEmitter{item, kWireTags, style_.order, this, out}.Members(0);
  out->Append('}');
}

void ItemWriter::AppendWire(const Item& item, LineBuffer* out) {
  out->Append('{');
  ItemEmitter{item, kWireTags, AttributeOrder::kServer, nullptr, out}.Members(0);
  out->Append('}');
}

void ItemWriter::AppendWireValue(const Item& item, const ItemNode& node, LineBuffer* out) {
  ItemEmitter{item, kWireTags, AttributeOrder::kServer, nullptr, out}.Value(
      IndexOf(item, node), node, out->Reserve(Room(node)));
}

void ItemWriter::AppendWireMember(const Item& item, const ItemNode& node, LineBuffer* out) {
  ItemEmitter{item, kWireTags, AttributeOrder::kServer, nullptr, out}.Member(IndexOf(item, node),
                                                                             /*first=*/true);
}

uint32_t JavaStringHash(std::string_view utf8) {
  uint32_t hash = 0;
  for (size_t i = 0; i < utf8.size();) {
    unsigned char lead = static_cast<unsigned char>(utf8[i]);
    auto tail = [&](size_t k) {
      return i + k < utf8.size() ? static_cast<uint32_t>(utf8[i + k]) & 0x3F : 0;
    };
    if (lead < 0x80) {
      hash = 31 * hash + lead;
      i += 1;
    } else if (lead < 0xE0) {
      hash = 31 * hash + ((lead & 0x1FU) << 6 | tail(1));
      i += 2;
    } else if (lead < 0xF0) {
      hash = 31 * hash + ((lead & 0x0FU) << 12 | tail(1) << 6 | tail(2));
      i += 3;
    } else {
      uint32_t c = ((lead & 0x07U) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)) - 0x10000;
      hash = 31 * hash + (0xD800 + (c >> 10));
      hash = 31 * hash + (0xDC00 + (c & 0x3FF));
      i += 4;
    }
  }
  return hash;
}

}  // namespace penstock
