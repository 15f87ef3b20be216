#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/read_condition.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

// COPY unless the header says REPLACE.
ApiResult<bool> Replaces(const S3Request& request, std::string_view header) {
  auto directive = request.Header(header);
  if (!directive || directive->empty() || *directive == "COPY") return false;
  if (*directive == "REPLACE") return true;
  return s3_error::InvalidArgument(header == "x-amz-metadata-directive"
                                       ? "Unknown metadata directive."
                                       : "Unknown tagging directive.",
                                   header, *directive);
}

ApiResult<OpenedObject> OpenSource(S3Context& context, const S3Request& request,
                                   const CopySource& source) {
  ASSIGN_OR_RETURN(BucketRecord bucket, context.buckets->Find(source.bucket));
  if (bucket.owner != request.caller().account) return s3_error::AccessDenied();
  if (auto owner = request.Header("x-amz-source-expected-bucket-owner");
      owner && *owner != bucket.owner) {
    return s3_error::AccessDenied();
  }
  auto object = context.objects->Open(source.bucket, source.key, source.version_id);
  if (!object && object.error().type == "MethodNotAllowed") {
    return s3_error::InvalidRequest(
        "The source of a copy request may not specifically refer to a delete marker by version "
        "id.");
  }
  if (!object) return object;
  RETURN_IF_ERROR(CheckCopyConditions(request, object->record));
  return object;
}

ApiResult<std::optional<ChecksumAlgorithm>> RequestedAlgorithm(const S3Request& request) {
  auto name = request.Header("x-amz-checksum-algorithm");
  if (!name) return std::optional<ChecksumAlgorithm>();
  auto algorithm = ChecksumFromName(*name);
  if (!algorithm) {
    return s3_error::InvalidRequest(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  return algorithm;
}

// What the copy is like: the source's attributes, the request's, or some of each.
ApiResult<ObjectAttributes> CopiedAttributes(const S3Request& request, const ObjectRecord& source,
                                             bool replaces_metadata, bool replaces_tags) {
  ASSIGN_OR_RETURN(ObjectAttributes given, ReadAttributes(request));
  ObjectAttributes attributes = source.attributes;
  if (replaces_metadata) {
    attributes.content_type = given.content_type;
    attributes.headers = given.headers;
    attributes.metadata = given.metadata;
  } else {
    // A redirect is never copied.
    std::erase_if(attributes.headers, [](const NameValue& header) {
      return header.first == "x-amz-website-redirect-location";
    });
    for (const NameValue& header : given.headers) {
      if (header.first == "x-amz-website-redirect-location") attributes.headers.push_back(header);
    }
  }
  if (replaces_tags) attributes.tags = given.tags;
  attributes.storage_class = given.storage_class;
  attributes.encryption = given.encryption;
  attributes.kms_key_id = given.kms_key_id;
  return attributes;
}

// Empty in a bucket that was never versioned.
std::string ShownSourceVersion(S3Context& context, const CopySource& source,
                               const ObjectRecord& record) {
  auto bucket = context.buckets->Find(source.bucket);
  if (!bucket || bucket->versioning == Versioning::kNever) return {};
  return std::string(record.ShownVersionId());
}

void WriteSourceVersion(const std::string& version_id, Headers& headers) {
  if (!version_id.empty()) headers.Add("x-amz-copy-source-version-id", version_id);
}

S3Answer CopyAnswer(std::string_view root, const std::string& etag, Instant last_modified,
                    const std::optional<Checksum>& checksum) {
  XmlWriter xml = StartDocument(root);
  xml.Element("LastModified", FormatIsoMillis(last_modified));
  xml.Element("ETag", QuoteEtag(etag));
  if (checksum) {
    xml.Element(ChecksumElement(checksum->algorithm), checksum->value);
    if (root == "CopyObjectResult") xml.Element("ChecksumType", checksum->TypeName());
  }
  return DocumentAnswer(std::move(xml));
}

}  // namespace

S3Result CopyObject(S3Context& context, const S3Request& request, BodySource&) {
  ASSIGN_OR_RETURN(CopySource source, ParseCopySource(*request.Header("x-amz-copy-source")));
  ASSIGN_OR_RETURN(bool replaces_metadata, Replaces(request, "x-amz-metadata-directive"));
  ASSIGN_OR_RETURN(bool replaces_tags, Replaces(request, "x-amz-tagging-directive"));
  ASSIGN_OR_RETURN(WriteCondition condition, ReadWriteCondition(request));
  ASSIGN_OR_RETURN(auto algorithm, RequestedAlgorithm(request));
  ASSIGN_OR_RETURN(OpenedObject object, OpenSource(context, request, source));
  const std::string source_version = ShownSourceVersion(context, source, object.record);
  if (source.bucket == request.bucket && source.key == request.key && !source.version_id &&
      !replaces_metadata && !replaces_tags && !request.Header("x-amz-storage-class") &&
      !request.Header("x-amz-website-redirect-location") &&
      !request.Header("x-amz-server-side-encryption") && !algorithm) {
    return s3_error::InvalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's "
        "metadata, storage class, website redirect location or encryption attributes.");
  }
  if (object.record.size > kContentBytesMax) {
    return s3_error::InvalidRequest(fmt::format(
        "The specified copy source is larger than the maximum allowable size for a copy source: {}",
        kContentBytesMax));
  }
  ObjectRecord record;
  ASSIGN_OR_RETURN(record.attributes,
                   CopiedAttributes(request, object.record, replaces_metadata, replaces_tags));
  if (!algorithm && object.record.checksum) algorithm = object.record.checksum->algorithm;
  ASSIGN_OR_RETURN(Content content, ReceiveContent(*context.files, *object.content, {}, algorithm));
  record.etag = HexEncode(content.md5);
  record.last_modified = context.clock->Now();
  if (algorithm) record.checksum = Checksum{*algorithm, Base64Encode(content.checksum), false};
  ASSIGN_OR_RETURN(record, context.objects->Put(request.bucket, request.key, std::move(record),
                                                std::move(content), condition));
  S3Answer answer =
      CopyAnswer("CopyObjectResult", record.etag, record.last_modified, record.checksum);
  WriteEncryption(record.attributes, answer.headers);
  WriteVersionId(request, record, answer.headers);
  WriteSourceVersion(source_version, answer.headers);
  return answer;
}

S3Result UploadPartCopy(S3Context& context, const S3Request& request, BodySource&) {
  const std::string upload_id(*request.Parameter("uploadId"));
  ASSIGN_OR_RETURN(CopySource source, ParseCopySource(*request.Header("x-amz-copy-source")));
  ASSIGN_OR_RETURN(int number, PartNumberOf(request));
  ASSIGN_OR_RETURN(UploadRecord upload,
                   context.uploads->Find(request.bucket, request.key, upload_id));
  ASSIGN_OR_RETURN(OpenedObject object, OpenSource(context, request, source));
  const std::string source_version = ShownSourceVersion(context, source, object.record);
  ByteRange range{0, object.record.size};
  if (auto header = request.Header("x-amz-copy-source-range")) {
    auto parsed = ParseByteRange(*header, object.record.size);
    // Unlike a read, a copy takes only a range that is wholly there, with both ends.
    const bool open_ended = header->ends_with('-') || header->find("=-") != std::string_view::npos;
    if (!parsed || !*parsed || open_ended) {
      return s3_error::InvalidArgument(
          "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
          "last are the "
          "zero-based offsets of the first and last bytes to copy",
          "x-amz-copy-source-range", *header);
    }
    range = **parsed;
    auto last = ParseUint64(Trim(header->substr(header->find('-') + 1)));
    if (last && *last >= object.record.size) {
      return s3_error::InvalidArgument(
          fmt::format("Range specified is not valid for source object of size: {}",
                      object.record.size),
          "x-amz-copy-source-range", *header);
    }
  }
  object.content->Limit(range.offset, range.size);
  ASSIGN_OR_RETURN(Content content,
                   ReceiveContent(*context.files, *object.content, {}, upload.checksum_algorithm));
  PartRecord part{.number = number,
                  .md5 = content.md5,
                  .checksum = content.checksum,
                  .checksum_algorithm = content.checksum_algorithm,
                  .last_modified = context.clock->Now()};
  std::optional<Checksum> checksum;
  if (content.checksum_algorithm) {
    checksum = Checksum{*content.checksum_algorithm, Base64Encode(content.checksum), false};
  }
  RETURN_IF_ERROR(
      context.uploads->PutPart(request.bucket, request.key, upload_id, part, std::move(content)));
  S3Answer answer = CopyAnswer("CopyPartResult", HexEncode(part.md5), part.last_modified, checksum);
  WriteSourceVersion(source_version, answer.headers);
  return answer;
}

}  // namespace penstock
