#include <algorithm>

#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr int kUploadListMax = 1000;

// x-amz-checksum-algorithm and x-amz-checksum-type of a new upload.
ApiResult<void> ReadUploadChecksum(const S3Request& request, UploadRecord& upload) {
  auto name = request.Header("x-amz-checksum-algorithm");
  auto type = request.Header("x-amz-checksum-type");
  if (!name) {
    if (type) {
      return s3_error::InvalidRequest(
          "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
          "header.");
    }
    return {};
  }
  upload.checksum_algorithm = ChecksumFromName(*name);
  if (!upload.checksum_algorithm) {
    return s3_error::InvalidRequest(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  const ChecksumAlgorithm algorithm = *upload.checksum_algorithm;
  upload.checksum_composite = algorithm != ChecksumAlgorithm::kCrc64Nvme;
  if (!type) return {};
  if (*type != "COMPOSITE" && *type != "FULL_OBJECT") {
    return s3_error::InvalidRequest("Value for x-amz-checksum-type header is invalid.");
  }
  upload.checksum_composite = *type == "COMPOSITE";
  if (upload.checksum_composite ? algorithm == ChecksumAlgorithm::kCrc64Nvme : !IsCrc(algorithm)) {
    return s3_error::InvalidRequest(
        fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", *type,
                    AsciiLower(ChecksumName(algorithm))));
  }
  return {};
}

ApiResult<std::vector<RequestedPart>> ReadParts(const std::string& document) {
  auto root = ParseXml(document);
  if (!root || root->name != "CompleteMultipartUpload") return s3_error::MalformedXml();
  std::vector<RequestedPart> parts;
  for (const XmlElement* element : root->ChildrenNamed("Part")) {
    auto number = ParseInt64(Trim(element->ChildText("PartNumber")));
    if (!number || element->Child("ETag") == nullptr) return s3_error::MalformedXml();
    if (*number < 1 || *number > kPartNumberMax) {
      return s3_error::InvalidArgument("PartNumber must be >= 1", "PartNumber",
                                       std::to_string(*number));
    }
    RequestedPart& part = parts.emplace_back();
    part.number = static_cast<int>(*number);
    part.etag = element->ChildText("ETag");
    for (ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
      if (const XmlElement* checksum = element->Child(ChecksumElement(algorithm))) {
        part.checksum = Checksum{algorithm, std::string(Trim(checksum->text)), false};
      }
    }
  }
  if (parts.empty() || parts.size() > kPartNumberMax) return s3_error::MalformedXml();
  return parts;
}

// The object's checksum in a header of the completing request. Composite values end in "-N" and so
// are no plain base64.
std::optional<Checksum> ReadObjectChecksum(const S3Request& request) {
  for (ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
    if (auto value = request.Header(ChecksumHeader(algorithm))) {
      return Checksum{algorithm, std::string(*value), false};
    }
  }
  return std::nullopt;
}

void WriteInitiator(XmlWriter& xml, std::string_view user_arn) {
  xml.Open("Initiator");
  xml.Element("ID", user_arn);
  xml.Element("DisplayName", user_arn.substr(user_arn.rfind('/') + 1));
  xml.Close();
}

}  // namespace

S3Result CreateMultipartUpload(S3Context& context, const S3Request& request, BodySource&) {
  UploadRecord upload;
  ASSIGN_OR_RETURN(upload.attributes, ReadAttributes(request));
  RETURN_IF_ERROR(ReadUploadChecksum(request, upload));
  upload.initiator = request.caller().user_arn;
  upload.initiated_at = context.clock->Now();
  ASSIGN_OR_RETURN(std::string upload_id,
                   context.uploads->Create(request.bucket, request.key, upload));
  XmlWriter xml = StartDocument("InitiateMultipartUploadResult");
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("UploadId", upload_id);
  S3Answer answer = DocumentAnswer(std::move(xml));
  WriteEncryption(upload.attributes, answer.headers);
  if (upload.checksum_algorithm) {
    answer.headers.Add("x-amz-checksum-algorithm",
                       std::string(ChecksumName(*upload.checksum_algorithm)));
    answer.headers.Add("x-amz-checksum-type",
                       upload.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return answer;
}

S3Result UploadPart(S3Context& context, const S3Request& request, BodySource& body) {
  if (!request.Header("Content-Length") && !request.Header("Transfer-Encoding")) {
    return s3_error::MissingContentLength();
  }
  const std::string upload_id(*request.Parameter("uploadId"));
  ASSIGN_OR_RETURN(int number, PartNumberOf(request));
  ASSIGN_OR_RETURN(ContentClaim claim, ReadContentClaim(request.http->headers));
  ASSIGN_OR_RETURN(UploadRecord upload,
                   context.uploads->Find(request.bucket, request.key, upload_id));
  if (upload.checksum_algorithm && claim.checksum.algorithm &&
      *upload.checksum_algorithm != *claim.checksum.algorithm) {
    return s3_error::InvalidRequest(fmt::format(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        AsciiLower(ChecksumName(*upload.checksum_algorithm)),
        AsciiLower(ChecksumName(*claim.checksum.algorithm))));
  }
  ASSIGN_OR_RETURN(Content content,
                   ReceiveContent(*context.files, body, claim, upload.checksum_algorithm));
  PartRecord part{.number = number,
                  .md5 = content.md5,
                  .checksum = content.checksum,
                  .checksum_algorithm = content.checksum_algorithm,
                  .last_modified = context.clock->Now()};
  S3Answer answer;
  answer.headers.Add("ETag", QuoteEtag(HexEncode(part.md5)));
  if (part.checksum_algorithm) {
    answer.headers.Add(ChecksumHeader(*part.checksum_algorithm), Base64Encode(part.checksum));
  }
  WriteEncryption(upload.attributes, answer.headers);
  RETURN_IF_ERROR(context.uploads->PutPart(request.bucket, request.key, upload_id, std::move(part),
                                           std::move(content)));
  return answer;
}

S3Result CompleteMultipartUpload(S3Context& context, const S3Request& request, BodySource& body) {
  const std::string upload_id(*request.Parameter("uploadId"));
  // The checksum headers of this request are of the object, not of the document.
  Headers document_headers = request.http->headers;
  for (ChecksumAlgorithm algorithm : kChecksumAlgorithms)
    document_headers.Remove(ChecksumHeader(algorithm));
  document_headers.Remove("x-amz-sdk-checksum-algorithm");
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, document_headers, kDocumentBytesMax));

  CompleteRequest complete;
  ASSIGN_OR_RETURN(complete.parts, ReadParts(document));
  ASSIGN_OR_RETURN(complete.condition, ReadWriteCondition(request));
  complete.checksum = ReadObjectChecksum(request);
  if (auto size = request.Header("x-amz-mp-object-size")) {
    complete.size = ParseUint64(*size);
    if (!complete.size) {
      return s3_error::InvalidArgument("Value for x-amz-mp-object-size header is invalid.",
                                       "x-amz-mp-object-size", *size);
    }
  }
  complete.now = context.clock->Now();
  ASSIGN_OR_RETURN(ObjectRecord record,
                   context.uploads->Complete(request.bucket, request.key, upload_id, complete));

  XmlWriter xml = StartDocument("CompleteMultipartUploadResult");
  xml.Element("Location",
              fmt::format("http://{}/{}/{}", request.Header("Host").value_or("localhost"),
                          request.bucket, PercentEncode(request.key, /*keep_slash=*/true)));
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("ETag", QuoteEtag(record.etag));
  if (record.checksum) {
    xml.Element(ChecksumElement(record.checksum->algorithm), record.checksum->value);
    xml.Element("ChecksumType", record.checksum->TypeName());
  }
  S3Answer answer = DocumentAnswer(std::move(xml));
  WriteEncryption(record.attributes, answer.headers);
  WriteVersionId(request, record, answer.headers);
  return answer;
}

S3Result AbortMultipartUpload(S3Context& context, const S3Request& request, BodySource&) {
  RETURN_IF_ERROR(context.uploads->Abort(request.bucket, request.key,
                                         std::string(*request.Parameter("uploadId"))));
  return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
}

S3Result ListParts(S3Context& context, const S3Request& request, BodySource&) {
  const std::string upload_id(*request.Parameter("uploadId"));
  ASSIGN_OR_RETURN(auto parts_max, request.Number("max-parts", 0, INT32_MAX));
  ASSIGN_OR_RETURN(auto marker, request.Number("part-number-marker", 0, INT32_MAX - 1));
  ASSIGN_OR_RETURN(UploadRecord upload,
                   context.uploads->Find(request.bucket, request.key, upload_id));
  const int count_max = std::min(parts_max.value_or(kUploadListMax), kUploadListMax);
  ASSIGN_OR_RETURN(PartPage page, context.uploads->ListParts(
                                      upload_id, std::min(marker.value_or(0), kPartNumberMax),
                                      static_cast<size_t>(count_max)));
  XmlWriter xml = StartDocument("ListPartsResult");
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("UploadId", upload_id);
  WriteInitiator(xml, upload.initiator);
  WriteOwner(xml, "Owner", request.bucket_record.owner);
  xml.Element("StorageClass", upload.attributes.storage_class);
  xml.Element("PartNumberMarker", marker.value_or(0));
  xml.Element("NextPartNumberMarker", page.parts.empty() ? 0 : page.parts.back().number);
  xml.Element("MaxParts", count_max);
  xml.Element("IsTruncated", page.truncated);
  if (upload.checksum_algorithm) {
    xml.Element("ChecksumAlgorithm", ChecksumName(*upload.checksum_algorithm));
    xml.Element("ChecksumType", upload.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  for (const PartRecord& part : page.parts) {
    xml.Open("Part");
    xml.Element("PartNumber", part.number);
    xml.Element("LastModified", FormatIsoMillis(part.last_modified));
    xml.Element("ETag", QuoteEtag(HexEncode(part.md5)));
    if (part.checksum_algorithm)
      xml.Element(ChecksumElement(*part.checksum_algorithm), Base64Encode(part.checksum));
    xml.Element("Size", part.size);
    xml.Close();
  }
  return DocumentAnswer(std::move(xml));
}

S3Result ListMultipartUploads(S3Context& context, const S3Request& request, BodySource&) {
  UploadQuery query;
  query.prefix = request.Parameter("prefix").value_or("");
  query.delimiter = request.Parameter("delimiter").value_or("");
  query.key_marker = request.Parameter("key-marker").value_or("");
  query.upload_id_marker = request.Parameter("upload-id-marker").value_or("");
  ASSIGN_OR_RETURN(auto uploads_max, request.Number("max-uploads", 0, INT32_MAX));
  const int count_max = std::min(uploads_max.value_or(kUploadListMax), kUploadListMax);
  query.count_max = static_cast<size_t>(count_max);
  const auto encoding = request.Parameter("encoding-type").value_or("");
  if (!encoding.empty() && encoding != "url") {
    return s3_error::InvalidArgument("Invalid Encoding Method specified in Request",
                                     "encoding-type", encoding);
  }
  auto shown = [&](std::string_view text) {
    return encoding.empty() ? std::string(text) : PercentEncode(text, /*keep_slash=*/true);
  };
  ASSIGN_OR_RETURN(UploadPage page, context.uploads->List(request.bucket, query));

  XmlWriter xml = StartDocument("ListMultipartUploadsResult");
  xml.Element("Bucket", request.bucket);
  xml.Element("KeyMarker", shown(query.key_marker));
  xml.Element("UploadIdMarker", query.upload_id_marker);
  if (page.truncated) {
    xml.Element("NextKeyMarker", shown(page.next_key_marker));
    xml.Element("NextUploadIdMarker", page.next_upload_id_marker);
  }
  xml.Element("Prefix", shown(query.prefix));
  if (!query.delimiter.empty()) xml.Element("Delimiter", shown(query.delimiter));
  if (!encoding.empty()) xml.Element("EncodingType", "url");
  xml.Element("MaxUploads", count_max);
  xml.Element("IsTruncated", page.truncated);
  for (const ListedUpload& upload : page.uploads) {
    xml.Open("Upload");
    xml.Element("Key", shown(upload.key));
    xml.Element("UploadId", upload.upload_id);
    WriteInitiator(xml, upload.record.initiator);
    WriteOwner(xml, "Owner", request.bucket_record.owner);
    xml.Element("StorageClass", upload.record.attributes.storage_class);
    xml.Element("Initiated", FormatIsoMillis(upload.record.initiated_at));
    if (upload.record.checksum_algorithm) {
      xml.Element("ChecksumAlgorithm", ChecksumName(*upload.record.checksum_algorithm));
      xml.Element("ChecksumType", upload.record.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    xml.Close();
  }
  for (const std::string& prefix : page.common_prefixes) {
    xml.Open("CommonPrefixes");
    xml.Element("Prefix", shown(prefix));
    xml.Close();
  }
  return DocumentAnswer(std::move(xml));
}

}  // namespace penstock
