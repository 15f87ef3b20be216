#include "local/dynamodb/table_request.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr int64_t kUnitsMax = 1'000'000'000'000;
constexpr size_t kLocalIndexesMax = 5;
constexpr size_t kGlobalIndexesMax = 20;
constexpr size_t kKeyNameBytesMax = 255;

struct KeyElement {
  std::string name;
  std::string type;  // "HASH", "RANGE"
};

std::vector<KeyElement> ReadKeySchema(const json::Object& object) {
  std::vector<KeyElement> elements;
  for (const json::Value& value : *FindArray(object, "KeySchema")) {
    if (!value.is_object()) continue;
    elements.push_back({std::string(StringOr(value.get_object(), "AttributeName", "")),
                        std::string(StringOr(value.get_object(), "KeyType", ""))});
  }
  return elements;
}

std::string Names(const std::vector<KeyElement>& keys) {
  std::vector<std::string> names;
  for (const KeyElement& key : keys) names.push_back(key.name);
  return fmt::format("[{}]", fmt::join(names, ", "));
}

std::string Names(const std::vector<KeyAttribute>& attributes) {
  std::vector<std::string> names;
  for (const KeyAttribute& attribute : attributes) names.push_back(attribute.name);
  return fmt::format("[{}]", fmt::join(names, ", "));
}

const KeyAttribute* Defined(const std::vector<KeyAttribute>& attributes, std::string_view name) {
  for (const KeyAttribute& attribute : attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

ApiResult<KeyLayout> ReadLayout(const std::vector<KeyElement>& keys,
                                const std::vector<KeyAttribute>& attributes) {
  KeyLayout layout;
  for (const KeyElement& key : keys) {
    const KeyAttribute* attribute = Defined(attributes, key.name);
    if (attribute == nullptr) {
      return InvalidParameterValues(fmt::format(
          "Some index key attributes are not defined in AttributeDefinitions. Keys: {}, "
          "AttributeDefinitions: {}",
          Names(keys), Names(attributes)));
    }
    if (key.name.empty() || key.name.size() > kKeyNameBytesMax) {
      return InvalidParameterValues(
          fmt::format("Size of a key attribute's name must be 1 to {} bytes: {}", kKeyNameBytesMax,
                      key.name.size()));
    }
    layout.parts.push_back(*attribute);
  }
  if (keys.empty()) return ValidationError("Invalid KeySchema: The KeySchema is empty");
  if (keys.size() > 1 && keys[0].name == keys[1].name) {
    return ValidationError(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name");
  }
  if (keys[0].type != "HASH") {
    return ValidationError("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  }
  if (keys.size() > 1 && keys[1].type != "RANGE") {
    return ValidationError(
        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  layout.has_range = keys.size() > 1;
  return layout;
}

ApiResult<void> ReadProjection(const json::Object& object, IndexDefinition& index) {
  const json::Object& projection = *FindObject(object, "Projection");
  auto type = FindString(projection, "ProjectionType");
  if (!type) return InvalidParameterValues("Unknown ProjectionType: null");
  const json::Array* names = FindArray(projection, "NonKeyAttributes");
  index.projection = *type == "ALL"         ? ProjectionType::kAll
                     : *type == "KEYS_ONLY" ? ProjectionType::kKeysOnly
                                            : ProjectionType::kInclude;
  if (names != nullptr && index.projection != ProjectionType::kInclude) {
    return InvalidParameterValues(
        fmt::format("ProjectionType is {}, but NonKeyAttributes is specified", *type));
  }
  if (names == nullptr && index.projection == ProjectionType::kInclude) {
    return InvalidParameterValues(
        "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
  }
  if (names != nullptr) {
    for (const json::Value& name : *names) {
      if (name.is_string()) index.included.emplace_back(View(name.get_string()));
    }
  }
  return {};
}

/// Keys, projection and the table's remaining keys.
ApiResult<IndexDefinition> ReadIndex(const json::Object& object,
                                     const std::vector<KeyAttribute>& attributes,
                                     const KeyLayout& table) {
  IndexDefinition index;
  index.name = *FindString(object, "IndexName");
  ASSIGN_OR_RETURN(index.layout, ReadLayout(ReadKeySchema(object), attributes));
  for (const KeyAttribute& part : table.parts) {
    if (Defined(index.layout.parts, part.name) == nullptr) index.layout.parts.push_back(part);
  }
  return index;
}

ApiResult<IndexDefinition> ReadLocalIndex(const json::Object& object,
                                          const std::vector<KeyAttribute>& attributes,
                                          const KeyLayout& table) {
  ASSIGN_OR_RETURN(IndexDefinition index, ReadIndex(object, attributes, table));
  if (!index.layout.has_range) {
    return InvalidParameterValues(
        fmt::format("Index KeySchema does not have a range key for index: {}", index.name));
  }
  if (index.layout.parts[0].name != table.parts[0].name) {
    return InvalidParameterValues(
        fmt::format("Index KeySchema does not have the same leading hash key as table KeySchema "
                    "for index: {}. index "
                    "hash key: {}, table hash key: {}",
                    index.name, index.layout.parts[0].name, table.parts[0].name));
  }
  RETURN_IF_ERROR(ReadProjection(object, index));
  return index;
}

ApiResult<void> AddIndex(IndexDefinition index, TableDefinition& definition) {
  if (definition.FindIndex(index.name) != nullptr) {
    return InvalidParameterValues(fmt::format("Duplicate index name: {}", index.name));
  }
  definition.indexes.push_back(std::move(index));
  return {};
}

ApiResult<void> ReadLocalIndexes(const json::Array& array, TableDefinition& definition) {
  if (array.empty()) return InvalidParameterValues("List of LocalSecondaryIndexes is empty");
  if (!definition.layout.has_range) {
    return InvalidParameterValues(
        "Table KeySchema does not have a range key, which is required when specifying a "
        "LocalSecondaryIndex");
  }
  for (const json::Value& element : array) {
    if (!element.is_object()) continue;
    ASSIGN_OR_RETURN(
        IndexDefinition index,
        ReadLocalIndex(element.get_object(), definition.attributes, definition.layout));
    RETURN_IF_ERROR(AddIndex(std::move(index), definition));
  }
  if (array.size() > kLocalIndexesMax) {
    return InvalidParameterValues("Number of LocalSecondaryIndexes exceeds per-table limit of 5");
  }
  return {};
}

ApiResult<void> ReadGlobalIndexes(const json::Array& array, TableDefinition& definition) {
  if (array.empty()) return InvalidParameterValues("List of GlobalSecondaryIndexes is empty");
  for (const json::Value& element : array) {
    if (!element.is_object()) continue;
    ASSIGN_OR_RETURN(IndexDefinition index,
                     ReadGlobalIndex(element.get_object(), definition.attributes, definition.layout,
                                     definition.on_demand));
    RETURN_IF_ERROR(AddIndex(std::move(index), definition));
  }
  if (array.size() > kGlobalIndexesMax) {
    return InvalidParameterValues("GlobalSecondaryIndex count exceeds the per-table limit of 20");
  }
  return {};
}

ApiResult<void> ReadBilling(const json::Object& request, TableDefinition& definition) {
  definition.on_demand = StringOr(request, "BillingMode", "PROVISIONED") == "PAY_PER_REQUEST";
  const json::Object* throughput = FindObject(request, "ProvisionedThroughput");
  if (definition.on_demand) {
    if (throughput == nullptr) return {};
    return InvalidParameterValues(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (throughput == nullptr) {
    return InvalidParameterValues(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
        "PROVISIONED");
  }
  ASSIGN_OR_RETURN(definition.throughput, ReadThroughput(*throughput));
  return {};
}

/// Every defined attribute must be a key of the table or of an index.
ApiResult<void> CheckAllUsed(const TableDefinition& definition) {
  std::set<std::string_view> used;
  for (const KeyAttribute& part : definition.layout.parts) used.insert(part.name);
  for (const IndexDefinition& index : definition.indexes) {
    for (const KeyAttribute& part : index.layout.parts) used.insert(part.name);
  }
  if (used.size() == definition.attributes.size()) return {};
  if (definition.indexes.empty()) {
    return InvalidParameterValues(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  }
  return InvalidParameterValues(fmt::format(
      "Some AttributeDefinitions are not used. AttributeDefinitions: {}, keys used: [{}]",
      Names(definition.attributes), fmt::join(used, ", ")));
}

}  // namespace

ApiResult<std::vector<KeyAttribute>> ReadAttributeDefinitions(const json::Array* definitions) {
  std::vector<KeyAttribute> attributes;
  if (definitions == nullptr) return attributes;
  for (const json::Value& element : *definitions) {
    if (!element.is_object()) continue;
    std::string name(StringOr(element.get_object(), "AttributeName", ""));
    if (Defined(attributes, name) != nullptr) {
      return InvalidParameterValues(
          fmt::format("Cannot have two attributes with the same name: {}", name));
    }
    auto type = TypeFromName(StringOr(element.get_object(), "AttributeType", ""));
    attributes.push_back({std::move(name), type.value_or(AttributeType::kString)});
  }
  return attributes;
}

ApiResult<Throughput> ReadThroughput(const json::Object& object) {
  Throughput throughput{.read = FindInteger(object, "ReadCapacityUnits").value_or(0),
                        .write = FindInteger(object, "WriteCapacityUnits").value_or(0)};
  if (throughput.read > kUnitsMax) {
    return ValidationError(
        fmt::format("Given value {} for ReadCapacityUnits is out of bounds", throughput.read));
  }
  if (throughput.write > kUnitsMax) {
    return ValidationError(
        fmt::format("Given value {} for WriteCapacityUnits is out of bounds", throughput.write));
  }
  return throughput;
}

ApiResult<IndexDefinition> ReadGlobalIndex(const json::Object& object,
                                           const std::vector<KeyAttribute>& attributes,
                                           const KeyLayout& table, bool on_demand) {
  ASSIGN_OR_RETURN(IndexDefinition index, ReadIndex(object, attributes, table));
  index.global = true;
  RETURN_IF_ERROR(ReadProjection(object, index));
  const json::Object* throughput = FindObject(object, "ProvisionedThroughput");
  if (on_demand && throughput != nullptr) {
    return InvalidParameterValues(fmt::format(
        "ProvisionedThroughput should not be specified for index: {} when BillingMode is "
        "PAY_PER_REQUEST",
        index.name));
  }
  if (!on_demand && throughput == nullptr) {
    return InvalidParameterValues(fmt::format(
        "ProvisionedThroughput must be specified for index: {} when BillingMode is PROVISIONED",
        index.name));
  }
  if (throughput != nullptr) {
    ASSIGN_OR_RETURN(index.throughput, ReadThroughput(*throughput));
  }
  return index;
}

ApiResult<void> RefuseUnsupportedTableParameters(const json::Object& request) {
  const json::Object* stream = FindObject(request, "StreamSpecification");
  if (stream != nullptr && BooleanOr(*stream, "StreamEnabled", false)) {
    return ValidationError("StreamSpecification: streams are not supported by this server.");
  }
  const json::Object* encryption = FindObject(request, "SSESpecification");
  if (encryption != nullptr && BooleanOr(*encryption, "Enabled", false)) {
    return ValidationError(
        "SSESpecification: encryption with own keys is not supported by this server.");
  }
  return {};
}

ApiResult<std::vector<std::pair<std::string, std::string>>> ReadTags(const json::Array& array) {
  std::vector<std::pair<std::string, std::string>> tags;
  for (const json::Value& element : array) {
    if (!element.is_object()) continue;
    tags.emplace_back(StringOr(element.get_object(), "Key", ""),
                      StringOr(element.get_object(), "Value", ""));
  }
  return tags;
}

ApiResult<TableDefinition> ReadCreateTable(const json::Object& request) {
  TableDefinition definition;
  definition.name = *FindString(request, "TableName");
  RETURN_IF_ERROR(RefuseUnsupportedTableParameters(request));
  RETURN_IF_ERROR(ReadBilling(request, definition));
  ASSIGN_OR_RETURN(definition.attributes,
                   ReadAttributeDefinitions(FindArray(request, "AttributeDefinitions")));
  std::vector<KeyElement> keys = ReadKeySchema(request);
  if (keys.size() > definition.attributes.size()) {
    return ValidationError("Invalid KeySchema: Some index key attribute have no definition");
  }
  ASSIGN_OR_RETURN(definition.layout, ReadLayout(keys, definition.attributes));
  const json::Array* local = FindArray(request, "LocalSecondaryIndexes");
  const json::Array* global = FindArray(request, "GlobalSecondaryIndexes");
  if (local == nullptr && global == nullptr) RETURN_IF_ERROR(CheckAllUsed(definition));
  if (local != nullptr) RETURN_IF_ERROR(ReadLocalIndexes(*local, definition));
  if (global != nullptr) RETURN_IF_ERROR(ReadGlobalIndexes(*global, definition));
  RETURN_IF_ERROR(CheckAllUsed(definition));
  definition.deletion_protection = BooleanOr(request, "DeletionProtectionEnabled", false);
  definition.table_class = StringOr(request, "TableClass", "");
  if (const json::Array* tags = FindArray(request, "Tags")) {
    ASSIGN_OR_RETURN(definition.tags, ReadTags(*tags));
  }
  return definition;
}

}  // namespace penstock::dynamodb
