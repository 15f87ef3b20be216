#include "local/s3/s3_error.h"

#include "base/log.h"

namespace penstock::s3_error {
namespace {

constexpr uint64_t kPartBytesMin = 5 << 20;

ApiError Make(std::string type, std::string message, int http,
              std::vector<std::pair<std::string, std::string>> details = {}) {
  return {.type = std::move(type),
          .message = std::move(message),
          .http = http,
          .details = std::move(details)};
}

}  // namespace

ApiError AccessDenied() { return Make("AccessDenied", "Access Denied", 403); }

ApiError MethodNotAllowed(std::string_view method, std::string_view resource_type) {
  return Make("MethodNotAllowed", "The specified method is not allowed against this resource.", 405,
              {{"Method", std::string(method)}, {"ResourceType", std::string(resource_type)}});
}

ApiError NotImplemented(std::string_view feature) {
  return Make("NotImplemented", fmt::format("This server does not implement {}.", feature), 501);
}

ApiError InvalidArgument(std::string message, std::string_view name, std::string_view value) {
  return Make("InvalidArgument", std::move(message), 400,
              {{"ArgumentName", std::string(name)}, {"ArgumentValue", std::string(value)}});
}

ApiError InvalidRequest(std::string message) {
  return Make("InvalidRequest", std::move(message), 400);
}

ApiError InvalidUri(std::string_view uri) {
  return Make("InvalidURI", "Couldn't parse the specified URI.", 400, {{"URI", std::string(uri)}});
}

ApiError MalformedXml() {
  return Make(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
      400);
}

ApiError MissingContentLength() {
  return Make("MissingContentLength", "You must provide the Content-Length HTTP header.", 411);
}

ApiError MissingRequestBody() {
  return Make("MissingRequestBodyError", "Request Body is empty", 400);
}

ApiError RequestTimeout() {
  return Make("RequestTimeout",
              "Your socket connection to the server was not read from or written to within the "
              "timeout period. Idle "
              "connections will be closed.",
              400);
}

ApiError InternalError(std::string_view what) {
  return Make("InternalError",
              fmt::format("We encountered an internal error: {}. Please try again.", what), 500);
}

ApiError StorageFailure(const Error& error) {
  Log(LogLevel::kError, "s3: {}", error.message);
  if (error.code == ErrorCode::kResourceExhausted)
    return InternalError("the server's disk is full");
  return InternalError("the server's storage failed; its log says how");
}

ApiError IncompleteBody(uint64_t received, uint64_t expected) {
  return Make("IncompleteBody",
              "You did not provide the number of bytes specified by the Content-Length HTTP header",
              400,
              {{"NumberBytesExpected", std::to_string(expected)},
               {"NumberBytesProvided", std::to_string(received)}});
}

ApiError EntityTooLarge(uint64_t proposed, uint64_t size_max) {
  return Make(
      "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400,
      {{"ProposedSize", std::to_string(proposed)}, {"MaxSizeAllowed", std::to_string(size_max)}});
}

ApiError MaxMessageLengthExceeded(uint64_t size_max) {
  return Make("MaxMessageLengthExceeded", "Your request was too large.", 400,
              {{"MaxMessageLengthBytes", std::to_string(size_max)}});
}

ApiError BadDigest(std::string_view expected, std::string_view calculated) {
  return Make(
      "BadDigest", "The Content-MD5 you specified did not match what we received.", 400,
      {{"ExpectedDigest", std::string(expected)}, {"CalculatedDigest", std::string(calculated)}});
}

ApiError ChecksumMismatch(std::string_view algorithm) {
  return Make("BadDigest",
              fmt::format("The {} you specified did not match the calculated checksum.", algorithm),
              400);
}

ApiError InvalidDigest(std::string_view value) {
  return Make("InvalidDigest", "The Content-MD5 you specified was invalid.", 400,
              {{"Content-MD5", std::string(value)}});
}

ApiError AgainstPolicy(std::string_view why) {
  return Make("AccessDenied", fmt::format("Invalid according to Policy: {}", why), 403);
}

ApiError InvalidPolicyDocument(std::string_view why) {
  return Make("InvalidPolicyDocument", fmt::format("Invalid Policy: {}", why), 400);
}

ApiError NoSuchBucket(std::string_view bucket) {
  return Make("NoSuchBucket", "The specified bucket does not exist", 404,
              {{"BucketName", std::string(bucket)}});
}

ApiError InvalidBucketName(std::string_view bucket) {
  return Make("InvalidBucketName", "The specified bucket is not valid.", 400,
              {{"BucketName", std::string(bucket)}});
}

ApiError BucketAlreadyExists(std::string_view bucket) {
  return Make("BucketAlreadyExists",
              "The requested bucket name is not available. The bucket namespace is shared by all "
              "users of the system. "
              "Please select a different name and try again.",
              409, {{"BucketName", std::string(bucket)}});
}

ApiError BucketAlreadyOwnedByYou(std::string_view bucket) {
  return Make("BucketAlreadyOwnedByYou",
              "Your previous request to create the named bucket succeeded and you already own it.",
              409, {{"BucketName", std::string(bucket)}});
}

ApiError BucketNotEmpty(std::string_view bucket) {
  return Make("BucketNotEmpty", "The bucket you tried to delete is not empty", 409,
              {{"BucketName", std::string(bucket)}});
}

ApiError InvalidLocationConstraint(std::string_view constraint) {
  return Make("InvalidLocationConstraint", "The specified location-constraint is not valid", 400,
              {{"LocationConstraint", std::string(constraint)}});
}

ApiError NoSuchSetting(std::string code, std::string message, std::string_view bucket) {
  return Make(std::move(code), std::move(message), 404, {{"BucketName", std::string(bucket)}});
}

ApiError AclNotSupported() {
  return Make("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
}

ApiError BucketAclNotSupported() {
  return Make("InvalidBucketAclWithObjectOwnership",
              "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
              400);
}

ApiError NoSuchKey(std::string_view key) {
  return Make("NoSuchKey", "The specified key does not exist.", 404, {{"Key", std::string(key)}});
}

ApiError NoSuchVersion(std::string_view key, std::string_view version_id) {
  return Make("NoSuchVersion", "The specified version does not exist.", 404,
              {{"Key", std::string(key)}, {"VersionId", std::string(version_id)}});
}

ApiError KeyTooLong(size_t size) {
  return Make("KeyTooLongError", "Your key is too long", 400,
              {{"Size", std::to_string(size)}, {"MaxSizeAllowed", "1024"}});
}

ApiError PreconditionFailed(std::string_view condition) {
  return Make("PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
              412, {{"Condition", std::string(condition)}});
}

ApiError InvalidRange(std::string_view range, uint64_t size) {
  return Make("InvalidRange", "The requested range is not satisfiable", 416,
              {{"RangeRequested", std::string(range)}, {"ActualObjectSize", std::to_string(size)}});
}

ApiError InvalidPartNumber(int part, int parts_count) {
  return Make("InvalidPartNumber", "The requested partnumber is not satisfiable", 416,
              {{"PartNumberRequested", std::to_string(part)},
               {"ActualPartCount", std::to_string(parts_count)}});
}

ApiError InvalidStorageClass(std::string_view storage_class) {
  return Make("InvalidStorageClass", "The storage class you specified is not valid", 400,
              {{"StorageClassRequested", std::string(storage_class)}});
}

ApiError MetadataTooLarge(size_t size) {
  return Make("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
              400, {{"Size", std::to_string(size)}, {"MaxSizeAllowed", "2048"}});
}

ApiError InvalidTag(std::string message) { return Make("InvalidTag", std::move(message), 400); }

ApiError TooManyTags(std::string_view what, int count_max) {
  return Make("BadRequest", fmt::format("{} tags cannot be greater than {}", what, count_max), 400);
}

ApiError NoSuchUpload(std::string_view upload_id) {
  return Make("NoSuchUpload",
              "The specified upload does not exist. The upload ID may be invalid, or the upload "
              "may have been aborted or "
              "completed.",
              404, {{"UploadId", std::string(upload_id)}});
}

ApiError InvalidPart(std::string_view upload_id, int part, std::string_view etag) {
  return Make("InvalidPart",
              "One or more of the specified parts could not be found.  The part may not have been "
              "uploaded, or the "
              "specified entity tag may not match the part's entity tag.",
              400,
              {{"UploadId", std::string(upload_id)},
               {"PartNumber", std::to_string(part)},
               {"ETag", std::string(etag)}});
}

ApiError InvalidPartOrder(std::string_view upload_id) {
  return Make("InvalidPartOrder",
              "The list of parts was not in ascending order. Parts must be ordered by part number.",
              400, {{"UploadId", std::string(upload_id)}});
}

ApiError EntityTooSmall(uint64_t size, int part, std::string_view etag) {
  return Make("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
              400,
              {{"ProposedSize", std::to_string(size)},
               {"MinSizeAllowed", std::to_string(kPartBytesMin)},
               {"PartNumber", std::to_string(part)},
               {"ETag", std::string(etag)}});
}

}  // namespace penstock::s3_error
