#include "transfer/content_digest.h"

#include <xxhash.h>

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"
#include "transfer/decimal.h"

namespace penstock {
namespace {

constexpr std::string_view kScheme = "xxh3-128-sum:";

void AppendSize(size_t size, LineBuffer* out) {
  char* p = out->Reserve(4);
  for (int i = 0; i < 4; ++i) p[i] = static_cast<char>(size >> (8 * i));
  out->Advance(4);
}

void AppendBytes(std::string_view bytes, LineBuffer* out) {
  AppendSize(bytes.size(), out);
  out->Append(bytes);
}

void AppendNumber(std::string_view text, LineBuffer* out) {
  std::optional<Decimal> number = ParseDecimal(text);
  CHECK(number.has_value(), "an item holds the unread number {}", text);
  out->Append(number->negative ? '-' : '+');
  AppendSize(static_cast<uint32_t>(number->exponent), out);
  AppendBytes(number->text(), out);
}

/// What a set's member is sorted by, and what follows its length.
std::string MemberContent(const ItemNode& member) {
  switch (member.type) {
    case AttributeType::kB:
      return *Base64Decode(member.text);
    case AttributeType::kN: {
      LineBuffer number;
      AppendNumber(member.text, &number);
      return std::string(number.view());
    }
    default:
      return std::string(member.text);
  }
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
  Map(item, 0, &canonical_);
  XXH128_hash_t hash = XXH3_128bits(canonical_.view().data(), canonical_.size());
  return {hash.high64, hash.low64};
}

void ItemHasher::AppendCanonical(const Item& item, const ItemNode& node, LineBuffer* out) {
  Value(item, static_cast<uint32_t>(&node - &item.root()), out);
}

void ItemHasher::Map(const Item& item, uint32_t index, LineBuffer* out) {
  const ItemNode& map = item.node(index);
  out->Append('M');
  AppendSize(map.count, out);
  size_t first = order_.size();
  for (uint32_t i = index + 1; i < map.end; i = item.node(i).end) order_.push_back(i);
  std::sort(order_.begin() + static_cast<ptrdiff_t>(first), order_.end(),
            [&](uint32_t a, uint32_t b) { return item.node(a).name < item.node(b).name; });
  for (size_t k = first; k < first + map.count; ++k) {
    AppendBytes(item.node(order_[k]).name, out);
    Value(item, order_[k], out);
  }
  order_.resize(first);
}

void ItemHasher::Value(const Item& item, uint32_t index, LineBuffer* out) {
  const ItemNode& node = item.node(index);
  switch (node.type) {
    case AttributeType::kS:
      out->Append('S');
      AppendBytes(node.text, out);
      break;
    case AttributeType::kN:
      out->Append('N');
      AppendNumber(node.text, out);
      break;
    case AttributeType::kB:
      out->Append('B');
      AppendBytes(*Base64Decode(node.text), out);
      break;
    case AttributeType::kSS:
    case AttributeType::kNS:
    case AttributeType::kBS:
      Set(item, index, out);
      break;
    case AttributeType::kM:
      Map(item, index, out);
      break;
    case AttributeType::kL:
      out->Append('L');
      AppendSize(node.count, out);
      for (uint32_t i = index + 1; i < node.end; i = item.node(i).end) Value(item, i, out);
      break;
    case AttributeType::kBool:
      out->Append(node.truth ? 'T' : 'F');
      break;
    case AttributeType::kNull:
      out->Append('0');
      break;
  }
}

void ItemHasher::Set(const Item& item, uint32_t index, LineBuffer* out) {
  const ItemNode& node = item.node(index);
  out->Append(node.type == AttributeType::kSS ? 's' : node.type == AttributeType::kNS ? 'n' : 'b');
  AppendSize(node.count, out);
  members_.clear();
  for (uint32_t i = index + 1; i < node.end; ++i) members_.push_back(MemberContent(item.node(i)));
  std::sort(members_.begin(), members_.end());
  for (const std::string& member : members_) AppendBytes(member, out);
}

}  // namespace penstock
