// CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_shape.h"
#include "local/dynamodb/table_description.h"
#include "local/dynamodb/table_request.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kListMax = 100;

std::string NewUuid(Random& random) {
  std::string bytes(16, 0);
  random.Fill(bytes);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // version 4, variant 1 (RFC 9562)
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string hex = HexEncode(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

std::string_view TableName(const Request& request) {
  return *FindString(request.body, "TableName");
}

ApiResult<std::shared_ptr<Table>> FindTable(Database& database, const Request& request) {
  auto table = database.catalog->Find(request.caller, TableName(request));
  if (!table) return TableNotFound(TableName(request));
  return table;
}

/// For changes: the table must not be on its way somewhere else.
ApiResult<void> RequireActive(Database& database, const Table& table, std::string_view name) {
  std::string_view doing;
  switch (table.StatusAt(database.clock->Monotonic()).value_or(TableStatus::kDeleting)) {
    case TableStatus::kActive:
      return {};
    case TableStatus::kCreating:
      doing = "created";
      break;
    case TableStatus::kUpdating:
      doing = "updated";
      break;
    case TableStatus::kDeleting:
      doing = "deleted";
      break;
  }
  return ResourceInUse(fmt::format(
      "Attempt to change a resource which is still in use: Table is being {}: {}", doing, name));
}

std::string Described(std::string_view member, json::Object description) {
  json::Object answer;
  answer[member] = std::move(description);
  return json::Write(answer);
}

void ChangeThroughput(const Throughput& requested, Instant now, TableDefinition& definition) {
  bool less =
      requested.read < definition.throughput.read || requested.write < definition.throughput.write;
  bool more =
      requested.read > definition.throughput.read || requested.write > definition.throughput.write;
  if (less) {
    definition.decreases = definition.DecreasesOn(now) + 1;
    definition.decreased_at = now;
  }
  if (more) definition.increased_at = now;
  definition.throughput = requested;
}

ApiError Unchanged(const Throughput& current) {
  return ValidationError(fmt::format(
      "The provisioned throughput for the table will not change. The requested value equals the "
      "current "
      "value. Current ReadCapacityUnits provisioned for the table: {}. Requested "
      "ReadCapacityUnits: {}. "
      "Current WriteCapacityUnits provisioned for the table: {}. Requested WriteCapacityUnits: {}. "
      "Refer to "
      "the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
      current.read, current.read, current.write, current.write));
}

ApiResult<void> UpdateBilling(const json::Object& request, Instant now,
                              TableDefinition& definition) {
  auto mode = FindString(request, "BillingMode");
  bool on_demand = mode ? *mode == "PAY_PER_REQUEST" : definition.on_demand;
  const json::Object* given = FindObject(request, "ProvisionedThroughput");
  if (on_demand && given != nullptr) {
    return InvalidParameterValues(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (on_demand && !definition.on_demand) {
    definition.on_demand = true;
    definition.on_demand_since = now;
    definition.throughput = {};
    for (IndexDefinition& index : definition.indexes) index.throughput = {};
  }
  if (given == nullptr) return {};
  ASSIGN_OR_RETURN(Throughput requested, ReadThroughput(*given));
  if (!definition.on_demand && requested == definition.throughput) return Unchanged(requested);
  if (definition.on_demand) {
    definition.on_demand = false;
    // Indexes get what the request says of them; the others the table's.
    for (IndexDefinition& index : definition.indexes) {
      if (index.global) index.throughput = requested;
    }
  }
  ChangeThroughput(requested, now, definition);
  return {};
}

ApiError IndexNotFound(std::string_view name) {
  ApiError error = ResourceNotFound();
  error.message = fmt::format("Requested resource not found: Index: {} not found", name);
  return error;
}

/// One element of GlobalSecondaryIndexUpdates, whose actions are checked to be exactly one.
ApiResult<void> UpdateIndex(const json::Object& action, const std::vector<KeyAttribute>& attributes,
                            TableDefinition& definition) {
  if (const json::Object* create = FindObject(action, "Create")) {
    if (definition.FindIndex(*FindString(*create, "IndexName")) != nullptr) {
      return ValidationError(fmt::format("Attempting to create an index which already exists: {}",
                                         *FindString(*create, "IndexName")));
    }
    ASSIGN_OR_RETURN(IndexDefinition index,
                     ReadGlobalIndex(*create, attributes, definition.layout, definition.on_demand));
    for (const KeyAttribute& part : index.layout.parts) {
      if (std::find(definition.attributes.begin(), definition.attributes.end(), part) ==
          definition.attributes.end()) {
        definition.attributes.push_back(part);
      }
    }
    definition.indexes.push_back(std::move(index));
    return {};
  }
  const json::Object* update = FindObject(action, "Update");
  const json::Object& named = update != nullptr ? *update : *FindObject(action, "Delete");
  std::string_view name = *FindString(named, "IndexName");
  auto found = std::find_if(definition.indexes.begin(), definition.indexes.end(),
                            [&](const auto& index) { return index.global && index.name == name; });
  if (found == definition.indexes.end()) return IndexNotFound(name);
  if (update == nullptr) {
    definition.indexes.erase(found);
    // Attributes that were only this index's keys are no longer defined.
    std::erase_if(definition.attributes, [&](const KeyAttribute& attribute) {
      auto has = [&](const KeyLayout& layout) {
        return std::find(layout.parts.begin(), layout.parts.end(), attribute) != layout.parts.end();
      };
      return !has(definition.layout) &&
             std::none_of(definition.indexes.begin(), definition.indexes.end(),
                          [&](const IndexDefinition& index) { return has(index.layout); });
    });
    return {};
  }
  ASSIGN_OR_RETURN(Throughput requested,
                   ReadThroughput(*FindObject(*update, "ProvisionedThroughput")));
  if (definition.on_demand) {
    return InvalidParameterValues(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (requested == found->throughput) {
    return ValidationError(
        fmt::format("The provisioned throughput for the index {} will not change. The requested "
                    "value equals the "
                    "current value.",
                    name));
  }
  found->throughput = requested;
  return {};
}

ApiResult<void> UpdateIndexes(const json::Object& request, TableDefinition& definition) {
  const json::Array* updates = FindArray(request, "GlobalSecondaryIndexUpdates");
  if (updates == nullptr) return {};
  ASSIGN_OR_RETURN(std::vector<KeyAttribute> attributes,
                   ReadAttributeDefinitions(FindArray(request, "AttributeDefinitions")));
  for (const KeyAttribute& known : definition.attributes) {
    bool given =
        std::any_of(attributes.begin(), attributes.end(),
                    [&](const KeyAttribute& attribute) { return attribute.name == known.name; });
    if (!given) attributes.push_back(known);
  }
  std::set<std::string_view> names;
  int made_or_removed = 0;
  for (const json::Value& element : *updates) {
    const json::Object* action = element.if_object();
    const json::Object* parts[3] = {};
    if (action != nullptr) {
      parts[0] = FindObject(*action, "Update");
      parts[1] = FindObject(*action, "Create");
      parts[2] = FindObject(*action, "Delete");
    }
    auto given = std::find_if(std::begin(parts), std::end(parts),
                              [](auto* part) { return part != nullptr; });
    if (given == std::end(parts)) {
      return InvalidParameterValues(
          "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
          "GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    std::string_view name = *FindString(**given, "IndexName");
    if (!names.insert(name).second) {
      return InvalidParameterValues(fmt::format(
          "Only one global secondary index update per index is allowed simultaneously. Index: {}",
          name));
    }
    if (given != parts && ++made_or_removed > 1) {
      return LimitExceeded(
          "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously "
          "per "
          "table");
    }
    RETURN_IF_ERROR(UpdateIndex(*action, attributes, definition));
  }
  return {};
}

ApiResult<void> CheckUpdateTable(const json::Object& request) {
  const json::Array* indexes = FindArray(request, "GlobalSecondaryIndexUpdates");
  bool any = indexes != nullptr && !indexes->empty();
  for (std::string_view member :
       {"ProvisionedThroughput", "BillingMode", "DeletionProtectionEnabled", "TableClass",
        "StreamSpecification", "SSESpecification"}) {
    any = any || FindMember(request, member) != nullptr;
  }
  if (!any) {
    return ValidationError(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
        "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  }
  if (StringOr(request, "BillingMode", "") == "PROVISIONED" &&
      FindObject(request, "ProvisionedThroughput") == nullptr) {
    return InvalidParameterValues(
        "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  }
  return RefuseUnsupportedTableParameters(request);
}

/// Indexes are filled before they are shown, but AWS's answer says that they are on their way.
void MarkNewIndexes(const TableDefinition& before, json::Object& description) {
  json::Value* indexes = description.if_contains("GlobalSecondaryIndexes");
  if (indexes == nullptr) return;
  for (json::Value& index : indexes->get_array()) {
    json::Object& object = index.get_object();
    if (before.FindIndex(View(object["IndexName"].get_string())) != nullptr) continue;
    object["IndexStatus"] = TableStatusName(TableStatus::kCreating);
    object["Backfilling"] = true;
  }
}

}  // namespace

Answer CreateTable(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(TableDefinition definition, ReadCreateTable(request.body));
  auto control = database.catalog->LockControl();
  if (database.catalog->Find(request.caller, definition.name)) {
    return ResourceInUse(fmt::format("Table already exists: {}", definition.name));
  }
  definition.account = request.caller.account;
  definition.region = request.caller.region;
  definition.id = NewUuid(*database.random);
  definition.created_at = database.clock->Now();
  if (definition.on_demand) definition.on_demand_since = definition.created_at;
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table,
                   database.catalog->Create(request.caller, std::move(definition)));
  return Described("TableDescription",
                   DescribeTableAs(*table, *table->definition(), TableStatus::kCreating,
                                   request.caller.region, database.clock->Now()));
}

Answer DescribeTable(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindTable(database, request));
  auto status = table->StatusAt(database.clock->Monotonic());
  if (!status) return TableNotFound(TableName(request));
  return Described("Table", DescribeTableAs(*table, *table->definition(), *status,
                                            request.caller.region, database.clock->Now()));
}

Answer UpdateTable(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckUpdateTable(request.body));
  auto control = database.catalog->LockControl();
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindTable(database, request));
  RETURN_IF_ERROR(RequireActive(database, *table, TableName(request)));
  auto before = table->definition();
  TableDefinition definition = *before;
  RETURN_IF_ERROR(UpdateBilling(request.body, database.clock->Now(), definition));
  RETURN_IF_ERROR(UpdateIndexes(request.body, definition));
  definition.deletion_protection =
      BooleanOr(request.body, "DeletionProtectionEnabled", definition.deletion_protection);
  definition.table_class = StringOr(request.body, "TableClass", before->table_class);
  RETURN_IF_ERROR(database.catalog->Replace(request.caller, *table, std::move(definition)));
  table->SetStatus(TableStatus::kUpdating,
                   database.clock->Monotonic() + database.options.update_delay);
  // While a table is UPDATING its capacity is shown as it was; everything else is new at once.
  TableDefinition shown = *table->definition();
  shown.throughput = before->throughput;
  json::Object description = DescribeTableAs(*table, shown, TableStatus::kUpdating,
                                             request.caller.region, database.clock->Now());
  MarkNewIndexes(*before, description);
  return Described("TableDescription", std::move(description));
}

Answer DeleteTable(Database& database, const Request& request) {
  auto control = database.catalog->LockControl();
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindTable(database, request));
  auto definition = table->definition();
  if (table->StatusAt(database.clock->Monotonic()) != TableStatus::kUpdating) {
    RETURN_IF_ERROR(RequireActive(database, *table, TableName(request)));
  }
  if (definition->deletion_protection) {
    return ValidationError(
        "Resource cannot be deleted as it is currently protected against deletion. Disable "
        "deletion "
        "protection first.");
  }
  json::Object description = DescribeTableAs(*table, *definition, TableStatus::kDeleting,
                                             request.caller.region, database.clock->Now());
  RETURN_IF_ERROR(database.catalog->Drop(request.caller, table));
  return Described("TableDescription", std::move(description));
}

Answer ListTables(Database& database, const Request& request) {
  size_t limit = static_cast<size_t>(FindInteger(request.body, "Limit").value_or(kListMax));
  bool more = false;
  json::Array names;
  for (std::string& name : database.catalog->List(
           request.caller, StringOr(request.body, "ExclusiveStartTableName", ""), limit, more)) {
    names.emplace_back(name);
  }
  json::Object answer;
  if (more) answer["LastEvaluatedTableName"] = names.back();
  answer["TableNames"] = std::move(names);
  return json::Write(answer);
}

}  // namespace penstock::dynamodb
