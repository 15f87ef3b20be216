#include "transfer/content_digest.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/byte_copy.h"
#include "base/check.h"
#include "base/encoding.h"
#include "transfer/decimal.h"

namespace penstock {
namespace {

constexpr std::string_view kScheme = "xxh3-128-sum:";

/// The most that the canonical form of a node without its name and text takes: sizes, tag, sign and
/// exponent. What its text becomes is never longer than the text.
constexpr size_t kNodeRoom = 20;

char* PutSize(size_t size, char* out) {
  uint32_t bytes = static_cast<uint32_t>(size);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap32(bytes);
  std::memcpy(out, &bytes, sizeof bytes);
  return out + sizeof bytes;
}

char* PutBytes(std::string_view bytes, char* out) {
  return CopyBytes(bytes, PutSize(bytes.size(), out));
}

char* PutNumber(const ItemNode& node, char* out) {
  if (node.number_is_short) {
    const ShortDecimal& number = node.number;
    *out++ = number.negative ? '-' : '+';
    out = PutSize(static_cast<uint32_t>(number.exponent), out);
    out = PutSize(number.size(), out);
    out = CopyBytes({node.text.data() + number.head, number.head_size}, out);
    return CopyBytes({node.text.data() + number.tail, number.tail_size}, out);
  }
  std::optional<Decimal> number = ParseDecimal(node.text);
  CHECK(number.has_value(), "an item holds the unread number {}", node.text);
  *out++ = number->negative ? '-' : '+';
  out = PutSize(static_cast<uint32_t>(number->exponent), out);
  return PutBytes(number->text(), out);
}

/// What a set's member is sorted by, and what follows its length.
std::string MemberContent(const ItemNode& member) {
  if (member.type == AttributeType::kB) return *Base64Decode(member.text);
  std::string number(member.text.size() + kNodeRoom, '\0');
  number.resize(static_cast<size_t>(PutNumber(member, number.data()) - number.data()));
  return number;
}

/// The first eight bytes as a number that sorts like them.
uint64_t PrefixOf(std::string_view name) {
  char bytes[8] = {};
  CopyBytes(name.substr(0, 8), bytes);
  uint64_t prefix;
  std::memcpy(&prefix, bytes, 8);
  if constexpr (std::endian::native == std::endian::little) prefix = __builtin_bswap64(prefix);
  return prefix;
}

}  // namespace

std::string FormatDigest(const ContentDigest& digest) {
  return fmt::format("{}{:016x}{:016x}", kScheme, digest.high, digest.low);
}

std::optional<ContentDigest> ParseDigest(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  if (text.size() != 32) return std::nullopt;
  ContentDigest digest;
  for (size_t i = 0; i < 32; ++i) {
    char c = text[i];
    int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) return std::nullopt;
    uint64_t& half = i < 16 ? digest.high : digest.low;
    half = half << 4 | static_cast<uint64_t>(value);
  }
  return digest;
}

ContentDigest ItemHasher::Hash(const Item& item) {
  canonical_.Clear();
  char* begin = canonical_.Reserve(item.text_size_max() + item.size() * kNodeRoom);
  char* end = Root(item, begin);
  XXH128_hash_t hash = XXH3_128bits(begin, static_cast<size_t>(end - begin));
  return {hash.high64, hash.low64};
}

void ItemHasher::AppendCanonical(const Item& item, const ItemNode& node, LineBuffer* out) {
  uint32_t index = static_cast<uint32_t>(&node - &item.root());
  out->AdvanceTo(Value(item, index, out->Reserve(Room(item, index))));
}

size_t ItemHasher::Room(const Item& item, uint32_t index) {
  size_t room = 0;
  for (uint32_t i = index; i < item.node(index).end; ++i)
    room += item.node(i).name.size() + item.node(i).text.size() + kNodeRoom;
  return room;
}

char* ItemHasher::Root(const Item& item, char* out) {
  indexes_.clear();
  bool is_known = true;
  for (uint32_t i = 1; i < item.root().end; i = item.node(i).end) {
    const size_t place = indexes_.size();
    is_known = is_known && place < names_.size() && SameBytes(names_[place], item.node(i).name);
    indexes_.push_back(i);
  }
  if (!is_known || indexes_.size() != names_.size()) {
    names_.resize(indexes_.size());
    for (size_t i = 0; i < names_.size(); ++i) names_[i] = item.node(indexes_[i]).name;
    order_.resize(names_.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::sort(order_.begin(), order_.end(),
              [this](uint32_t a, uint32_t b) { return names_[a] < names_[b]; });
  }
  *out++ = 'M';
  out = PutSize(item.root().count, out);
  for (uint32_t place : order_) out = Value(item, indexes_[place], PutBytes(names_[place], out));
  return out;
}

char* ItemHasher::Map(const Item& item, uint32_t index, char* out) {
  const ItemNode& map = item.node(index);
  *out++ = 'M';
  out = PutSize(map.count, out);
  const size_t first = members_.size();
  for (uint32_t i = index + 1; i < map.end; i = item.node(i).end)
    members_.push_back({PrefixOf(item.node(i).name), i});
  std::sort(members_.begin() + static_cast<ptrdiff_t>(first), members_.end(),
            [&](const Member& a, const Member& b) {
              if (a.prefix != b.prefix) return a.prefix < b.prefix;
              return item.node(a.index).name < item.node(b.index).name;
            });
  for (size_t k = first; k < first + map.count; ++k) {
    const uint32_t member = members_[k].index;
    out = Value(item, member, PutBytes(item.node(member).name, out));
  }
  members_.resize(first);
  return out;
}

char* ItemHasher::Value(const Item& item, uint32_t index, char* out) {
  const ItemNode& node = item.node(index);
  switch (node.type) {
    case AttributeType::kS:
      *out++ = 'S';
      return PutBytes(node.text, out);
    case AttributeType::kN:
      *out++ = 'N';
      return PutNumber(node, out);
    case AttributeType::kB:
      *out++ = 'B';
      out = PutSize(node.stored_size, out);
      return DecodeBase64(node.text, out);
    case AttributeType::kSS:
    case AttributeType::kNS:
    case AttributeType::kBS:
      return Set(item, index, out);
    case AttributeType::kM:
      return Map(item, index, out);
    case AttributeType::kL:
      *out++ = 'L';
      out = PutSize(node.count, out);
      for (uint32_t i = index + 1; i < node.end; i = item.node(i).end) out = Value(item, i, out);
      return out;
    case AttributeType::kBool:
      *out++ = node.truth ? 'T' : 'F';
      return out;
    case AttributeType::kNull:
      *out++ = '0';
      return out;
  }
  return out;
}

char* ItemHasher::Set(const Item& item, uint32_t index, char* out) {
  const ItemNode& node = item.node(index);
  *out++ = node.type == AttributeType::kSS ? 's' : node.type == AttributeType::kNS ? 'n' : 'b';
  out = PutSize(node.count, out);
  contents_.clear();
  decoded_.clear();
  decoded_.reserve(node.count);  // contents_ looks into it
  for (uint32_t i = index + 1; i < node.end; ++i) {
    if (node.type == AttributeType::kSS) {
      contents_.push_back(item.node(i).text);
    } else {
      contents_.push_back(decoded_.emplace_back(MemberContent(item.node(i))));
    }
  }
  std::sort(contents_.begin(), contents_.end());
  for (std::string_view content : contents_) out = PutBytes(content, out);
  return out;
}

}  // namespace penstock
