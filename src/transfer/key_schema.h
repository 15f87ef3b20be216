// KeySchema: what makes an item of a table that item. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transfer/content_digest.h"
#include "transfer/item.h"

namespace penstock {

struct KeyAttribute {
  std::string name;
  AttributeType type = AttributeType::kS;  // S, N or B
  bool operator==(const KeyAttribute&) const = default;
};

/// One or two attributes: the partition key first. Value type.
struct KeySchema {
  std::vector<KeyAttribute> attributes;
  bool operator==(const KeySchema&) const = default;

  /// Why the item cannot be in a table with this key (absent, of another type, empty, too long), or
  /// nullopt.
  std::optional<std::string> Fault(const Item& item) const;
  /// Equal bytes exactly for equal keys, appended. REQUIRES: Fault(item) is nullopt.
  void AppendKey(const Item& item, ItemHasher& hasher, LineBuffer* out) const;
  /// The key as JSON, {"Id":{"N":"5"}}, for people.
  std::string Show(const Item& item) const;
  /// The name of the partition key if many items can have the same; else empty.
  std::string CollectionKey() const;
  /// "Id (N)", "Artist (S), Song (S)".
  std::string Describe() const;
};

}  // namespace penstock
