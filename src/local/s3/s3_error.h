// The errors of Amazon S3, one factory each, in AWS's words where they are known.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace penstock::s3_error {

// Requests.
ApiError AccessDenied();
ApiError MethodNotAllowed(std::string_view method, std::string_view resource_type);
/// `feature` names what is missing: "bucket versioning".
ApiError NotImplemented(std::string_view feature);
ApiError InvalidArgument(std::string message, std::string_view name, std::string_view value);
ApiError InvalidRequest(std::string message);
ApiError InvalidUri(std::string_view uri);
ApiError MalformedXml();
ApiError MissingContentLength();
ApiError MissingRequestBody();
ApiError RequestTimeout();
/// What our own side could not do; `what` goes to the client.
ApiError InternalError(std::string_view what);
/// A failure of disk or index, logged. A full disk is said to be full.
ApiError StorageFailure(const Error& error);

// Bodies.
ApiError IncompleteBody(uint64_t received, uint64_t expected);
ApiError EntityTooLarge(uint64_t proposed, uint64_t size_max);
ApiError MaxMessageLengthExceeded(uint64_t size_max);
ApiError BadDigest(std::string_view expected, std::string_view calculated);
ApiError ChecksumMismatch(std::string_view algorithm);
ApiError InvalidDigest(std::string_view value);
/// What a browser's upload does not keep to.
ApiError AgainstPolicy(std::string_view why);
ApiError InvalidPolicyDocument(std::string_view why);

// Buckets.
ApiError NoSuchBucket(std::string_view bucket);
ApiError InvalidBucketName(std::string_view bucket);
ApiError BucketAlreadyExists(std::string_view bucket);
ApiError BucketAlreadyOwnedByYou(std::string_view bucket);
ApiError BucketNotEmpty(std::string_view bucket);
ApiError InvalidLocationConstraint(std::string_view constraint);
/// 404 with `code` such as NoSuchBucketPolicy: the bucket has no such setting.
ApiError NoSuchSetting(std::string code, std::string message, std::string_view bucket);
ApiError AclNotSupported();
ApiError BucketAclNotSupported();

// Objects.
ApiError NoSuchKey(std::string_view key);
ApiError NoSuchVersion(std::string_view key, std::string_view version_id);
ApiError KeyTooLong(size_t size);
ApiError PreconditionFailed(std::string_view condition);
ApiError InvalidRange(std::string_view range, uint64_t size);
ApiError InvalidPartNumber(int part, int parts_count);
ApiError InvalidStorageClass(std::string_view storage_class);
ApiError MetadataTooLarge(size_t size);
ApiError InvalidTag(std::string message);
ApiError TooManyTags(std::string_view what, int count_max);

// Multipart uploads.
ApiError NoSuchUpload(std::string_view upload_id);
ApiError InvalidPart(std::string_view upload_id, int part, std::string_view etag);
ApiError InvalidPartOrder(std::string_view upload_id);
ApiError EntityTooSmall(uint64_t size, int part, std::string_view etag);

}  // namespace penstock::s3_error
