// ContentDigest: what a set of items contains, whatever their order, layout and spelling: the sum
// modulo 2^128 of a hash of each item's canonical form. Equal sums over a table, over an export's
// files and over a later scan prove that nothing was lost, added twice or changed.
// docs/internals/digest.md defines it byte by byte. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/item.h"
#include "transfer/line_buffer.h"

namespace penstock {

/// A sum of item hashes. Value type; starts at "no items".
struct ContentDigest {
  uint64_t high = 0, low = 0;

  void Add(const ContentDigest& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
  }
  bool operator==(const ContentDigest&) const = default;
  auto operator<=>(const ContentDigest&) const = default;
};

/// "xxh3-128-sum:" and 32 lower-case hex digits, the highest first.
std::string FormatDigest(const ContentDigest& digest);
std::optional<ContentDigest> ParseDigest(std::string_view text);

/// Hashes items. One thread at a time; keeps its memory between items.
class ItemHasher {
 public:
  /// The hash of one item: the digest of a set with only that item.
  ContentDigest Hash(const Item& item);
  /// The canonical form of one value, appended: equal bytes exactly for equal values. For keys.
  void AppendCanonical(const Item& item, const ItemNode& node, LineBuffer* out);

 private:
  /// Of a map being sorted.
  struct Member {
    uint64_t prefix;  // of its name
    uint32_t index;   // of its node
  };

  /// Bounds the size of a node's canonical form with all below it. The others write there.
  static size_t Room(const Item& item, uint32_t index);
  char* Map(const Item& item, uint32_t index, char* out);
  char* Value(const Item& item, uint32_t index, char* out);
  char* Set(const Item& item, uint32_t index, char* out);

  /// As Map, for the item itself, whose names are mostly those of the item before.
  char* Root(const Item& item, char* out);

  LineBuffer canonical_;
  std::vector<Member> members_;
  std::vector<std::string> names_;          // of the last item's attributes,
  std::vector<uint32_t> order_;             // and their places, sorted
  std::vector<uint32_t> indexes_;           // of this item's attributes
  std::vector<std::string_view> contents_;  // of a set being sorted
  std::vector<std::string> decoded_;        // what contents_ looks at if not the item itself
};

}  // namespace penstock
