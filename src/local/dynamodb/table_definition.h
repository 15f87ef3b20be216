// What a table is, as far as it is kept: its schema and settings. Items and counts are elsewhere
// (item_transaction.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "local/dynamodb/key_codec.h"
#include "time/instant.h"

namespace penstock::dynamodb {

struct Throughput {
  int64_t read = 0, write = 0;  // units per second; both 0 on demand
  bool operator==(const Throughput&) const = default;
};

enum class ProjectionType : uint8_t { kAll, kKeysOnly, kInclude };
std::string_view ProjectionTypeName(ProjectionType type);  // "ALL", "KEYS_ONLY", "INCLUDE"

/// A secondary index. Value type.
struct IndexDefinition {
  std::string name;
  bool global = false;
  KeyLayout layout;  // the index's own keys, then the table's remaining ones
  ProjectionType projection = ProjectionType::kAll;
  std::vector<std::string> included;  // NonKeyAttributes
  Throughput throughput;              // global, provisioned
  size_t own_keys() const { return layout.has_range ? 2 : 1; }
  bool Projects(std::string_view attribute) const;
  /// What the index holds of an item.
  Item Project(const Item& item) const;
};

/// Value type.
struct TableDefinition {
  std::string account, region;  // region as in the first caller's signature
  std::string name;
  std::string id;  // UUID
  Instant created_at{};
  KeyLayout layout;
  std::vector<KeyAttribute> attributes;  // AttributeDefinitions, in their order
  std::vector<IndexDefinition> indexes;  // local ones first

  bool on_demand = false;
  Throughput throughput;
  std::optional<Instant> increased_at{}, decreased_at{}, on_demand_since{};
  int decreases = 0;  // on the day of decreased_at
  bool deletion_protection = false;
  std::string table_class;  // empty: never said

  std::vector<std::pair<std::string, std::string>> tags;
  std::string ttl_attribute;  // empty: time to live is off

  const IndexDefinition* FindIndex(std::string_view index) const;
  /// arn:aws:dynamodb:REGION:ACCOUNT:table/NAME
  std::string Arn(std::string_view region_shown) const;
  /// NumberOfDecreasesToday.
  int DecreasesOn(Instant now) const;
};

/// The form in which definitions are kept.
std::string EncodeDefinition(const TableDefinition& definition);
Result<TableDefinition> DecodeDefinition(std::string_view text);

}  // namespace penstock::dynamodb
