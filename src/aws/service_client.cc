#include "aws/service_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "aws/xml_reader.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr int kStandardTries = 3;
constexpr std::chrono::minutes kThrottledMax{10};  // of a patient call
constexpr Duration kBackOffBase{100};
constexpr Duration kBackOffMax{20'000};
constexpr Duration kStopCheckEvery{100};
/// curl sends a body of up to so many bytes together with the head; a longer one is not copied.
constexpr size_t kSentWithHeadMax = 64u << 10;

// How CallError tells "no answer came, and none will" from "no answer came".
constexpr std::string_view kCanceledType = "Canceled";
constexpr std::string_view kNoCredentialsType = "NoCredentials";

constexpr auto kThrottles = std::to_array<std::string_view>({
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
});

// What AWS answers with 4xx although the same request may succeed later.
constexpr auto kTransients = std::to_array<std::string_view>({
    // S3's 409: another write of that key was under way. It decides the condition anew next time.
    "ConditionalRequestConflict",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
});

template <size_t kCount>
bool OneOf(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" and "ValidationException:http://…"
// both name one error.
std::string BareType(std::string_view type) {
  if (size_t hash = type.rfind('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
  return std::string(Trim(type.substr(0, type.find(':'))));
}

std::string TypeOfStatus(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 304:
      return "NotModified";
    case 400:
      return "BadRequest";
    case 403:
      return "AccessDenied";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 412:
      return "PreconditionFailed";
    case 413:
      return "RequestEntityTooLarge";
    case 416:
      return "InvalidRange";
    case 429:
      return "TooManyRequestsException";
    case 503:
      return "ServiceUnavailable";
    default:
      return status >= 500 ? "InternalFailure" : fmt::format("HTTP{}", status);
  }
}

void ReadJsonError(std::string_view body, CallError& error) {
  auto parsed = json::ParseObject(body);
  if (!parsed) return;
  auto text = [&](std::string_view key) -> std::string {
    const json::Value* value = json::Find(*parsed, key);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  };
  for (const char* key : {"__type", "code"}) {
    if (error.type.empty()) error.type = BareType(text(key));
  }
  for (const char* key : {"message", "Message", "errorMessage"}) {
    if (error.message.empty()) error.message = text(key);
  }
}

void ReadXmlError(std::string_view body, CallError& error) {
  auto root = ParseXml(body);
  if (!root) return;
  const XmlElement* inner = root->name == "Error" ? &*root : root->Child("Error");
  if (inner == nullptr) return;
  error.type = BareType(inner->ChildText("Code"));
  error.message = inner->ChildText("Message");
  std::string_view id = root->ChildText("RequestId");
  if (error.request_id.empty()) error.request_id = id.empty() ? inner->ChildText("RequestId") : id;
}

// Counts what went through: a body that has begun to flow cannot be asked for again.
class CountingSink : public BodySink {
 public:
  explicit CountingSink(BodySink* sink) : sink_(sink) {}
  Status Write(std::string_view bytes) override {
    written_ += bytes.size();
    return sink_->Write(bytes);
  }
  uint64_t written() const { return written_; }

 private:
  BodySink* sink_;
  uint64_t written_ = 0;
};

CallError NoAnswer(const Error& error) {
  return {error.code == ErrorCode::kCanceled ? std::string(kCanceledType) : std::string(),
          error.message,
          0,
          {}};
}

CallResult<HttpResponse> CallOnce(const ClientContext& context, const ServiceEndpoint& endpoint,
                                  const ServiceCall& call, const std::string& payload_hash,
                                  BodySink* sink, const std::stop_token& stop) {
  CallError no_credentials{
      std::string(kNoCredentialsType), "this endpoint has no credentials", 0, {}};
  if (endpoint.credentials == nullptr) return no_credentials;
  auto credentials = endpoint.credentials->Get();
  if (!credentials) {
    no_credentials.message = credentials.error().message;
    return no_credentials;
  }
  ClientRequest request;
  request.method = call.method;
  request.url = endpoint.url + call.target;
  request.ca_bundle = endpoint.ca_bundle;
  request.headers = call.headers;
  request.timeout = call.timeout;
  SignRequest(request, {*std::move(credentials), endpoint.region, call.service}, payload_hash,
              context.clock->Now(), endpoint.signing_keys.get());
  const bool is_small = call.body.size() <= kSentWithHeadMax;
  if (is_small) request.body = call.body;
  StringSource source(call.body);
  auto response = context.http->Send(request, is_small ? nullptr : &source, sink, stop);
  if (!response) return NoAnswer(response.error());
  if (response->status < 200 || response->status > 299) return ReadCallError(*response);
  return *std::move(response);
}

}  // namespace

bool CallError::IsThrottle() const { return http == 429 || OneOf(kThrottles, type); }

bool CallError::IsRetryable() const {
  if (http == 0) return type.empty();
  return http >= 500 || IsThrottle() || OneOf(kTransients, type);
}

Error CallError::ToError(std::string_view attempted) const {
  if (type == kCanceledType) return Canceled(fmt::format("{}: {}", attempted, message));
  if (type == kNoCredentialsType)
    return PermissionDenied(fmt::format("{}: {}", attempted, message));
  if (http == 0) return Unavailable(fmt::format("{}: no answer: {}", attempted, message));
  // What follows an empty line is the canonical request, which is for those who write clients.
  const std::string_view told = std::string_view(message).substr(0, message.find("\n\n"));
  std::string text =
      fmt::format("{}: {}{}{} (HTTP {}{}{})", attempted, type, told.empty() ? "" : ": ", told, http,
                  request_id.empty() ? "" : ", request ", request_id);
  if (IsRetryable()) return Unavailable(std::move(text));
  if (http == 403 || type == "UnrecognizedClientException" || type == "InvalidSignatureException" ||
      type == "AccessDeniedException") {
    return PermissionDenied(std::move(text));
  }
  if (http == 404 || type == "ResourceNotFoundException") return NotFound(std::move(text));
  if (http == 412 || http == 409) return FailedPrecondition(std::move(text));
  return InvalidArgument(std::move(text));
}

CallError ReadCallError(const HttpResponse& response) {
  CallError error;
  error.http = response.status;
  for (const char* name : {"x-amzn-RequestId", "x-amz-request-id"}) {
    auto id = response.headers.Get(name);
    if (id && error.request_id.empty()) error.request_id = *id;
  }
  std::string_view body = Trim(response.body);
  if (body.starts_with('{')) ReadJsonError(body, error);
  if (body.starts_with('<')) ReadXmlError(body, error);
  auto header_type = response.headers.Get("x-amzn-errortype");
  if (error.type.empty() && header_type) error.type = BareType(*header_type);
  if (error.type.empty()) error.type = TypeOfStatus(response.status);
  if (response.status == 301) {
    // What S3 says of it in words is not where.
    if (auto region = response.headers.Get("x-amz-bucket-region")) {
      error.message = fmt::format("the bucket is in region {}; ask there", *region);
    } else if (error.message.empty()) {
      error.message = "the bucket is in another region, which is not said; ask there";
    }
  }
  return error;
}

bool BackOff(const ClientContext& context, int tries, const std::stop_token& stop) {
  Duration ceiling = std::min(kBackOffBase * (int64_t{1} << std::min(tries, 16)), kBackOffMax);
  Duration left(
      static_cast<int64_t>(context.random->Below(static_cast<uint64_t>(ceiling.count()) + 1)));
  while (left > Duration::zero() && !stop.stop_requested()) {
    Duration slice = std::min(left, kStopCheckEvery);
    context.clock->Sleep(slice);
    left -= slice;
  }
  return !stop.stop_requested();
}

CallResult<HttpResponse> CallService(const ClientContext& context, const ServiceEndpoint& endpoint,
                                     const ServiceCall& call, RetryPolicy retry, BodySink* sink,
                                     std::stop_token stop) {
  const std::string payload_hash =
      call.body.empty() ? std::string(kEmptySha256) : HexEncode(Sha256(call.body));
  const int tries_max = retry == RetryPolicy::kNone ? 1 : kStandardTries;
  const auto throttled_until = context.clock->Monotonic() + kThrottledMax;
  CountingSink counting(sink);
  for (int tries = 1;; ++tries) {
    auto response = CallOnce(context, endpoint, call, payload_hash,
                             sink == nullptr ? nullptr : &counting, stop);
    if (response || !response.error().IsRetryable() || counting.written() > 0) return response;
    const bool waits = retry == RetryPolicy::kPatient && response.error().IsThrottle() &&
                       context.clock->Monotonic() < throttled_until;
    if (tries >= tries_max && !waits) return response;
    if (!BackOff(context, tries, stop)) return response;
  }
}

ServiceCall JsonCall(std::string_view service, std::string_view target_prefix,
                     std::string_view version, std::string_view operation, std::string_view body) {
  ServiceCall call;
  call.service = service;
  call.headers = {{"Content-Type", fmt::format("application/x-amz-json-{}", version)},
                  {"X-Amz-Target", fmt::format("{}.{}", target_prefix, operation)}};
  call.body = body;
  return call;
}

}  // namespace penstock
