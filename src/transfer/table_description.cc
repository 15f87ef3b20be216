#include "transfer/table_description.h"

#include <algorithm>

#include "json/json.h"

namespace penstock {
namespace {

constexpr const char* kProvisioned = "provisioned";

Result<double> Units(const json::Object& object, std::string_view key) {
  ASSIGN_OR_RETURN(std::optional<double> units, json::OptionalDouble(object, key));
  return units.value_or(0);
}

/// The member `key` of the member `object_key`, if both are there and it is positive (-1 means "no
/// maximum").
std::optional<double> Declared(const json::Object& table, std::string_view object_key,
                               std::string_view key) {
  const json::Value* object = json::Find(table, object_key);
  if (object == nullptr || !object->is_object()) return std::nullopt;
  auto units = Units(object->get_object(), key);
  if (!units || *units <= 0) return std::nullopt;
  return *units;
}

/// Of a table or of a global index, which have it in the same members.
Capacity ReadCapacity(const json::Object& table, bool on_demand, std::string_view provisioned,
                      std::string_view maximum, std::string_view warm) {
  if (!on_demand) {
    if (auto units = Declared(table, "ProvisionedThroughput", provisioned))
      return {*units, kProvisioned, false};
  }
  if (auto units = Declared(table, "OnDemandThroughput", maximum))
    return {*units, "on-demand maximum", false};
  if (auto units = Declared(table, "WarmThroughput", warm))
    return {*units, "warm throughput", false};
  return {kOnDemandGuess, "first guess for an on-demand table", true};
}

Result<AttributeType> KeyType(const json::Object& table, const std::string& name) {
  ASSIGN_OR_RETURN(const json::Array* definitions, json::GetArray(table, "AttributeDefinitions"));
  for (const json::Value& definition : *definitions) {
    if (!definition.is_object()) continue;
    ASSIGN_OR_RETURN(std::string defined,
                     json::GetString(definition.get_object(), "AttributeName"));
    if (defined != name) continue;
    ASSIGN_OR_RETURN(std::string type, json::GetString(definition.get_object(), "AttributeType"));
    if (type == "S") return AttributeType::kS;
    if (type == "N") return AttributeType::kN;
    if (type == "B") return AttributeType::kB;
    return Corrupt(fmt::format("key attribute {} has the unknown type {}", name, type));
  }
  return Corrupt(fmt::format("key attribute {} is not among AttributeDefinitions", name));
}

Result<KeySchema> ReadKey(const json::Object& table) {
  KeySchema key;
  ASSIGN_OR_RETURN(const json::Array* schema, json::GetArray(table, "KeySchema"));
  for (const json::Value& element : *schema) {
    if (!element.is_object()) return Corrupt("KeySchema has an element that is no object");
    ASSIGN_OR_RETURN(std::string name, json::GetString(element.get_object(), "AttributeName"));
    ASSIGN_OR_RETURN(std::string role, json::GetString(element.get_object(), "KeyType"));
    ASSIGN_OR_RETURN(AttributeType type, KeyType(table, name));
    key.attributes.insert(role == "HASH" ? key.attributes.begin() : key.attributes.end(),
                          {name, type});
  }
  if (key.attributes.empty() || key.attributes.size() > 2)
    return Corrupt("KeySchema must have one or two elements");
  return key;
}

Result<TableDescription> Read(std::string_view answer) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(answer));
  ASSIGN_OR_RETURN(const json::Object* table, json::GetObject(object, "Table"));
  TableDescription result;
  ASSIGN_OR_RETURN(result.name, json::GetString(*table, "TableName"));
  ASSIGN_OR_RETURN(result.status, json::GetString(*table, "TableStatus"));
  // Not every server has these.
  ASSIGN_OR_RETURN(auto arn, json::OptionalString(*table, "TableArn"));
  ASSIGN_OR_RETURN(auto id, json::OptionalString(*table, "TableId"));
  ASSIGN_OR_RETURN(auto count, json::OptionalInt(*table, "ItemCount"));
  ASSIGN_OR_RETURN(auto size, json::OptionalInt(*table, "TableSizeBytes"));
  result.arn = arn.value_or("");
  result.id = id.value_or("");
  if (result.id.empty()) {
    auto created = json::OptionalDouble(*table, "CreationDateTime");
    result.id = fmt::format("{} of {:.3f}", result.name, created ? created->value_or(0) : 0);
  }
  result.item_count = static_cast<uint64_t>(std::max<int64_t>(0, count.value_or(0)));
  result.size_bytes = static_cast<uint64_t>(std::max<int64_t>(0, size.value_or(0)));
  ASSIGN_OR_RETURN(result.key, ReadKey(*table));
  bool on_demand = false;
  if (const json::Value* billing = json::Find(*table, "BillingModeSummary");
      billing != nullptr && billing->is_object()) {
    ASSIGN_OR_RETURN(auto mode, json::OptionalString(billing->get_object(), "BillingMode"));
    on_demand = mode == "PAY_PER_REQUEST";
  }
  result.read = {ReadCapacity(*table, on_demand, "ReadCapacityUnits", "MaxReadRequestUnits",
                              "ReadUnitsPerSecond")};
  auto write = [&](const json::Object& owner) {
    return ReadCapacity(owner, on_demand, "WriteCapacityUnits", "MaxWriteRequestUnits",
                        "WriteUnitsPerSecond");
  };
  result.write = {write(*table)};
  const json::Value* indexes = json::Find(*table, "GlobalSecondaryIndexes");
  if (indexes != nullptr && indexes->is_array()) {
    for (const json::Value& index : indexes->get_array()) {
      if (!index.is_object())
        return Corrupt("GlobalSecondaryIndexes has an element that is no object");
      ASSIGN_OR_RETURN(std::string name, json::GetString(index.get_object(), "IndexName"));
      result.write.indexes[name] = write(index.get_object());
    }
  }
  result.description = *table;
  return result;
}

}  // namespace

uint64_t TableDescription::ItemBytes() const {
  constexpr uint64_t kOverhead = 100;  // of each item
  if (size_bytes == 0) return 0;
  // A server that does not count it so has smaller sums; an item has a byte at least.
  return std::max(size_bytes - std::min(size_bytes, kOverhead * item_count), item_count);
}

bool TableDescription::HasStream() const {
  const json::Value* stream = json::Find(description, "StreamSpecification");
  if (stream == nullptr || !stream->is_object()) return false;
  auto enabled = json::OptionalBool(stream->get_object(), "StreamEnabled");
  return enabled && enabled->value_or(false);
}

std::string RaisedCapacity(const TableDescription& before, const TableDescription& now,
                           CapacityKind kind) {
  const Capacity &was = before.CapacityFor(kind), &is = now.CapacityFor(kind);
  if (was.source != is.source || is.source != kProvisioned ||
      is.units_per_second <= was.units_per_second) {
    return "";
  }
  return fmt::format(
      "table {} has {:.0f} {} units/s now and had {:.0f} when this began: if they were raised for "
      "it, lower them again",
      now.name, is.units_per_second, kind == CapacityKind::kRead ? "read" : "write",
      was.units_per_second);
}

Result<TableDescription> ParseTableDescription(std::string_view answer) {
  auto read = Read(answer);
  if (!read) return Corrupt("the answer to DescribeTable cannot be read: " + read.error().message);
  return read;
}

Result<TableDescription> DescribeTable(const DynamoDbClient& client, const std::string& table,
                                       std::stop_token stop) {
  json::Object request;
  request["TableName"] = table;
  auto answer = client.Call("DescribeTable", json::Write(request), RetryPolicy::kPatient, stop);
  if (!answer) {
    const std::string attempted = fmt::format("describing table {} in {} at {}", table,
                                              client.endpoint().region, client.endpoint().url);
    if (answer.error().type == "ResourceNotFoundException") {
      return NotFound(fmt::format(
          "{}: there is no such table; check its name, the region and the account", attempted));
    }
    return answer.error().ToError(attempted);
  }
  return ParseTableDescription(*answer);
}

}  // namespace penstock
