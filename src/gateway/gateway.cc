#include "gateway/gateway.h"

#include <fmt/core.h>

#include <algorithm>

#include "aws/chunked_body.h"
#include "aws/cross_origin.h"
#include "aws/form_upload.h"
#include "aws/query_protocol.h"
#include "base/check.h"
#include "base/crc.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "gateway/signature_error.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr std::string_view kOwnPaths = "/_penstock";
constexpr uint64_t kDynamoDbBodyMax = uint64_t{16}
                                      << 20;  // AWS's own limit, answered with a bare 413
/// EvaluateExpression takes a text of 20 MiB; some room for JSON around and in it.
constexpr uint64_t kBodyMax = uint64_t{22} << 20;

std::string NewRequestId(Random& random) {
  uint64_t high = random.Next(), low = random.Next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFF, 8 + (low >> 62), low >> 48 & 0xFFF, low & 0xFFFF'FFFF'FFFF);
}

bool IsLoopback(std::string_view peer) {
  return peer.starts_with("127.") || peer.starts_with("[::1]") || peer == "::1" ||
         peer.starts_with("[::ffff:127.");
}

HttpResponse PlainText(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

bool IsDynamoDbContentType(std::string_view content_type) {
  std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  return EqualsIgnoreCase(type, "application/x-amz-json-1.0") ||
         EqualsIgnoreCase(type, "application/json");
}

HttpResponse WithCrc32(HttpResponse response) {
  response.headers.Add("x-amz-crc32", std::to_string(Crc32(response.body)));
  return response;
}

// What DynamoDB answers before it looks at anything else.
HttpResponse DynamoDbUnknownOperation() {
  return WithCrc32({404, {}, "<UnknownOperationException/>\n"});
}

// DynamoDB reads the body and the operation before it looks at the signature, so a bad signature
// only shows on a request that is otherwise in order.
std::optional<ApiError> DynamoDbErrorBeforeSignature(const HttpRequest& request,
                                                     std::string_view body) {
  if (!body.empty() && !json::Parse(body))
    return ApiError{"com.amazon.coral.service#SerializationException", "", 400, {}};
  std::string_view target = HeaderOf(request, "x-amz-target");
  std::string_view api = target.substr(0, target.find('.'));
  bool known = api == "DynamoDB_20120810" || api == "DynamoDBStreams_20120810";
  if (!known || std::count(target.begin(), target.end(), '.') != 1 ||
      target.size() == api.size() + 1) {
    return ApiError{"com.amazon.coral.service#UnknownOperationException", "", 400, {}};
  }
  return std::nullopt;
}

ApiError InvalidRequest(std::string message) {
  return {"InvalidRequest", std::move(message), 400, {}};
}

// Nobody signs a preflight, so that its lack of a signature is not what is wrong with it.
ApiError UnfinishedPreflight(const HttpRequest& request) {
  return {"BadRequest",
          request.headers.Has("Origin") ? "Invalid Access-Control-Request-Method: null"
                                        : "Insufficient information. Origin request header needed.",
          400,
          {}};
}

// A query service's call; which one's stands in its body, but unsigned it gets the same answer from
// each.
bool IsUnsignedForm(const HttpRequest& request) {
  return request.method == "POST" && request.RawPath() == "/" &&
         !request.headers.Has("authorization") && request.RawQuery().empty() &&
         HeaderOf(request, "content-type").starts_with("application/x-www-form-urlencoded");
}

// What old libraries put where the region belongs.
bool NamesNoRegion(std::string_view region) {
  return region.empty() || region == "0" || region == "aws-global";
}

}  // namespace

// One request on its way through.
struct Gateway::Call {
  HttpRequest request;
  std::unique_ptr<Responder> responder;
  Route route;
  std::string
      path_style_target;  // as `request.target`, but with a virtual host's bucket in the path
  AccessRecord record;
  std::chrono::nanoseconds begun_at{};

  SignatureErrorContext ErrorContext(Instant now) const {
    return {route.service, route.protocol, request, now};
  }
};

Gateway::Gateway(GatewayOptions options) : options_(std::move(options)) {
  CHECK(options_.clock != nullptr && options_.random != nullptr && options_.key_ring != nullptr);
}

void Gateway::Register(std::string signing_name, HttpService* service) {
  CHECK(service != nullptr && FindService(signing_name) == nullptr, "{}", signing_name);
  services_.emplace_back(std::move(signing_name), service);
  std::sort(services_.begin(), services_.end());
}

void Gateway::RegisterPath(std::string prefix, HttpService* service, PathAccess access) {
  CHECK(service != nullptr && prefix.starts_with(kOwnPaths), "{}", prefix);
  mounts_.push_back({std::move(prefix), service, access});
  std::stable_sort(mounts_.begin(), mounts_.end(), [](const Mount& a, const Mount& b) {
    return a.prefix.size() > b.prefix.size();
  });
}

HttpService* Gateway::FindService(std::string_view signing_name) const {
  for (const auto& [name, service] : services_) {
    if (name == signing_name) return service;
  }
  return nullptr;
}

const Gateway::Mount* Gateway::FindMount(std::string_view path) const {
  for (const Mount& mount : mounts_) {
    if (!path.starts_with(mount.prefix)) continue;
    std::string_view rest = path.substr(mount.prefix.size());
    if (rest.empty() || rest[0] == '/' || mount.prefix.ends_with('/')) return &mount;
  }
  return nullptr;
}

void Gateway::Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) {
  if (request.request_id.empty()) request.request_id = NewRequestId(*options_.random);
  if (request.received_at == Instant{}) request.received_at = options_.clock->Now();
  request.caller.reset();
  std::string_view path = request.RawPath();
  if (!path.starts_with('/')) {
    responder->Respond(PlainText(400, "The request target must be a path.\n"));
    return;
  }
  if (IsPreflight(request)) return ServePreflight(std::move(request), body, std::move(responder));
  bool ours = path == kOwnPaths || path.starts_with(std::string(kOwnPaths) + "/");
  if (ours) {
    const Mount* mount = FindMount(path);
    if (mount == nullptr) {
      responder->Respond(PlainText(404, fmt::format("There is nothing at {}.\n", path)));
      return;
    }
    ServeMount(*mount, std::move(request), body, std::move(responder));
    return;
  }
  Call call{std::move(request), std::move(responder), {}, {}, {}, options_.clock->Monotonic()};
  ServeAws(call, body);
}

void Gateway::ServePreflight(HttpRequest request, BodySource& body,
                             std::unique_ptr<Responder> responder) {
  // Buckets have rules of their own. A preflight names no service: what is below "/" is S3's.
  HttpService* s3 = FindService("s3");
  auto bucket = VirtualHostBucket(HeaderOf(request, "host"), options_.s3_domain);
  std::string_view path = request.RawPath();
  bool is_s3 = s3 != nullptr && !path.starts_with(kOwnPaths) && (bucket || path != "/");
  if (!is_s3) {
    responder->Respond(OpenPreflightResponse(request));
    return;
  }
  if (bucket) request.target = "/" + *bucket + request.target;
  s3->Serve(std::move(request), body, std::move(responder));
}

void Gateway::ServeMount(const Mount& mount, HttpRequest request, BodySource& body,
                         std::unique_ptr<Responder> responder) {
  if (mount.access == PathAccess::kMetrics && !IsLoopback(request.peer_address)) {
    constexpr std::string_view kScheme = "Bearer ";
    std::string_view authorization = HeaderOf(request, "authorization");
    bool allowed = !options_.metrics_token.empty() && authorization.starts_with(kScheme) &&
                   ConstantTimeEquals(authorization.substr(kScheme.size()), options_.metrics_token);
    if (!allowed) {
      HttpResponse refused = PlainText(401,
                                       "Metrics are served to this machine only, or with "
                                       "\"Authorization: Bearer <metrics token>\".\n");
      refused.headers.Add("WWW-Authenticate", "Bearer");
      responder->Respond(std::move(refused));
      return;
    }
  }
  mount.service->Serve(std::move(request), body, std::move(responder));
}

void Gateway::ServeAws(Call& call, BodySource& body) {
  HttpRequest& request = call.request;
  call.route = RouteOf(request);
  call.path_style_target = request.target;
  if (call.route.service == "s3") {
    if (auto bucket = VirtualHostBucket(HeaderOf(request, "host"), options_.s3_domain)) {
      call.path_style_target = "/" + *bucket + request.target;
    }
    call.route.operation =
        fmt::format("{} {}", request.method,
                    call.path_style_target.substr(0, call.path_style_target.find('?')));
  }
  call.record.request_id = request.request_id;
  call.record.peer_address = request.peer_address;
  call.record.service = call.route.service;
  call.record.operation = call.route.operation;
  if (ServeUnsigned(call, body)) return;
  if (call.route.service == "s3" && IsUnsignedForm(request)) {
    call.route.protocol = WireProtocol::kQuery;
    call.record.service = "query";
    SignatureFault missing{SignatureProblem::kMissing};
    return Fail(call, SignatureError(call.ErrorContext(options_.clock->Now()), missing, nullptr));
  }
  if (FindService(call.route.service) == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, service] : services_) names.push_back(name);
    Fail(call, {"UnknownService",
                fmt::format("This server does not serve '{}', the service that the request is "
                            "signed for. It serves: {}.",
                            call.route.service, Join(names, ", ")),
                400,
                {}});
    return;
  }
  if (call.route.service == "s3") {
    ServeS3(call, body);
  } else {
    ServeBuffered(call, body);
  }
}

bool Gateway::ServeUnsigned(Call& call, BodySource& body) {
  HttpRequest& request = call.request;
  if (request.method != "GET" || request.RawPath() != "/") return false;
  if (call.path_style_target.size() != request.target.size())
    return false;  // a virtual-host bucket's listing
  if (request.headers.Has("authorization") || !call.route.scope_service.empty()) return false;
  if (request.RawQuery().empty() && FindService("dynamodb") != nullptr) {
    call.route = {"dynamodb", WireProtocol::kJson10, "", "Health"};
    call.record.service = "dynamodb";
    call.record.operation = "Health";
    Recorded(call)->Respond(WithCrc32(
        PlainText(200, fmt::format("healthy: dynamodb.{}.amazonaws.com ", options_.region))));
    return true;
  }
  QueryParameters query(request.RawQuery(), {});
  std::string action = query.Action();
  HttpService* sns = FindService("sns");
  if (sns == nullptr || !query.Get("Token") ||
      (action != "ConfirmSubscription" && action != "Unsubscribe")) {
    return false;
  }
  Forward(call, *sns, body);
  return true;
}

ApiResult<AccessKey> Gateway::Authenticate(Call& call, const SignatureClaim& claim,
                                           std::string_view payload_hash) {
  Instant now = options_.clock->Now();
  call.record.access_key_id = claim.access_key_id;
  if (auto fits = CheckTime(claim, now); !fits)
    return SignatureError(call.ErrorContext(now), fits.error(), &claim);
  if (call.route.scope_service != call.route.service)
    return WrongServiceError(call.ErrorContext(now), call.route.scope_service);
  return Admit(call, claim, now, [&](const std::string& secret) {
    return CheckSignature(claim, call.request, {payload_hash, call.path_style_target}, secret,
                          signing_keys_);
  });
}

template <class Check>
ApiResult<AccessKey> Gateway::Admit(Call& call, const SignatureClaim& claim, Instant now,
                                    Check check) {
  SignatureErrorContext context = call.ErrorContext(now);
  call.record.access_key_id = claim.access_key_id;
  std::optional<AccessKey> key = options_.key_ring->Find(claim.access_key_id);
  if (!key) return UnknownKeyError(context, claim.access_key_id);
  if (key->expires_at && *key->expires_at <= now)
    return ExpiredKeyError(context, claim.session_token);
  if (Result<void, SignatureFault> right = check(key->secret); !right)
    return SignatureError(context, right.error(), &claim);
  // After the signature, as AWS does: only who has the secret learns about the token.
  if (!ConstantTimeEquals(key->session_token, claim.session_token))
    return SessionTokenError(context, claim.session_token);
  Caller caller{key->account, key->access_key_id, key->user_arn, claim.scope.region,
                call.route.service};
  if (NamesNoRegion(caller.region)) caller.region = options_.region;
  call.record.account = caller.account;
  call.request.caller = std::move(caller);
  return *std::move(key);
}

void Gateway::ServeS3(Call& call, BodySource& body) {
  HttpRequest& request = call.request;
  auto claim = ParseSignature(request);
  if (!claim && claim.error().problem == SignatureProblem::kMissing && request.method == "POST") {
    if (auto boundary = FormBoundary(HeaderOf(request, "content-type"))) {
      return ServeForm(call, *boundary, body);
    }
  }
  if (!claim && claim.error().problem == SignatureProblem::kMissing &&
      request.method == "OPTIONS") {
    return Fail(call, UnfinishedPreflight(request));
  }
  if (!claim)
    return Fail(call,
                SignatureError(call.ErrorContext(options_.clock->Now()), claim.error(), nullptr));

  std::string payload_hash(HeaderOf(request, "x-amz-content-sha256"));
  bool v4_header = claim->kind == SignatureKind::kHeaderV4;
  bool in_query = false;
  if (payload_hash.empty() && claim->kind == SignatureKind::kQueryV4) {
    payload_hash = QueryParameters(request.RawQuery(), {}).Get("X-Amz-Content-Sha256").value_or("");
    in_query = !payload_hash.empty();
  }
  if (payload_hash.empty() && v4_header) {
    return Fail(call,
                InvalidRequest("Missing required header for this request: x-amz-content-sha256"));
  }
  if (payload_hash.empty()) payload_hash = kUnsignedPayload;
  std::optional<PayloadKind> kind = ParsePayloadKind(payload_hash);
  if (!kind) {
    return Fail(
        call, {"InvalidArgument",
               "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
               "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or "
               "a valid "
               "sha256 value.",
               400,
               {{"ArgumentName", "x-amz-content-sha256"}, {"ArgumentValue", payload_hash}}});
  }
  if (*kind == PayloadKind::kAsymmetric) {
    return Fail(
        call,
        {"NotImplemented",
         "Chunks signed with SigV4A (AWS4-ECDSA-P256-SHA256) are not supported; sign them with "
         "AWS4-HMAC-SHA256.",
         501,
         {}});
  }
  // Signers of presigned URLs differ: most sign UNSIGNED-PAYLOAD even when the upload then carries
  // a hash.
  bool covered = v4_header || in_query ||
                 std::binary_search(claim->signed_headers.begin(), claim->signed_headers.end(),
                                    std::string("x-amz-content-sha256"));
  std::string_view signed_hash = covered ? std::string_view(payload_hash) : kUnsignedPayload;
  auto key = Authenticate(call, *claim, signed_hash);
  if (!key) return Fail(call, key.error());
  if (auto names = UncoveredHeaders(*claim, request.headers); !names.empty()) {
    SignatureFault fault{SignatureProblem::kUnsignedHeaders, Join(names, ", ")};
    return Fail(call, SignatureError(call.ErrorContext(options_.clock->Now()), fault, &*claim));
  }

  HttpService& s3 = *FindService("s3");
  request.target = call.path_style_target;
  if (*kind == PayloadKind::kUnsigned) return Forward(call, s3, body);
  if (*kind == PayloadKind::kHash) {
    auto checked = HashCheckedBody(body, payload_hash);
    return Forward(call, s3, *checked);
  }

  std::string_view decoded_text = HeaderOf(request, "x-amz-decoded-content-length");
  if (decoded_text.empty()) {
    return Fail(call, {"MissingContentLength",
                       "You must provide the x-amz-decoded-content-length HTTP header.",
                       411,
                       {}});
  }
  std::optional<uint64_t> decoded_size = ParseUint64(decoded_text);
  if (!decoded_size) {
    return Fail(call, {"InvalidArgument",
                       "x-amz-decoded-content-length must be a number of bytes",
                       400,
                       {{"ArgumentName", "x-amz-decoded-content-length"},
                        {"ArgumentValue", std::string(decoded_text)}}});
  }
  std::optional<ChunkSigning> signing;
  if (*kind != PayloadKind::kUnsignedChunksTrailer) {
    if (!v4_header)
      return Fail(call,
                  InvalidRequest("Signed chunks need a signature in the Authorization header"));
    signing = {signing_keys_.Get(key->secret, claim->scope), claim->date_text, claim->scope,
               claim->signature};
  }
  auto decoded =
      ChunkedBody(body, *decoded_size, *kind != PayloadKind::kSignedChunks, std::move(signing));
  // The framing ends here; what remains is the object's own encoding.
  std::vector<std::string> encodings;
  for (std::string_view encoding : Split(HeaderOf(request, "content-encoding"), ',')) {
    if (!Trim(encoding).empty() && !EqualsIgnoreCase(Trim(encoding), "aws-chunked"))
      encodings.emplace_back(Trim(encoding));
  }
  request.headers.Remove("Content-Encoding");
  if (!encodings.empty()) request.headers.Add("Content-Encoding", Join(encodings, ","));
  Forward(call, s3, *decoded);
}

// A browser's upload: what is signed is the policy in the form, and that comes before the file.
void Gateway::ServeForm(Call& call, const std::string& boundary, BodySource& body) {
  Instant now = options_.clock->Now();
  call.request.target = call.path_style_target;
  // The policy allows an upload and nothing else; a query would ask for another operation. (A
  // virtual host's name may bring one too.)
  if (!call.request.RawQuery().empty()) {
    SignatureFault missing{SignatureProblem::kMissing};
    return Fail(call, SignatureError(call.ErrorContext(now), missing, nullptr));
  }
  auto form = FormUpload::Read(body, boundary);
  if (!form) return Fail(call, form.error());
  auto claim = ParseFormSignature(**form);
  if (!claim) return Fail(call, SignatureError(call.ErrorContext(now), claim.error(), nullptr));
  call.record.access_key_id = claim->access_key_id;
  if (claim->scope.service != "s3")
    return Fail(call, WrongServiceError(call.ErrorContext(now), claim->scope.service));
  auto key = Admit(call, *claim, now, [&](const std::string& secret) {
    return CheckFormSignature(*claim, (*form)->Field("policy").value_or(""), secret, signing_keys_);
  });
  if (!key) return Fail(call, key.error());
  ResumedSource whole((*form)->head(), body);
  Forward(call, *FindService("s3"), whole);
}

void Gateway::ServeBuffered(Call& call, BodySource& body) {
  HttpRequest& request = call.request;
  bool dynamodb = call.route.service == "dynamodb";
  if (dynamodb && request.method != "POST")
    return Recorded(call)->Respond(DynamoDbUnknownOperation());

  auto claim = ParseSignature(request);
  // Nobody unknown makes us hold 22 MiB; DynamoDB's order of checks needs the body, and its limit
  // is lower.
  Instant now = options_.clock->Now();
  if (!claim && !dynamodb)
    return Fail(call, SignatureError(call.ErrorContext(now), claim.error(), nullptr));
  if (!dynamodb && !options_.key_ring->Find(claim->access_key_id)) {
    call.record.access_key_id = claim->access_key_id;
    auto fits = CheckTime(*claim, now);
    return Fail(call, fits ? UnknownKeyError(call.ErrorContext(now), claim->access_key_id)
                           : SignatureError(call.ErrorContext(now), fits.error(), &*claim));
  }

  auto bytes = ReadAll(body, dynamodb ? kDynamoDbBodyMax : kBodyMax);
  if (!bytes) {
    if (bytes.error().code == ErrorCode::kResourceExhausted) {
      if (dynamodb) return Recorded(call)->Respond({413, {}, {}});
      return Fail(call,
                  {"RequestEntityTooLarge", "The request body is longer than 22 MiB.", 413, {}});
    }
    if (bytes.error().code == ErrorCode::kDeadlineExceeded) {
      return Fail(call,
                  {"RequestTimeoutException", "The request body did not arrive in time.", 408, {}});
    }
    Recorded(call).reset();  // the peer is gone: nobody to answer, but the call is on record
    return;
  }
  if (dynamodb && !bytes->empty() && !IsDynamoDbContentType(HeaderOf(request, "content-type"))) {
    return Recorded(call)->Respond(DynamoDbUnknownOperation());
  }
  ApiResult<AccessKey> key = claim ? Authenticate(call, *claim, HexEncode(Sha256(*bytes)))
                                   : SignatureError(call.ErrorContext(now), claim.error(), nullptr);
  if (!key) {
    std::optional<ApiError> earlier =
        dynamodb ? DynamoDbErrorBeforeSignature(request, *bytes) : std::nullopt;
    return Fail(call, earlier ? *earlier : key.error());
  }
  if (call.route.operation.empty() && call.route.protocol == WireProtocol::kQuery) {
    call.record.operation = QueryParameters(request.RawQuery(), *bytes).Action();
  }
  StringSource source(*bytes);
  Forward(call, *FindService(call.route.service), source);
}

std::unique_ptr<Responder> Gateway::Recorded(Call& call, bool cors_is_services) const {
  bool cors = call.request.headers.Has("Origin") && !cors_is_services;
  return RecordedResponder(std::move(call.responder), std::move(call.record), call.route.protocol,
                           cors, *options_.clock, call.begun_at, options_.observer);
}

void Gateway::Fail(Call& call, const ApiError& error) const {
  HttpResponse response = ErrorResponse(error, call.route.protocol, call.request);
  Recorded(call)->Respond(std::move(response));
}

void Gateway::Forward(Call& call, HttpService& service, BodySource& body) const {
  std::unique_ptr<Responder> responder = Recorded(call, call.route.service == "s3");
  service.Serve(std::move(call.request), body, std::move(responder));
}

}  // namespace penstock
