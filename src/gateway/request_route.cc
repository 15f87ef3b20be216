#include "gateway/request_route.h"

#include <algorithm>
#include <array>

#include "aws/query_protocol.h"
#include "aws/signature_check.h"
#include "base/text.h"

namespace penstock {
namespace {

struct TargetPrefix {
  std::string_view prefix;
  std::string_view service;
};
constexpr auto kTargetPrefixes = std::to_array<TargetPrefix>({
    {"AmazonSQS", "sqs"},
    {"DataPipeline", "datapipeline"},
    {"DataPipeline_20121129", "datapipeline"},
    {"DynamoDBStreams_20120810", "dynamodb"},
    {"DynamoDB_20111205", "dynamodb"},
    {"DynamoDB_20120810", "dynamodb"},
    {"ElasticMapReduce", "elasticmapreduce"},
    {"GraniteServiceVersion20100801", "monitoring"},
});

struct QueryVersion {
  std::string_view version;
  std::string_view service;
};
constexpr auto kQueryVersions = std::to_array<QueryVersion>({
    {"2010-03-31", "sns"},
    {"2010-05-08", "iam"},
    {"2010-08-01", "monitoring"},
    {"2011-06-15", "sts"},
    {"2012-11-05", "sqs"},
});

std::optional<std::string> ServiceOfTarget(std::string_view target) {
  std::string_view prefix = target.substr(0, target.rfind('.'));
  for (const TargetPrefix& known : kTargetPrefixes) {
    if (known.prefix == prefix) return std::string(known.service);
  }
  return std::nullopt;
}

bool IsJson(std::string_view content_type, std::string_view version) {
  std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  constexpr std::string_view kPrefix = "application/x-amz-json-";
  return type.starts_with(kPrefix) && type.substr(kPrefix.size()) == version;
}

WireProtocol ProtocolOf(const HttpRequest& request, std::string_view service) {
  if (service == "s3") return WireProtocol::kRestXml;
  if (service == "dynamodb") return WireProtocol::kJson10;
  if (service == "datapipeline" || service == "elasticmapreduce") return WireProtocol::kJson11;
  std::string_view content_type = HeaderOf(request, "content-type");
  if (HeaderOf(request, "smithy-protocol") == "rpc-v2-cbor" ||
      content_type.starts_with("application/cbor")) {
    return WireProtocol::kCbor;
  }
  if (IsJson(content_type, "1.0")) return WireProtocol::kJson10;
  if (IsJson(content_type, "1.1") || request.headers.Has("x-amz-target"))
    return WireProtocol::kJson11;
  bool query_service = std::any_of(kQueryVersions.begin(), kQueryVersions.end(),
                                   [&](const auto& q) { return q.service == service; });
  bool form = content_type.starts_with("application/x-www-form-urlencoded");
  return query_service || form ? WireProtocol::kQuery : WireProtocol::kRestXml;
}

// "/service/GraniteServiceVersion20100801/operation/PutMetricData" (Smithy RPC v2).
struct RpcPath {
  std::string service, operation;
};
std::optional<RpcPath> ReadRpcPath(const HttpRequest& request) {
  std::vector<std::string_view> parts = Split(request.RawPath(), '/');
  if (parts.size() != 5 || parts[1] != "service" || parts[3] != "operation") return std::nullopt;
  // A bucket may well be called "service": only the protocol's own header makes it this.
  if (HeaderOf(request, "smithy-protocol") != "rpc-v2-cbor") return std::nullopt;
  auto service = ServiceOfTarget(std::string(parts[2]) + ".");
  return RpcPath{service.value_or(std::string(parts[2])), std::string(parts[4])};
}

}  // namespace

std::string_view HeaderOf(const HttpRequest& request, std::string_view name) {
  return Trim(request.headers.Get(name).value_or(""));
}

std::optional<std::string> QueryServiceOf(std::string_view version) {
  for (const QueryVersion& known : kQueryVersions) {
    if (known.version == version) return std::string(known.service);
  }
  return std::nullopt;
}

Route RouteOf(const HttpRequest& request) {
  Route route;
  route.scope_service = ClaimedService(request);
  route.service = route.scope_service;
  std::string_view target = HeaderOf(request, "x-amz-target");
  size_t dot = target.rfind('.');
  if (dot != std::string_view::npos) route.operation = target.substr(dot + 1);
  if (auto rpc = ReadRpcPath(request)) {
    route.service = rpc->service;
    route.operation = rpc->operation;
  } else if (auto service = ServiceOfTarget(target)) {
    route.service = *service;
  } else if (route.service.empty() && IsJson(HeaderOf(request, "content-type"), "1.0")) {
    route.service = "dynamodb";
  } else if (route.service.empty() && IsJson(HeaderOf(request, "content-type"), "1.1")) {
    route.service = "datapipeline";
  }
  if (!request.RawQuery().empty() && (route.service.empty() || route.operation.empty()) &&
      route.service != "s3") {
    QueryParameters query(request.RawQuery(), {});
    auto version = query.Get("Version");
    if (route.service.empty() && version) route.service = QueryServiceOf(*version).value_or("");
    // SNS's own links carry no version.
    std::string action = query.Action();
    if (route.service.empty() && (action == "ConfirmSubscription" || action == "Unsubscribe"))
      route.service = "sns";
    if (route.operation.empty()) route.operation = action;
  }
  if (route.service.empty()) route.service = "s3";
  route.protocol = ProtocolOf(request, route.service);
  return route;
}

std::optional<std::string> VirtualHostBucket(std::string_view host, std::string_view domain) {
  if (domain.empty()) return std::nullopt;
  host = host.substr(0, host.rfind(':'));
  domain = domain.substr(0, domain.rfind(':'));
  if (host.size() <= domain.size() + 1) return std::nullopt;
  std::string_view tail = host.substr(host.size() - domain.size());
  if (!EqualsIgnoreCase(tail, domain) || host[host.size() - domain.size() - 1] != '.')
    return std::nullopt;
  return AsciiLower(host.substr(0, host.size() - domain.size() - 1));
}

}  // namespace penstock
