#include "activities/precondition.h"

#include <fmt/core.h>

#include "activities/task.h"
#include "aws/dynamodb_client.h"
#include "aws/s3_client.h"
#include "json/json.h"

namespace penstock {
namespace {

struct Check {
  const PipelineObject& object;
  const std::string& region;
  const ClientContext& clients;
  ServiceDirectory& services;
  std::stop_token stop;
};

Result<std::string> RequiredField(const PipelineObject& object, std::string_view key) {
  std::optional<std::string> value = FieldOf(object, key);
  if (value && !value->empty()) return *value;
  return InvalidArgument(fmt::format("precondition \"{}\" has no {}", object.name, key));
}

Result<S3Client> S3(const Check& check) {
  ASSIGN_OR_RETURN(ServiceEndpoint endpoint, check.services.Find("s3", check.region));
  return S3Client(check.clients, endpoint);
}

Result<DynamoDbClient> DynamoDb(const Check& check) {
  ASSIGN_OR_RETURN(
      ServiceEndpoint endpoint,
      check.services.Find("dynamodb", RegionField(check.object).value_or(check.region)));
  return DynamoDbClient(check.clients, endpoint);
}

Result<bool> S3KeyExists(const Check& check) {
  ASSIGN_OR_RETURN(std::string uri, RequiredField(check.object, "s3Key"));
  ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(uri));
  ASSIGN_OR_RETURN(S3Client s3, S3(check));
  CallResult<S3ObjectInfo> info = s3.HeadObject(location, check.stop);
  if (info) return true;
  if (info.error().http == 404) {
    // The answer to HEAD has no body: whether it is the key that is missing, or its bucket, takes
    // another question.
    CallResult<void> bucket = s3.HeadBucket(location.bucket, check.stop);
    if (bucket || bucket.error().http != 404) return false;
    return NotFound(fmt::format("looking for {}: there is no bucket {}", uri, location.bucket));
  }
  return info.error().ToError("looking for " + uri);
}

Result<bool> S3PrefixNotEmpty(const Check& check) {
  ASSIGN_OR_RETURN(std::string uri, RequiredField(check.object, "s3Prefix"));
  ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(uri));
  ASSIGN_OR_RETURN(S3Client s3, S3(check));
  CallResult<S3Listing> page =
      s3.List(location.bucket, location.key, "", std::nullopt, 1, check.stop);
  if (page) return !page->objects.empty();
  return page.error().ToError("listing " + uri);
}

Result<bool> DynamoDbTableExists(const Check& check) {
  ASSIGN_OR_RETURN(std::string table, RequiredField(check.object, "tableName"));
  ASSIGN_OR_RETURN(DynamoDbClient dynamodb, DynamoDb(check));
  json::Object body{{"TableName", table}};
  CallResult<std::string> answer =
      dynamodb.Call("DescribeTable", json::Write(body), RetryPolicy::kStandard, check.stop);
  if (!answer && answer.error().type == "ResourceNotFoundException") return false;
  if (!answer) return answer.error().ToError("describing table " + table);
  ASSIGN_OR_RETURN(json::Object output, json::ParseObject(*answer));
  ASSIGN_OR_RETURN(const json::Object* description, json::GetObject(output, "Table"));
  std::string status = json::GetString(*description, "TableStatus").value_or("ACTIVE");
  return status == "ACTIVE" || status == "UPDATING";
}

Result<bool> DynamoDbDataExists(const Check& check) {
  ASSIGN_OR_RETURN(std::string table, RequiredField(check.object, "tableName"));
  ASSIGN_OR_RETURN(DynamoDbClient dynamodb, DynamoDb(check));
  json::Object body{{"TableName", table}, {"Limit", 1}, {"Select", "COUNT"}};
  CallResult<std::string> answer =
      dynamodb.Call("Scan", json::Write(body), RetryPolicy::kStandard, check.stop);
  if (!answer && answer.error().type == "ResourceNotFoundException") return false;
  if (!answer) return answer.error().ToError("scanning table " + table);
  ASSIGN_OR_RETURN(json::Object output, json::ParseObject(*answer));
  ASSIGN_OR_RETURN(int64_t count, json::GetInt(output, "Count"));
  return count > 0;
}

}  // namespace

Result<bool> CheckPrecondition(const std::vector<PipelineObject>& objects,
                               const std::string& region, const ClientContext& clients,
                               ServiceDirectory& services, std::stop_token stop) {
  if (objects.empty()) return InvalidArgument("a precondition to check came without its object");
  Check check{objects.front(), region, clients, services, std::move(stop)};
  std::string type = FieldOf(check.object, "type").value_or("");
  if (type == "S3KeyExists") return S3KeyExists(check);
  if (type == "S3PrefixNotEmpty") return S3PrefixNotEmpty(check);
  if (type == "DynamoDBTableExists") return DynamoDbTableExists(check);
  if (type == "DynamoDBDataExists") return DynamoDbDataExists(check);
  return InvalidArgument(fmt::format("the server cannot check preconditions of type {} (\"{}\")",
                                     type, check.object.name));
}

}  // namespace penstock
