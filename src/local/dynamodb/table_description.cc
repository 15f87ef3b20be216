#include "local/dynamodb/table_description.h"

#include <fmt/core.h>

#include "local/dynamodb/capacity.h"

namespace penstock::dynamodb {

namespace {

json::Array KeySchema(const KeyLayout& layout) {
  json::Array schema;
  for (size_t i = 0; i < (layout.has_range ? 2u : 1u); ++i) {
    schema.push_back(json::Object{{"AttributeName", layout.parts[i].name},
                                  {"KeyType", i == 0 ? "HASH" : "RANGE"}});
  }
  return schema;
}

json::Object ThroughputDescription(const Throughput& throughput, int decreases) {
  return json::Object{{"NumberOfDecreasesToday", decreases},
                      {"ReadCapacityUnits", throughput.read},
                      {"WriteCapacityUnits", throughput.write}};
}

json::Object DescribeIndex(Table& table, const TableDefinition& shown, const IndexDefinition& index,
                           TableStatus status, std::string_view region) {
  json::Object projection{{"ProjectionType", ProjectionTypeName(index.projection)}};
  if (index.projection == ProjectionType::kInclude) {
    json::Array names;
    for (const std::string& name : index.included) names.emplace_back(name);
    projection["NonKeyAttributes"] = std::move(names);
  }
  Tally tally = table.Count(index.layout.serial);
  json::Object object{{"IndexName", index.name},
                      {"KeySchema", KeySchema(index.layout)},
                      {"Projection", std::move(projection)},
                      {"IndexSizeBytes", tally.bytes},
                      {"ItemCount", tally.items},
                      {"IndexArn", fmt::format("{}/index/{}", shown.Arn(region), index.name)}};
  if (index.global) {
    // Indexes stand still while their table is UPDATING; a new one is marked by UpdateTable.
    object["IndexStatus"] =
        TableStatusName(status == TableStatus::kUpdating ? TableStatus::kActive : status);
    object["ProvisionedThroughput"] = ThroughputDescription(index.throughput, 0);
  }
  return object;
}

}  // namespace

json::Value EpochSeconds(Instant instant) { return ToEpochSeconds(instant); }

json::Object DescribeTableAs(Table& table, const TableDefinition& shown, TableStatus status,
                             std::string_view region, Instant now) {
  json::Array attributes;
  for (const KeyAttribute& attribute : shown.attributes) {
    attributes.push_back(json::Object{{"AttributeName", attribute.name},
                                      {"AttributeType", TypeName(attribute.type)}});
  }
  json::Object throughput = ThroughputDescription(shown.throughput, shown.DecreasesOn(now));
  if (shown.increased_at) throughput["LastIncreaseDateTime"] = EpochSeconds(*shown.increased_at);
  if (shown.decreased_at) throughput["LastDecreaseDateTime"] = EpochSeconds(*shown.decreased_at);
  Tally tally = table.Count(shown.layout.serial);
  json::Object object{{"AttributeDefinitions", std::move(attributes)},
                      {"TableName", shown.name},
                      {"KeySchema", KeySchema(shown.layout)},
                      {"TableStatus", TableStatusName(status)},
                      {"CreationDateTime", EpochSeconds(shown.created_at)},
                      {"ProvisionedThroughput", std::move(throughput)},
                      {"TableSizeBytes", tally.bytes},
                      {"ItemCount", tally.items},
                      {"TableArn", shown.Arn(region)},
                      {"TableId", shown.id},
                      {"DeletionProtectionEnabled", shown.deletion_protection}};
  double read = static_cast<double>(shown.throughput.read);
  double write = static_cast<double>(shown.throughput.write);
  if (shown.on_demand) {
    read = kOnDemandInitialReadUnits;
    write = kOnDemandInitialWriteUnits;
  }
  object["WarmThroughput"] = json::Object{
      {"ReadUnitsPerSecond", static_cast<int64_t>(std::max(read, kOnDemandInitialReadUnits))},
      {"WriteUnitsPerSecond", static_cast<int64_t>(std::max(write, kOnDemandInitialWriteUnits))},
      {"Status", "ACTIVE"}};
  if (shown.on_demand || shown.on_demand_since) {
    json::Object billing{{"BillingMode", shown.on_demand ? "PAY_PER_REQUEST" : "PROVISIONED"}};
    if (shown.on_demand_since) {
      billing["LastUpdateToPayPerRequestDateTime"] = EpochSeconds(*shown.on_demand_since);
    }
    object["BillingModeSummary"] = std::move(billing);
  }
  if (!shown.table_class.empty()) {
    object["TableClassSummary"] = json::Object{{"TableClass", shown.table_class}};
  }
  json::Array local, global;
  for (const IndexDefinition& index : shown.indexes) {
    (index.global ? global : local).push_back(DescribeIndex(table, shown, index, status, region));
  }
  if (!local.empty()) object["LocalSecondaryIndexes"] = std::move(local);
  if (!global.empty()) object["GlobalSecondaryIndexes"] = std::move(global);
  return object;
}

}  // namespace penstock::dynamodb
