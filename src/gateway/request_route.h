// Which service a request is for, and in which protocol its errors must be worded. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/error_response.h"
#include "ports/http.h"

namespace penstock {

struct Route {
  std::string service;  // signing name
  WireProtocol protocol = WireProtocol::kRestXml;
  /// The service that the signature's scope names; empty if there is no scope. Differs from
  /// `service` when the scope contradicts the request's target.
  std::string scope_service;
  std::string operation;  // "PutItem", "Publish"; empty where only the service can tell (S3)
  bool operator==(const Route&) const = default;
};

/// In this order: the service in the signature's scope (header, then query; Version 2 means S3), a
/// "/service/…" path, X-Amz-Target, the content type of a JSON service, Action in the query, else
/// S3. A known X-Amz-Target or path wins over a scope that names another service.
Route RouteOf(const HttpRequest& request);

/// A header's value without the space around it; empty when there is none. Views into `request`.
std::string_view HeaderOf(const HttpRequest& request, std::string_view name);

/// The signing name of the query service that an Action belongs to, told from the API Version
/// parameter; nullopt: unknown.
std::optional<std::string> QueryServiceOf(std::string_view version);

/// The bucket that a virtual-host style Host header names under `domain` ("b.s3.local:7400" and
/// "s3.local" give "b"); nullopt if the host is the domain itself or outside it.
std::optional<std::string> VirtualHostBucket(std::string_view host, std::string_view domain);

}  // namespace penstock
