#include "local/dynamodb/dynamodb_service.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/crc.h"
#include "base/text.h"
#include "json/json.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/operation_shapes.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/table_catalog.h"

namespace penstock {

using namespace dynamodb;  // NOLINT: this file is the namespace's front door

namespace {

constexpr uint64_t kBodyBytesMax = 16 * 1024 * 1024;
/// 32 levels of attribute values are 64 of JSON, within a few of the request's own.
constexpr size_t kJsonDepthMax = 100;
constexpr size_t kTreeSizeMin = 4096;
constexpr std::string_view kTargetPrefix = "DynamoDB_20120810.";
constexpr std::string_view kContentType = "application/x-amz-json-1.0";

struct Operation {
  std::string_view name;
  Answer (*run)(Database&, const Request&);
  const std::span<const Member>* shape;  // nullptr: takes nothing
  /// A way for most bodies that needs no tree; nullopt: this one wants the other.
  std::optional<Answer> (*run_if_plain)(Database&, const Caller&, std::string_view body) = nullptr;
};

constexpr Operation kOperations[] = {
    {"BatchGetItem", BatchGetItem, &kBatchGetItemShape},
    {"BatchWriteItem", BatchWriteItem, &kBatchWriteItemShape, BatchWriteItemIfPlain},
    {"CreateTable", CreateTable, &kCreateTableShape},
    {"DeleteItem", DeleteItem, &kDeleteItemShape},
    {"DeleteTable", DeleteTable, &kTableNameShape},
    {"DescribeContinuousBackups", DescribeContinuousBackups, &kTableNameShape},
    {"DescribeEndpoints", DescribeEndpoints, nullptr},
    {"DescribeLimits", DescribeLimits, nullptr},
    {"DescribeTable", DescribeTable, &kTableNameShape},
    {"DescribeTimeToLive", DescribeTimeToLive, &kTableNameShape},
    {"GetItem", GetItem, &kGetItemShape},
    {"ListTables", ListTables, &kListTablesShape},
    {"ListTagsOfResource", ListTagsOfResource, &kListTagsOfResourceShape},
    {"PutItem", PutItem, &kPutItemShape},
    {"Query", Query, &kQueryShape},
    {"Scan", Scan, &kScanShape},
    {"TagResource", TagResource, &kTagResourceShape},
    {"TransactGetItems", TransactGetItems, &kTransactGetItemsShape},
    {"TransactWriteItems", TransactWriteItems, &kTransactWriteItemsShape},
    {"UntagResource", UntagResource, &kUntagResourceShape},
    {"UpdateContinuousBackups", UpdateContinuousBackups, &kUpdateContinuousBackupsShape},
    {"UpdateItem", UpdateItem, &kUpdateItemShape},
    {"UpdateTable", UpdateTable, &kUpdateTableShape},
    {"UpdateTimeToLive", UpdateTimeToLive, &kUpdateTimeToLiveShape},
};

/// Operations of the API that this server does not have: known, so that the answer can say so.
constexpr std::string_view kUnsupported[] = {
    "BatchExecuteStatement",
    "CreateBackup",
    "CreateGlobalTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DescribeBackup",
    "DescribeContributorInsights",
    "DescribeExport",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeTableReplicaAutoScaling",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExecuteStatement",
    "ExecuteTransaction",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "ImportTable",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTableReplicaAutoScaling",
};

/// 52 characters of [A-Z0-9].
std::string NewRequestId(Random& random) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string id;
  while (id.size() < 52) {
    // Twelve characters fit into 64 bits; what is left over of each draw is thrown away.
    uint64_t bits = random.Next();
    for (int i = 0; i < 12 && id.size() < 52; ++i, bits /= kAlphabet.size()) {
      id.push_back(kAlphabet[bits % kAlphabet.size()]);
    }
  }
  return id;
}

HttpResponse Response(int status, std::string_view content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.Add("x-amz-crc32", std::to_string(Crc32(body)));
  if (!content_type.empty()) response.headers.Add("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

std::string_view MediaType(const HttpRequest& request) {
  std::string_view type = request.headers.Get("Content-Type").value_or("");
  return Trim(type.substr(0, type.find(';')));
}

}  // namespace

struct DynamoDbService::State {
  std::unique_ptr<TableCatalog> catalog;
  std::unique_ptr<TransactionTokens> tokens;
  ItemLocks locks;
  Database database;

  dynamodb::Answer Run(const HttpRequest& request, std::string_view content) {
    auto target = request.headers.Get("X-Amz-Target").value_or("");
    const bool is_ours = target.starts_with(kTargetPrefix);
    if (is_ours) target.remove_prefix(kTargetPrefix.size());
    auto operation = std::find_if(std::begin(kOperations), std::end(kOperations),
                                  [&](const Operation& known) { return known.name == target; });
    const bool is_known = is_ours && operation != std::end(kOperations);
    if (is_known && operation->run_if_plain != nullptr && request.caller) {
      if (auto answer = operation->run_if_plain(database, *request.caller, content)) return *answer;
    }
    // The tree of a bulk request has hundreds of pieces; like this they go as one.
    boost::json::monotonic_resource memory(std::max(content.size(), kTreeSizeMin));
    boost::json::error_code fault;
    const json::Value parsed =
        boost::json::parse(content, fault, &memory, {.max_depth = kJsonDepthMax});
    if (fault) return SerializationError();
    if (!is_known) {
      const bool is_real = is_ours && std::find(std::begin(kUnsupported), std::end(kUnsupported),
                                                target) != std::end(kUnsupported);
      return is_real ? UnsupportedOperation(target) : UnknownOperation();
    }
    if (!request.caller) return MissingAuthenticationToken();
    if (!parsed.is_object()) {
      return SerializationError(parsed.is_array()
                                    ? "Unrecognized collection type class java.util.Map"
                                    : "Unexpected value type in payload");
    }
    const json::Object& object = parsed.get_object();
    if (operation->shape != nullptr) RETURN_IF_ERROR(CheckRequest(object, *operation->shape));
    return operation->run(database, Request{*request.caller, object});
  }
};

DynamoDbService::DynamoDbService(std::unique_ptr<State> state) : state_(std::move(state)) {}
DynamoDbService::~DynamoDbService() = default;

Result<std::unique_ptr<DynamoDbService>> DynamoDbService::Open(KeyValue* store, Clock* clock,
                                                               Random* random,
                                                               const DynamoDbOptions& options) {
  auto state = std::make_unique<State>();
  ASSIGN_OR_RETURN(state->catalog, TableCatalog::Load(store, clock, options));
  state->tokens = std::make_unique<TransactionTokens>(store, clock);
  state->database = {
      store, clock, random, options, state->catalog.get(), state->tokens.get(), &state->locks};
  return std::unique_ptr<DynamoDbService>(new DynamoDbService(std::move(state)));
}

HttpResponse DynamoDbService::Answer(const HttpRequest& request, std::string_view body) {
  if (request.method == "GET") {
    std::string region = request.caller ? request.caller->region : "us-east-1";
    return Response(200, "", fmt::format("healthy: dynamodb.{}.amazonaws.com ", region));
  }
  std::string_view type = MediaType(request);
  if (request.method != "POST" ||
      (!body.empty() && type != kContentType && type != "application/json")) {
    return Response(404, "", "<UnknownOperationException/>\n");
  }
  if (type != kContentType) type = "application/json";
  dynamodb::Answer answer = state_->Run(request, body);
  if (answer) return Response(200, type, std::move(*answer));
  return Response(answer.error().http, type, ErrorBody(answer.error()));
}

void DynamoDbService::Serve(HttpRequest request, BodySource& body,
                            std::unique_ptr<Responder> responder) {
  auto content = ReadAll(body, kBodyBytesMax);
  HttpResponse response;
  if (content) {
    response = Answer(request, *content);
  } else if (content.error().code == ErrorCode::kResourceExhausted) {
    response.status = 413;
  } else {
    return;  // the peer is gone, or what it sent is not what it signed
  }
  response.headers.Add("x-amzn-RequestId", NewRequestId(*state_->database.random));
  responder->Respond(std::move(response));
}

}  // namespace penstock
