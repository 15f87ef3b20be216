#include "local/dynamodb/item_key.h"

#include <fmt/core.h>

#include "local/dynamodb/dynamodb_error.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kPartitionKeyBytesMax = 2048;
constexpr size_t kSortKeyBytesMax = 1024;

size_t OwnKeys(const KeyLayout& layout) { return layout.has_range ? 2 : 1; }

bool IsEmpty(const AttributeValue& value) {
  return (value.type == AttributeType::kString || value.type == AttributeType::kBinary) &&
         value.text().empty();
}

ApiResult<void> CheckKeySize(const AttributeValue& value, bool is_partition_key) {
  if (value.type == AttributeType::kNumber) return {};
  if (is_partition_key && value.text().size() > kPartitionKeyBytesMax) {
    return InvalidParameterValues(
        "Size of hashkey has exceeded the maximum size limit of2048 bytes");
  }
  if (!is_partition_key && value.text().size() > kSortKeyBytesMax) {
    return InvalidParameterValues(
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
  }
  return {};
}

std::string EmptyKeyText(const KeyAttribute& part) {
  return fmt::format("The AttributeValue for a key attribute cannot contain an empty {} value.",
                     part.type == AttributeType::kBinary ? "binary" : "string");
}

ApiResult<void> CheckIndexKeys(const Item& item, const TableDefinition& definition) {
  for (const IndexDefinition& index : definition.indexes) {
    for (size_t i = 0; i < index.own_keys(); ++i) {
      const KeyAttribute& part = index.layout.parts[i];
      const AttributeValue* value = Find(item, part.name);
      if (value == nullptr) continue;
      if (value->type != part.type) {
        return InvalidParameterValues(
            fmt::format("Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
                        part.name, TypeName(part.type), TypeName(value->type), index.name));
      }
      if (IsEmpty(*value)) {
        return ValidationError(
            fmt::format("One or more parameter values are not valid. A value specified for a "
                        "secondary index key is "
                        "not supported. {} IndexName: {}, IndexKey: {}",
                        EmptyKeyText(part), index.name, part.name));
      }
      RETURN_IF_ERROR(CheckKeySize(*value, i == 0));
    }
  }
  return {};
}

/// One part of a Key or start key.
ApiResult<void> CheckKeyPart(const Item& key, const KeyAttribute& part, bool is_partition_key) {
  const AttributeValue* value = Find(key, part.name);
  if (value == nullptr || value->type != part.type) return KeySchemaMismatch();
  if (IsEmpty(*value)) {
    return ValidationError(fmt::format("One or more parameter values are not valid. {} Key: {}",
                                       EmptyKeyText(part), part.name));
  }
  return CheckKeySize(*value, is_partition_key);
}

ApiResult<void> CheckKeyParts(const Item& key, const KeyLayout& layout) {
  for (size_t i = 0; i < OwnKeys(layout); ++i)
    RETURN_IF_ERROR(CheckKeyPart(key, layout.parts[i], i == 0));
  return {};
}

}  // namespace

ApiResult<std::string> KeyOfItem(const Item& item, const TableDefinition& definition) {
  for (size_t i = 0; i < definition.layout.parts.size(); ++i) {
    const KeyAttribute& part = definition.layout.parts[i];
    const AttributeValue* value = Find(item, part.name);
    if (value == nullptr) {
      return InvalidParameterValues(fmt::format("Missing the key {} in the item", part.name));
    }
    if (value->type != part.type) {
      return InvalidParameterValues(fmt::format("Type mismatch for key {} expected: {} actual: {}",
                                                part.name, TypeName(part.type),
                                                TypeName(value->type)));
    }
    if (IsEmpty(*value)) {
      return ValidationError(fmt::format("One or more parameter values are not valid. {} Key: {}",
                                         EmptyKeyText(part), part.name));
    }
    RETURN_IF_ERROR(CheckKeySize(*value, i == 0));
  }
  RETURN_IF_ERROR(CheckIndexKeys(item, definition));
  return *definition.layout.Encode(item);
}

ApiResult<std::string> KeyOfKey(const Item& key, const TableDefinition& definition) {
  if (key.size() != definition.layout.parts.size()) return KeySchemaMismatch();
  RETURN_IF_ERROR(CheckKeyParts(key, definition.layout));
  return *definition.layout.Encode(key);
}

ApiResult<std::string> KeyOfStartKey(const Item& key, const TableDefinition& definition,
                                     const IndexDefinition* index, bool is_scan) {
  const KeyLayout& layout = index != nullptr ? index->layout : definition.layout;
  if (key.size() != layout.parts.size()) {
    return ValidationError(
        index == nullptr && is_scan
            ? "The provided starting key is invalid: The provided key element does not "
              "match the schema"
            : "The provided starting key is invalid");
  }
  for (const KeyAttribute& part : layout.parts) {
    if (Find(key, part.name) == nullptr && (index != nullptr || !is_scan)) {
      return ValidationError("The provided starting key is invalid");
    }
  }
  auto checked = CheckKeyParts(key, layout);
  if (checked) checked = CheckKeyParts(key, definition.layout);
  if (!checked) {
    return ValidationError(
        fmt::format("The provided starting key is invalid: {}", checked.error().message));
  }
  auto encoded = layout.Encode(key);
  if (!encoded) return ValidationError("The provided starting key is invalid");
  return std::move(*encoded);
}

ApiResult<void> CheckKeyPaths(const std::vector<DocumentPath>& paths,
                              const TableDefinition& definition) {
  auto check = [&](const KeyAttribute& part, std::string_view what) -> ApiResult<void> {
    for (const DocumentPath& path : paths) {
      if (path.size() < 2 || PathHead(path) != part.name) continue;
      return ValidationError(
          fmt::format("Key attributes must be scalars; list random access '[]' and map lookup '.' "
                      "are not allowed: "
                      "{}: {}",
                      what, part.name));
    }
    return {};
  };
  for (const KeyAttribute& part : definition.layout.parts) RETURN_IF_ERROR(check(part, "Key"));
  for (const IndexDefinition& index : definition.indexes) {
    for (size_t i = 0; i < index.own_keys(); ++i) {
      RETURN_IF_ERROR(check(index.layout.parts[i], "IndexKey"));
    }
  }
  return {};
}

}  // namespace penstock::dynamodb
