#include "aws/cross_origin.h"

#include "base/text.h"

namespace penstock {
namespace {

constexpr std::string_view kPreflightMaxAgeSeconds = "172800";
// What browsers may read besides the body; the SDKs need these.
constexpr std::string_view kExposedHeaders =
    "x-amzn-RequestId,x-amzn-errortype,x-amzn-query-error,x-amz-request-id,x-amz-id-2,x-amz-crc32,"
    "x-amz-version-id,x-amz-delete-marker,ETag,Last-Modified,Content-Range,Accept-Ranges,Date";

}  // namespace

bool IsPreflight(const HttpRequest& request) {
  return request.method == "OPTIONS" && request.headers.Has("Origin") &&
         request.headers.Has("Access-Control-Request-Method");
}

HttpResponse OpenPreflightResponse(const HttpRequest& request) {
  auto header = [&](std::string_view name) {
    return std::string(Trim(request.headers.Get(name).value_or("")));
  };
  HttpResponse response;
  response.headers = {{"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Methods", header("access-control-request-method")},
                      {"Access-Control-Max-Age", std::string(kPreflightMaxAgeSeconds)}};
  std::string wanted = header("access-control-request-headers");
  if (!wanted.empty()) response.headers.Add("Access-Control-Allow-Headers", std::move(wanted));
  return response;
}

void AddOpenCrossOriginHeaders(Headers& headers) {
  if (headers.Has("Access-Control-Allow-Origin")) return;
  headers.Add("Access-Control-Allow-Origin", "*");
  headers.Add("Access-Control-Expose-Headers", std::string(kExposedHeaders));
}

}  // namespace penstock
