#include "local/dynamodb/stored_item.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/encoding.h"
#include "local/dynamodb/attribute_reader.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kChecksumSize = 4;

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::optional<uint64_t> ReadVarint(std::string_view& in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    unsigned char byte = static_cast<unsigned char>(in[0]);
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

uint32_t Checksum(std::string_view json) {
  return static_cast<uint32_t>(XXH3_64bits(json.data(), json.size()));
}

/// Reads exactly what attribute_value.cc's AppendJson writes. False: it is something else.
class StoredJsonReader {
 public:
  explicit StoredJsonReader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }

  bool ReadMembers(Item& item, int level) {
    if (level > kNestingMax || !Take('{')) return false;
    if (Take('}')) return true;
    do {
      Attribute& attribute = item.emplace_back();
      if (!ReadString(attribute.name) || !Take(':') || !ReadValue(attribute.value, level))
        return false;
    } while (Take(','));
    return Take('}');
  }

 private:
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool ReadString(std::string& out) {
    if (!Take('"')) return false;
    size_t start = at_;
    while (true) {
      size_t stop = text_.find_first_of("\"\\", at_);
      if (stop == std::string_view::npos) return false;
      if (text_[stop] == '"') {
        out.append(text_, start, stop - start);
        at_ = stop + 1;
        return true;
      }
      out.append(text_, start, stop - start);
      at_ = stop + 1;
      if (!ReadEscape(out)) return false;
      start = at_;
    }
  }

  bool ReadEscape(std::string& out) {
    if (at_ >= text_.size()) return false;
    switch (text_[at_++]) {
      case '"':
        out.push_back('"');
        return true;
      case '\\':
        out.push_back('\\');
        return true;
      case 'n':
        out.push_back('\n');
        return true;
      case 'r':
        out.push_back('\r');
        return true;
      case 't':
        out.push_back('\t');
        return true;
      case 'b':
        out.push_back('\b');
        return true;
      case 'f':
        out.push_back('\f');
        return true;
      case 'u': {
        auto byte = HexDecode(text_.substr(at_, 4));
        if (!byte || byte->size() != 2 || (*byte)[0] != 0) return false;
        out.push_back((*byte)[1]);
        at_ += 4;
        return true;
      }
      default:
        return false;
    }
  }

  bool ReadMember(AttributeType set_type, std::string& out) {
    if (set_type != AttributeType::kBinarySet && set_type != AttributeType::kBinary) {
      return ReadString(out);
    }
    std::string encoded;
    if (!ReadString(encoded)) return false;
    auto bytes = Base64Decode(encoded);
    if (!bytes) return false;
    out = std::move(*bytes);
    return true;
  }

  bool ReadValue(AttributeValue& value, int level) {
    if (!TakeWord("{\"")) return false;
    size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) return false;
    auto type = TypeFromName(text_.substr(at_, quote - at_));
    at_ = quote + 1;
    if (!type || !Take(':')) return false;
    value.type = *type;
    return ReadData(value, level) && Take('}');
  }

  bool ReadData(AttributeValue& value, int level) {
    switch (value.type) {
      case AttributeType::kString:
      case AttributeType::kNumber:
      case AttributeType::kBinary:
        return ReadMember(value.type, value.data.emplace<std::string>());
      case AttributeType::kBoolean: {
        bool is_true = TakeWord("true");
        value.data = is_true;
        return is_true || TakeWord("false");
      }
      case AttributeType::kNull:
        return TakeWord("true");
      case AttributeType::kStringSet:
      case AttributeType::kNumberSet:
      case AttributeType::kBinarySet: {
        auto& members = value.data.emplace<std::vector<std::string>>();
        if (!Take('[')) return false;
        do {
          if (!ReadMember(value.type, members.emplace_back())) return false;
        } while (Take(','));
        return Take(']');
      }
      case AttributeType::kList: {
        auto& elements = value.data.emplace<std::vector<AttributeValue>>();
        if (level >= kNestingMax || !Take('[')) return false;
        if (Take(']')) return true;
        do {
          if (!ReadValue(elements.emplace_back(), level + 1)) return false;
        } while (Take(','));
        return Take(']');
      }
      case AttributeType::kMap:
        return ReadMembers(value.data.emplace<Item>(), level + 1);
    }
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string EncodeStoredItem(const Item& item, std::string_view range_key) {
  std::string json;
  const ItemSizes sizes = SizesOf(item, range_key);
  json.reserve(2 * sizes.billed());  // what names and short values take as JSON
  AppendJson(item, json);
  return EncodeStoredJson(json, sizes);
}

std::string EncodeStoredJson(std::string_view json, const ItemSizes& sizes) {
  constexpr size_t kHeaderMax = 24;
  std::string value;
  value.reserve(kHeaderMax + json.size());
  AppendVarint(sizes.billed(), value);
  AppendVarint(sizes.page(), value);
  const uint32_t checksum = Checksum(json);
  for (size_t i = 0; i < kChecksumSize; ++i)
    value.push_back(static_cast<char>(checksum >> (8 * i)));
  value += json;
  return value;
}

Result<StoredItem> DecodeStoredItem(std::string_view value) {
  auto item_size = ReadVarint(value);
  auto page_size = ReadVarint(value);
  if (!item_size || !page_size || value.size() < kChecksumSize)
    return Corrupt("a stored item has no header");
  uint32_t checksum = 0;
  for (size_t i = 0; i < kChecksumSize; ++i) {
    checksum |= static_cast<uint32_t>(static_cast<unsigned char>(value[i])) << (8 * i);
  }
  value.remove_prefix(kChecksumSize);
  if (checksum != Checksum(value)) return Corrupt("a stored item does not match its checksum");
  return StoredItem{*item_size, *page_size, value};
}

Result<Item> ParseStoredJson(std::string_view json) {
  StoredJsonReader reader(json);
  Item item;
  if (!reader.ReadMembers(item, 0) || !reader.AtEnd())
    return Corrupt("a stored item is not readable");
  return item;
}

}  // namespace penstock::dynamodb
