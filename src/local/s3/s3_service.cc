#include "local/s3/s3_service.h"

#include <algorithm>
#include <vector>

#include "aws/cross_origin.h"
#include "aws/error_response.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/log.h"
#include "local/s3/cors.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kSendBytes = size_t{256} << 10;

enum class Scope { kService, kBucket, kObject };

// One way to ask for an operation: method, scope, and a query parameter or header that must be
// there.
struct Route {
  std::string_view method;
  Scope scope;
  std::string_view parameter;  // empty: none needed
  S3Operation operation;
  std::string_view header = {};  // empty: none needed
};

// The first that fits is taken.
constexpr Route kRoutes[] = {
    {"GET", Scope::kService, "", ListBuckets},

    {"GET", Scope::kBucket, "location", GetBucketLocation},
    {"GET", Scope::kBucket, "versioning", GetVersioning},
    {"PUT", Scope::kBucket, "versioning", PutVersioning},
    {"GET", Scope::kBucket, "cors", GetCors},
    {"PUT", Scope::kBucket, "cors", PutCors},
    {"DELETE", Scope::kBucket, "cors", DeleteCors},
    {"GET", Scope::kBucket, "tagging", GetTagging},
    {"PUT", Scope::kBucket, "tagging", PutTagging},
    {"DELETE", Scope::kBucket, "tagging", DeleteTagging},
    {"PUT", Scope::kBucket, "acl", PutAcl},
    {"POST", Scope::kBucket, "delete", DeleteObjects},
    {"GET", Scope::kBucket, "uploads", ListMultipartUploads},
    {"GET", Scope::kBucket, "versions", ListObjectVersions},
    {"GET", Scope::kBucket, "list-type", ListObjectsV2},

    {"GET", Scope::kObject, "tagging", GetTagging},
    {"PUT", Scope::kObject, "tagging", PutTagging},
    {"DELETE", Scope::kObject, "tagging", DeleteTagging},
    {"PUT", Scope::kObject, "acl", PutAcl},
    {"GET", Scope::kObject, "attributes", GetObjectAttributes},
    {"POST", Scope::kObject, "uploads", CreateMultipartUpload},
    {"POST", Scope::kObject, "uploadId", CompleteMultipartUpload},
    {"PUT", Scope::kObject, "uploadId", UploadPartCopy, "x-amz-copy-source"},
    {"PUT", Scope::kObject, "uploadId", UploadPart},
    {"GET", Scope::kObject, "uploadId", ListParts},
    {"DELETE", Scope::kObject, "uploadId", AbortMultipartUpload},
};

// What is left when no parameter names a part of the bucket or object.
constexpr Route kPlainRoutes[] = {
    {"PUT", Scope::kBucket, "", CreateBucket},
    {"HEAD", Scope::kBucket, "", HeadBucket},
    {"DELETE", Scope::kBucket, "", DeleteBucket},
    {"GET", Scope::kBucket, "", ListObjectsV1},
    {"POST", Scope::kBucket, "", PostObject},

    {"PUT", Scope::kObject, "", CopyObject, "x-amz-copy-source"},
    {"PUT", Scope::kObject, "", PutObject},
    {"GET", Scope::kObject, "", GetObject},
    {"HEAD", Scope::kObject, "", GetObject},
    {"DELETE", Scope::kObject, "", DeleteObject},
};

Scope ScopeOf(const S3Request& request) {
  if (request.bucket.empty()) return Scope::kService;
  return request.key.empty() ? Scope::kBucket : Scope::kObject;
}

bool Fits(const Route& route, const S3Request& request) {
  return route.method == request.http->method && route.scope == ScopeOf(request) &&
         (route.parameter.empty() || request.Parameter(route.parameter)) &&
         (route.header.empty() || request.Header(route.header));
}

ApiResult<S3Operation> FindOperation(const S3Request& request) {
  for (const Route& route : kRoutes) {
    if (Fits(route, request)) return route.operation;
  }
  const std::string& method = request.http->method;
  const bool names_setting =
      std::any_of(request.query.begin(), request.query.end(),
                  [](const auto& parameter) { return !SettingName(parameter.first).empty(); });
  if (names_setting) return method == "GET" ? GetSetting : ChangeSetting;
  for (const Route& route : kPlainRoutes) {
    if (Fits(route, request)) return route.operation;
  }
  if (method == "OPTIONS") {
    return ApiError{
        "BadRequest", "Insufficient information. Origin request header needed.", 400, {}};
  }
  constexpr std::string_view kTypes[] = {"SERVICE", "BUCKET", "OBJECT"};
  return s3_error::MethodNotAllowed(method, kTypes[static_cast<size_t>(ScopeOf(request))]);
}

}  // namespace

struct S3Service::Parts {
  Parts(S3Options given, std::unique_ptr<ObjectFiles> opened)
      : options(std::move(given)),
        files(std::move(opened)),
        storage(options.index, files.get()),
        buckets(&storage),
        objects(&storage),
        uploads(&storage, options.random),
        context{&buckets,
                &objects,
                &uploads,
                &storage,
                files.get(),
                options.clock,
                options.default_region} {}

  // Finds the operation, checks the caller's right, runs it. `cors`: set to the bucket's rules.
  S3Result Run(const HttpRequest& http, BodySource& body, std::string& cors) {
    ASSIGN_OR_RETURN(S3Request request, ParseS3Request(http));
    ASSIGN_OR_RETURN(S3Operation operation, FindOperation(request));
    if (!request.bucket.empty()) {
      if (!IsBucketName(request.bucket)) return s3_error::InvalidBucketName(request.bucket);
      if (operation != CreateBucket) {
        ASSIGN_OR_RETURN(request.bucket_record, buckets.Find(request.bucket));
        if (request.bucket_record.owner != request.caller().account)
          return s3_error::AccessDenied();
        auto expected = request.Header("x-amz-expected-bucket-owner");
        if (expected && *expected != request.bucket_record.owner) return s3_error::AccessDenied();
        cors = request.bucket_record.cors;
      }
    }
    return operation(context, request, body);
  }

  // Unsigned, so that it must not tell whether there is such a bucket.
  HttpResponse Preflight(const HttpRequest& request) {
    std::string_view path = request.RawPath().substr(1);
    auto bucket = buckets.Find(PercentDecode(path.substr(0, path.find('/'))));
    return AnswerPreflight(request, bucket ? bucket->cors : std::string());
  }

  const S3Options options;
  const std::unique_ptr<ObjectFiles> files;
  Storage storage;
  BucketStore buckets;
  ObjectStore objects;
  UploadStore uploads;
  S3Context context;
};

namespace {

// Sends the object's bytes. A failure midway can only be shown by ending the connection early.
void Stream(ContentReader& content, const HttpRequest& request, int status, Headers headers,
            Responder& responder) {
  if (!responder.Begin(status, std::move(headers), content.Size())) return;
  std::vector<char> buffer(std::min<uint64_t>(kSendBytes, std::max<uint64_t>(1, *content.Size())));
  while (true) {
    auto count = content.Read(buffer);
    if (!count) {
      Log(LogLevel::kError, "s3: request {}: {}", request.request_id, count.error().message);
      return;
    }
    if (*count == 0) break;
    if (!responder.Write({buffer.data(), *count})) return;
  }
  // The peer has all of it or is gone: either way there is nothing to add.
  (void)responder.Finish().has_value();
}

}  // namespace

Result<std::unique_ptr<S3Service>> S3Service::Open(S3Options options) {
  CHECK(options.files != nullptr && options.index != nullptr && options.clock != nullptr &&
        options.random != nullptr);
  ASSIGN_OR_RETURN(auto files, ObjectFiles::Open(options.folder, options.files, options.index));
  return std::unique_ptr<S3Service>(
      new S3Service(std::make_unique<Parts>(std::move(options), std::move(files))));
}

S3Service::S3Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

S3Service::~S3Service() = default;

void S3Service::Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) {
  if (IsPreflight(request)) {
    responder->Respond(parts_->Preflight(request));
    return;
  }
  std::string cors;
  S3Result result = parts_->Run(request, body, cors);
  if (!result) {
    HttpResponse refusal = ErrorResponse(result.error(), WireProtocol::kRestXml, request);
    AddCorsHeaders(request, cors, refusal.headers);
    responder->Respond(std::move(refusal));
    return;
  }
  S3Answer& answer = *result;
  AddCorsHeaders(request, cors, answer.headers);
  AddRequestId(answer.headers, WireProtocol::kRestXml, request.request_id);
  if (!answer.content) {
    responder->Respond({.status = answer.status,
                        .headers = std::move(answer.headers),
                        .body = std::move(answer.body)});
    return;
  }
  if (request.method == "HEAD") {
    answer.headers.Add("Content-Length", std::to_string(*answer.content->Size()));
    responder->Respond({.status = answer.status, .headers = std::move(answer.headers), .body = {}});
    return;
  }
  Stream(*answer.content, request, answer.status, std::move(answer.headers), *responder);
}

}  // namespace penstock
