// What is kept with a table beside its items (tags, time to live, recovery), and the account's
// constants.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_shape.h"
#include "local/dynamodb/table_request.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kTagsMax = 50;
constexpr int64_t kAccountReadUnitsMax = 80'000, kAccountWriteUnitsMax = 80'000;
constexpr int64_t kTableReadUnitsMax = 40'000, kTableWriteUnitsMax = 40'000;
constexpr int kEndpointCacheMinutes = 1440;

/// The table that ResourceArn names.
ApiResult<std::shared_ptr<Table>> FindByArn(Database& database, const Request& request,
                                            std::string_view operation) {
  auto arn = FindString(request.body, "ResourceArn");
  if (!arn) return ValidationError("Invalid TableArn");
  auto pieces = Split(*arn, ':');
  bool looks_like_arn = pieces.size() == 6 && pieces[5].find('/') != std::string_view::npos;
  if (!looks_like_arn) return AccessDenied(request.caller.user_arn, operation, *arn);
  std::string_view resource = pieces[5];
  constexpr std::string_view kTable = "table/";
  if (pieces[0] != "arn" || pieces[2] != "dynamodb" || !resource.starts_with(kTable) ||
      resource.size() < kTable.size() + 3 ||
      resource.find('/', kTable.size()) != std::string_view::npos) {
    return ValidationError(
        fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", *arn));
  }
  Caller owner = request.caller;
  owner.region = pieces[3];
  if (pieces[4] != owner.account) return AccessDenied(owner.user_arn, operation, *arn);
  auto table = database.catalog->Find(owner, resource.substr(kTable.size()));
  if (!table) return ArnNotFound(*arn);
  return table;
}

ApiResult<std::shared_ptr<Table>> FindByName(Database& database, const Request& request) {
  std::string_view name = *FindString(request.body, "TableName");
  auto table = database.catalog->Find(request.caller, name);
  if (!table) return TableNotFound(name);
  return table;
}

/// The catalogue keeps a table under the region it was made in.
Caller OwnerOf(const Request& request, const Table& table) {
  Caller owner = request.caller;
  owner.region = table.definition()->region;
  return owner;
}

json::Object BackupsDescription() {
  return json::Object{{"ContinuousBackupsDescription",
                       json::Object{{"ContinuousBackupsStatus", "ENABLED"},
                                    {"PointInTimeRecoveryDescription",
                                     json::Object{{"PointInTimeRecoveryStatus", "DISABLED"}}}}}};
}

}  // namespace

Answer TagResource(Database& database, const Request& request) {
  auto control = database.catalog->LockControl();
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindByArn(database, request, "TagResource"));
  const json::Array* given = FindArray(request.body, "Tags");
  if (given == nullptr) {
    return ValidationError(
        "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member "
        "must not be "
        "null");
  }
  if (given->empty()) return ValidationError("Atleast one Tag needs to be provided as Input.");
  ASSIGN_OR_RETURN(auto tags, ReadTags(*given));
  TableDefinition definition = *table->definition();
  for (auto& [key, value] : tags) {
    auto known = std::find_if(definition.tags.begin(), definition.tags.end(),
                              [&](const auto& tag) { return tag.first == key; });
    if (known != definition.tags.end()) {
      known->second = std::move(value);
    } else {
      definition.tags.emplace_back(std::move(key), std::move(value));
    }
  }
  if (definition.tags.size() > kTagsMax) {
    return ValidationError(fmt::format(
        "One or more parameter values were invalid: Too many Tags: the limit is {}", kTagsMax));
  }
  RETURN_IF_ERROR(
      database.catalog->Replace(OwnerOf(request, *table), *table, std::move(definition)));
  return std::string();
}

Answer UntagResource(Database& database, const Request& request) {
  auto control = database.catalog->LockControl();
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindByArn(database, request, "UntagResource"));
  const json::Array* keys = FindArray(request.body, "TagKeys");
  if (keys == nullptr) {
    return ValidationError(
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member "
        "must not "
        "be null");
  }
  if (keys->empty()) return ValidationError("Atleast one Tag Key needs to be provided as Input.");
  TableDefinition definition = *table->definition();
  for (const json::Value& key : *keys) {
    if (!key.is_string()) continue;
    std::erase_if(definition.tags,
                  [&](const auto& tag) { return tag.first == View(key.get_string()); });
  }
  RETURN_IF_ERROR(
      database.catalog->Replace(OwnerOf(request, *table), *table, std::move(definition)));
  return std::string();
}

Answer ListTagsOfResource(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table,
                   FindByArn(database, request, "ListTagsOfResource"));
  json::Array tags;
  for (const auto& [key, value] : table->definition()->tags) {
    tags.push_back(json::Object{{"Key", key}, {"Value", value}});
  }
  return json::Write(json::Object{{"Tags", std::move(tags)}});
}

Answer DescribeTimeToLive(Database& database, const Request& request) {
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindByName(database, request));
  auto definition = table->definition();
  json::Object description{
      {"TimeToLiveStatus", definition->ttl_attribute.empty() ? "DISABLED" : "ENABLED"}};
  if (!definition->ttl_attribute.empty()) description["AttributeName"] = definition->ttl_attribute;
  return json::Write(json::Object{{"TimeToLiveDescription", std::move(description)}});
}

Answer UpdateTimeToLive(Database& database, const Request& request) {
  auto control = database.catalog->LockControl();
  ASSIGN_OR_RETURN(std::shared_ptr<Table> table, FindByName(database, request));
  const json::Object& given = *FindObject(request.body, "TimeToLiveSpecification");
  std::string attribute(*FindString(given, "AttributeName"));
  bool enabled = BooleanOr(given, "Enabled", false);
  TableDefinition definition = *table->definition();
  bool was_enabled = !definition.ttl_attribute.empty();
  if (enabled == was_enabled) {
    return ValidationError(enabled ? "TimeToLive is already enabled"
                                   : "TimeToLive is already disabled");
  }
  if (!enabled && attribute != definition.ttl_attribute) {
    return ValidationError(fmt::format(
        "TimeToLive is active on a different AttributeName: current AttributeName is {}",
        definition.ttl_attribute));
  }
  definition.ttl_attribute = enabled ? attribute : "";
  RETURN_IF_ERROR(
      database.catalog->Replace(OwnerOf(request, *table), *table, std::move(definition)));
  return json::Write(
      json::Object{{"TimeToLiveSpecification",
                    json::Object{{"AttributeName", attribute}, {"Enabled", enabled}}}});
}

Answer DescribeContinuousBackups(Database& database, const Request& request) {
  RETURN_IF_ERROR(FindByName(database, request));
  return json::Write(BackupsDescription());
}

Answer UpdateContinuousBackups(Database& database, const Request& request) {
  const json::Object& given = *FindObject(request.body, "PointInTimeRecoverySpecification");
  if (BooleanOr(given, "PointInTimeRecoveryEnabled", false)) {
    return ValidationError("Point in time recovery is not supported by this server.");
  }
  RETURN_IF_ERROR(FindByName(database, request));
  return json::Write(BackupsDescription());
}

Answer DescribeLimits(Database&, const Request&) {
  return json::Write(json::Object{{"AccountMaxReadCapacityUnits", kAccountReadUnitsMax},
                                  {"AccountMaxWriteCapacityUnits", kAccountWriteUnitsMax},
                                  {"TableMaxReadCapacityUnits", kTableReadUnitsMax},
                                  {"TableMaxWriteCapacityUnits", kTableWriteUnitsMax}});
}

Answer DescribeEndpoints(Database&, const Request& request) {
  json::Object endpoint{
      {"Address", fmt::format("dynamodb.{}.amazonaws.com", request.caller.region)},
      {"CachePeriodInMinutes", kEndpointCacheMinutes}};
  return json::Write(json::Object{{"Endpoints", json::Array{std::move(endpoint)}}});
}

}  // namespace penstock::dynamodb
