#include "local/dynamodb/table_definition.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::dynamodb {

namespace {

// {"v":1, …}: one JSON object for each table; members added later must be optional.

json::Value EncodeLayout(const KeyLayout& layout) {
  json::Array parts;
  for (const KeyAttribute& part : layout.parts) {
    parts.push_back(json::Array{json::Value(part.name), json::Value(TypeName(part.type))});
  }
  return json::Object{
      {"serial", layout.serial}, {"parts", std::move(parts)}, {"range", layout.has_range}};
}

Result<std::vector<KeyAttribute>> DecodeParts(const json::Array& array) {
  std::vector<KeyAttribute> parts;
  for (const json::Value& element : array) {
    const json::Array* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() ||
        !pair->at(1).is_string()) {
      return Corrupt("a table's keys are not readable");
    }
    auto type = TypeFromName(std::string_view(pair->at(1).get_string()));
    if (!type) return Corrupt("a table's key has an unknown type");
    parts.push_back({std::string(pair->at(0).get_string()), *type});
  }
  return parts;
}

Result<KeyLayout> DecodeLayout(const json::Object& object) {
  KeyLayout layout;
  ASSIGN_OR_RETURN(int64_t serial, json::GetInt(object, "serial"));
  layout.serial = static_cast<uint64_t>(serial);
  ASSIGN_OR_RETURN(const json::Array* parts, json::GetArray(object, "parts"));
  ASSIGN_OR_RETURN(layout.parts, DecodeParts(*parts));
  ASSIGN_OR_RETURN(layout.has_range, json::GetBool(object, "range"));
  if (layout.parts.empty() || (layout.has_range && layout.parts.size() < 2)) {
    return Corrupt("a table has no keys");
  }
  return layout;
}

json::Value EncodeIndex(const IndexDefinition& index) {
  json::Array included;
  for (const std::string& name : index.included) included.emplace_back(name);
  return json::Object{{"name", index.name},
                      {"global", index.global},
                      {"layout", EncodeLayout(index.layout)},
                      {"projection", ProjectionTypeName(index.projection)},
                      {"included", std::move(included)},
                      {"read", index.throughput.read},
                      {"write", index.throughput.write}};
}

Result<IndexDefinition> DecodeIndex(const json::Object& object) {
  IndexDefinition index;
  ASSIGN_OR_RETURN(index.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(index.global, json::GetBool(object, "global"));
  ASSIGN_OR_RETURN(const json::Object* layout, json::GetObject(object, "layout"));
  ASSIGN_OR_RETURN(index.layout, DecodeLayout(*layout));
  ASSIGN_OR_RETURN(std::string projection, json::GetString(object, "projection"));
  for (ProjectionType type :
       {ProjectionType::kAll, ProjectionType::kKeysOnly, ProjectionType::kInclude}) {
    if (ProjectionTypeName(type) == projection) index.projection = type;
  }
  ASSIGN_OR_RETURN(const json::Array* included, json::GetArray(object, "included"));
  for (const json::Value& name : *included) {
    if (name.is_string()) index.included.emplace_back(name.get_string());
  }
  ASSIGN_OR_RETURN(index.throughput.read, json::GetInt(object, "read"));
  ASSIGN_OR_RETURN(index.throughput.write, json::GetInt(object, "write"));
  return index;
}

void PutInstant(json::Object& object, std::string_view name,
                const std::optional<Instant>& instant) {
  if (instant) object[name] = instant->time_since_epoch().count();
}

Result<std::optional<Instant>> GetInstant(const json::Object& object, std::string_view name) {
  ASSIGN_OR_RETURN(std::optional<int64_t> milliseconds, json::OptionalInt(object, name));
  if (!milliseconds) return std::optional<Instant>();
  return std::optional<Instant>(Instant(Duration(*milliseconds)));
}

}  // namespace

std::string_view ProjectionTypeName(ProjectionType type) {
  switch (type) {
    case ProjectionType::kAll:
      return "ALL";
    case ProjectionType::kKeysOnly:
      return "KEYS_ONLY";
    case ProjectionType::kInclude:
      return "INCLUDE";
  }
  return "";
}

bool IndexDefinition::Projects(std::string_view attribute) const {
  if (projection == ProjectionType::kAll) return true;
  for (const KeyAttribute& part : layout.parts) {
    if (part.name == attribute) return true;
  }
  return projection == ProjectionType::kInclude &&
         std::find(included.begin(), included.end(), attribute) != included.end();
}

Item IndexDefinition::Project(const Item& item) const {
  if (projection == ProjectionType::kAll) return item;
  Item kept;
  for (const Attribute& attribute : item) {
    if (Projects(attribute.name)) kept.push_back(attribute);
  }
  return kept;
}

const IndexDefinition* TableDefinition::FindIndex(std::string_view index) const {
  for (const IndexDefinition& known : indexes) {
    if (known.name == index) return &known;
  }
  return nullptr;
}

std::string TableDefinition::Arn(std::string_view region_shown) const {
  return fmt::format("arn:aws:dynamodb:{}:{}:table/{}", region_shown, account, name);
}

int TableDefinition::DecreasesOn(Instant now) const {
  if (!decreased_at) return 0;
  auto day = [](Instant instant) { return std::chrono::floor<std::chrono::days>(instant); };
  return day(*decreased_at) == day(now) ? decreases : 0;
}

std::string EncodeDefinition(const TableDefinition& definition) {
  json::Array attributes, indexes, tags;
  for (const KeyAttribute& attribute : definition.attributes) {
    attributes.push_back(
        json::Array{json::Value(attribute.name), json::Value(TypeName(attribute.type))});
  }
  for (const IndexDefinition& index : definition.indexes) indexes.push_back(EncodeIndex(index));
  for (const auto& [key, value] : definition.tags) {
    tags.push_back(json::Array{json::Value(key), json::Value(value)});
  }
  json::Object object{{"v", 1},
                      {"account", definition.account},
                      {"region", definition.region},
                      {"name", definition.name},
                      {"id", definition.id},
                      {"layout", EncodeLayout(definition.layout)},
                      {"attributes", std::move(attributes)},
                      {"indexes", std::move(indexes)},
                      {"onDemand", definition.on_demand},
                      {"read", definition.throughput.read},
                      {"write", definition.throughput.write},
                      {"decreases", definition.decreases},
                      {"deletionProtection", definition.deletion_protection},
                      {"tableClass", definition.table_class},
                      {"tags", std::move(tags)},
                      {"ttlAttribute", definition.ttl_attribute}};
  PutInstant(object, "createdAt", definition.created_at);
  PutInstant(object, "increasedAt", definition.increased_at);
  PutInstant(object, "decreasedAt", definition.decreased_at);
  PutInstant(object, "onDemandSince", definition.on_demand_since);
  return json::Write(object);
}

Result<TableDefinition> DecodeDefinition(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  TableDefinition definition;
  ASSIGN_OR_RETURN(definition.account, json::GetString(object, "account"));
  ASSIGN_OR_RETURN(definition.region, json::GetString(object, "region"));
  ASSIGN_OR_RETURN(definition.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(definition.id, json::GetString(object, "id"));
  ASSIGN_OR_RETURN(const json::Object* layout, json::GetObject(object, "layout"));
  ASSIGN_OR_RETURN(definition.layout, DecodeLayout(*layout));
  ASSIGN_OR_RETURN(const json::Array* attributes, json::GetArray(object, "attributes"));
  ASSIGN_OR_RETURN(definition.attributes, DecodeParts(*attributes));
  ASSIGN_OR_RETURN(const json::Array* indexes, json::GetArray(object, "indexes"));
  for (const json::Value& element : *indexes) {
    if (!element.is_object()) return Corrupt("a table's index is not readable");
    ASSIGN_OR_RETURN(IndexDefinition index, DecodeIndex(element.get_object()));
    definition.indexes.push_back(std::move(index));
  }
  ASSIGN_OR_RETURN(definition.on_demand, json::GetBool(object, "onDemand"));
  ASSIGN_OR_RETURN(definition.throughput.read, json::GetInt(object, "read"));
  ASSIGN_OR_RETURN(definition.throughput.write, json::GetInt(object, "write"));
  ASSIGN_OR_RETURN(int64_t decreases, json::GetInt(object, "decreases"));
  definition.decreases = static_cast<int>(decreases);
  ASSIGN_OR_RETURN(definition.deletion_protection, json::GetBool(object, "deletionProtection"));
  ASSIGN_OR_RETURN(definition.table_class, json::GetString(object, "tableClass"));
  ASSIGN_OR_RETURN(const json::Array* tags, json::GetArray(object, "tags"));
  for (const json::Value& element : *tags) {
    const json::Array* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() ||
        !pair->at(1).is_string()) {
      return Corrupt("a table's tags are not readable");
    }
    definition.tags.emplace_back(pair->at(0).get_string(), pair->at(1).get_string());
  }
  ASSIGN_OR_RETURN(definition.ttl_attribute, json::GetString(object, "ttlAttribute"));
  ASSIGN_OR_RETURN(auto created_at, GetInstant(object, "createdAt"));
  definition.created_at = created_at.value_or(Instant{});
  ASSIGN_OR_RETURN(definition.increased_at, GetInstant(object, "increasedAt"));
  ASSIGN_OR_RETURN(definition.decreased_at, GetInstant(object, "decreasedAt"));
  ASSIGN_OR_RETURN(definition.on_demand_since, GetInstant(object, "onDemandSince"));
  return definition;
}

}  // namespace penstock::dynamodb
