// The operations of S3, each a function of a request. Which one a request means is decided in
// s3_service.cc.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/xml_writer.h"
#include "local/s3/bucket_store.h"
#include "local/s3/content.h"
#include "local/s3/object_store.h"
#include "local/s3/s3_request.h"
#include "local/s3/upload_store.h"
#include "local/s3/version_listing.h"
#include "ports/clock.h"
#include "ports/http.h"

namespace penstock {

/// What the operations work on. All of it outlives them.
struct S3Context {
  BucketStore* buckets;
  ObjectStore* objects;
  UploadStore* uploads;
  Storage* storage;
  ObjectFiles* files;
  Clock* clock;
  std::string default_region;
};

/// A success. Either `body`, or `content` to be streamed.
struct S3Answer {
  int status = 200;
  Headers headers;
  std::string body;
  std::unique_ptr<ContentReader> content;
};

using S3Result = ApiResult<S3Answer>;
using S3Operation = S3Result (*)(S3Context& context, const S3Request& request, BodySource& body);

// Answer bodies.
inline constexpr std::string_view kS3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
/// A document begun with its root element, in S3's name space.
XmlWriter StartDocument(std::string_view root);
/// Closes the root and makes it the answer.
S3Answer DocumentAnswer(XmlWriter document);
/// <Owner> (or `element`) with the canonical id of an account.
void WriteOwner(XmlWriter& xml, std::string_view element, std::string_view account);
/// The largest XML document that a request may carry.
inline constexpr uint64_t kDocumentBytesMax = uint64_t{8} << 20;

// buckets.cc
S3Result ListBuckets(S3Context&, const S3Request&, BodySource&);
S3Result CreateBucket(S3Context&, const S3Request&, BodySource&);
S3Result HeadBucket(S3Context&, const S3Request&, BodySource&);
S3Result DeleteBucket(S3Context&, const S3Request&, BodySource&);
S3Result GetBucketLocation(S3Context&, const S3Request&, BodySource&);
// versioning.cc
S3Result GetVersioning(S3Context&, const S3Request&, BodySource&);
S3Result PutVersioning(S3Context&, const S3Request&, BodySource&);
S3Result ListObjectVersions(S3Context&, const S3Request&, BodySource&);
// cors.cc
S3Result GetCors(S3Context&, const S3Request&, BodySource&);
S3Result PutCors(S3Context&, const S3Request&, BodySource&);
S3Result DeleteCors(S3Context&, const S3Request&, BodySource&);
// settings.cc: what a bucket or object has by default and cannot be changed here.
S3Result GetSetting(S3Context&, const S3Request&, BodySource&);
S3Result ChangeSetting(S3Context&, const S3Request&, BodySource&);
S3Result PutAcl(S3Context&, const S3Request&, BodySource&);
/// Whether this query parameter names a part of a bucket or object, and in words; empty if not.
std::string_view SettingName(std::string_view parameter);
// tagging.cc
S3Result GetTagging(S3Context&, const S3Request&, BodySource&);
S3Result PutTagging(S3Context&, const S3Request&, BodySource&);
S3Result DeleteTagging(S3Context&, const S3Request&, BodySource&);
// listing.cc
S3Result ListObjectsV1(S3Context&, const S3Request&, BodySource&);
S3Result ListObjectsV2(S3Context&, const S3Request&, BodySource&);
// objects.cc
S3Result PutObject(S3Context&, const S3Request&, BodySource&);
S3Result GetObject(S3Context&, const S3Request&, BodySource&);  // and HeadObject
S3Result DeleteObject(S3Context&, const S3Request&, BodySource&);
S3Result GetObjectAttributes(S3Context&, const S3Request&, BodySource&);
// post_object.cc
S3Result PostObject(S3Context&, const S3Request&, BodySource&);
// batch_delete.cc
S3Result DeleteObjects(S3Context&, const S3Request&, BodySource&);
// copy.cc
S3Result CopyObject(S3Context&, const S3Request&, BodySource&);
S3Result UploadPartCopy(S3Context&, const S3Request&, BodySource&);
// multipart.cc
S3Result CreateMultipartUpload(S3Context&, const S3Request&, BodySource&);
S3Result UploadPart(S3Context&, const S3Request&, BodySource&);
S3Result CompleteMultipartUpload(S3Context&, const S3Request&, BodySource&);
S3Result AbortMultipartUpload(S3Context&, const S3Request&, BodySource&);
S3Result ListParts(S3Context&, const S3Request&, BodySource&);
S3Result ListMultipartUploads(S3Context&, const S3Request&, BodySource&);

/// x-amz-version-id, in buckets that were ever versioned.
void WriteVersionId(const S3Request& request, const ObjectRecord& record, Headers& headers);

/// Reads a Tagging document: MalformedXML.
ApiResult<std::vector<NameValue>> ReadTagging(const std::string& document);
/// The partNumber parameter of an upload; InvalidArgument.
ApiResult<int> PartNumberOf(const S3Request& request);

/// If-Match and If-None-Match of a write: NotImplemented for what S3 does not take.
ApiResult<WriteCondition> ReadWriteCondition(const S3Request& request);

}  // namespace penstock
