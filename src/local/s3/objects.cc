#include <algorithm>

#include "aws/error_response.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/read_condition.h"
#include "local/s3/s3_error.h"
#include "local/s3/versions.h"

namespace penstock {
namespace {

// Parameters of a read that replace headers of its answer.
constexpr std::pair<std::string_view, std::string_view> kOverrides[] = {
    {"response-content-type", "Content-Type"},
    {"response-content-language", "Content-Language"},
    {"response-expires", "Expires"},
    {"response-cache-control", "Cache-Control"},
    {"response-content-disposition", "Content-Disposition"},
    {"response-content-encoding", "Content-Encoding"},
};

// What part of the object a read asks for, and how it is answered.
struct Selection {
  ByteRange range;
  bool partial = false;  // 206 with Content-Range
  std::optional<Checksum> checksum;
};

std::optional<Checksum> PartChecksumOf(const PartRecord& part) {
  if (!part.checksum_algorithm || part.checksum.empty()) return std::nullopt;
  return Checksum{*part.checksum_algorithm, Base64Encode(part.checksum), false};
}

ApiResult<Selection> SelectPart(const OpenedObject& object, int number) {
  const int count = std::max(1, object.record.parts_count);
  if (number > count) return s3_error::InvalidPartNumber(number, count);
  Selection selection{
      .range = {0, object.record.size}, .partial = true, .checksum = object.record.checksum};
  if (object.parts.empty()) {
    selection.partial = object.record.size > 0;
    return selection;
  }
  for (int i = 0; i + 1 < number; ++i) selection.range.offset += object.parts[i].size;
  const PartRecord& part = object.parts[number - 1];
  selection.range.size = part.size;
  selection.partial = part.size > 0;
  selection.checksum = PartChecksumOf(part);
  return selection;
}

ApiResult<Selection> Select(const S3Request& request, const OpenedObject& object,
                            std::optional<int> part_number) {
  const ObjectRecord& record = object.record;
  auto range_header = request.Header("Range");
  if (part_number) {
    if (range_header) {
      return s3_error::InvalidRequest(
          "Cannot specify both Range header and partNumber query parameter");
    }
    return SelectPart(object, *part_number);
  }
  Selection whole{.range = {0, record.size}, .partial = false, .checksum = record.checksum};
  if (!range_header) return whole;
  if (auto if_range = request.Header("If-Range")) {
    auto date = ParseHttpDate(*if_range);
    if (date ? *date != std::chrono::floor<std::chrono::seconds>(record.last_modified)
             : !EtagListed(*if_range, record.etag))
      return whole;
  }
  ASSIGN_OR_RETURN(auto range, ParseByteRange(*range_header, record.size));
  if (!range) return whole;
  return Selection{.range = *range, .partial = true, .checksum = std::nullopt};
}

// An error, with the headers that tell that a delete marker is in the way.
S3Result AnswerUnreadable(S3Context& context, const S3Request& request,
                          const std::optional<std::string>& version_id, ApiError error) {
  if (request.bucket_record.versioning == Versioning::kNever) return error;
  Versions versions(context.storage, request.bucket, request.key);
  ASSIGN_OR_RETURN(auto marker, version_id ? versions.Find(*version_id) : versions.Newest());
  if (!marker || !marker->is_delete_marker) return error;
  HttpResponse refusal = ErrorResponse(error, WireProtocol::kRestXml, *request.http);
  S3Answer answer;
  answer.status = refusal.status;
  answer.headers = std::move(refusal.headers);
  answer.body = std::move(refusal.body);
  answer.headers.Add("x-amz-delete-marker", "true");
  if (version_id) answer.headers.Add("Last-Modified", FormatHttpDate(marker->last_modified));
  WriteVersionId(request, *marker, answer.headers);
  return answer;
}

}  // namespace

S3Result PutObject(S3Context& context, const S3Request& request, BodySource& body) {
  if (!request.Header("Content-Length") && !request.Header("Transfer-Encoding")) {
    return s3_error::MissingContentLength();
  }
  ASSIGN_OR_RETURN(WriteCondition condition, ReadWriteCondition(request));
  ASSIGN_OR_RETURN(ContentClaim claim, ReadContentClaim(request.http->headers));
  ObjectRecord record;
  ASSIGN_OR_RETURN(record.attributes, ReadAttributes(request));
  if (!condition.IsEmpty()) {
    // Decided again when it is written; asking first spares the upload.
    auto existing = context.objects->Find(request.bucket, request.key);
    if (!existing && existing.error().type != "NoSuchKey") return std::move(existing).error();
    std::optional<ObjectRecord> found;
    if (existing) found = *std::move(existing);
    RETURN_IF_ERROR(CheckWriteCondition(condition, request.key, found));
  }
  ASSIGN_OR_RETURN(Content content, ReceiveContent(*context.files, body, claim));
  record.etag = HexEncode(content.md5);
  record.last_modified = context.clock->Now();
  if (content.checksum_algorithm) {
    record.checksum = Checksum{*content.checksum_algorithm, Base64Encode(content.checksum), false};
  }
  ASSIGN_OR_RETURN(record, context.objects->Put(request.bucket, request.key, std::move(record),
                                                std::move(content), condition));
  S3Answer answer;
  answer.headers.Add("ETag", QuoteEtag(record.etag));
  if (record.checksum) WriteChecksum(*record.checksum, answer.headers);
  WriteEncryption(record.attributes, answer.headers);
  WriteVersionId(request, record, answer.headers);
  return answer;
}

S3Result GetObject(S3Context& context, const S3Request& request, BodySource&) {
  ASSIGN_OR_RETURN(auto version_id, request.VersionId());
  ASSIGN_OR_RETURN(auto part_number, request.Number("partNumber", 1, kPartNumberMax));
  auto opened = context.objects->Open(request.bucket, request.key, version_id);
  if (!opened) return AnswerUnreadable(context, request, version_id, std::move(opened).error());
  OpenedObject& object = *opened;
  const ObjectRecord& record = object.record;
  S3Answer answer;
  ASSIGN_OR_RETURN(ReadVerdict verdict, CheckReadConditions(request, record));
  if (verdict == ReadVerdict::kNotModified) {
    answer.status = 304;
    WriteObjectHeaders(record, answer.headers);
    WriteVersionId(request, record, answer.headers);
    answer.headers.Remove("Content-Type");
    return answer;
  }
  ASSIGN_OR_RETURN(Selection selection, Select(request, object, part_number));
  const ByteRange& range = selection.range;
  WriteObjectHeaders(record, answer.headers);
  WriteVersionId(request, record, answer.headers);
  if (selection.partial) {
    answer.status = 206;
    answer.headers.Add("Content-Range", fmt::format("bytes {}-{}/{}", range.offset,
                                                    range.offset + range.size - 1, record.size));
  }
  if (part_number && record.parts_count > 0) {
    answer.headers.Add("x-amz-mp-parts-count", std::to_string(record.parts_count));
  }
  auto mode = request.Header("x-amz-checksum-mode");
  if (mode && EqualsIgnoreCase(*mode, "ENABLED") && selection.checksum) {
    WriteChecksum(*selection.checksum, answer.headers);
  }
  for (const auto& [parameter, header] : kOverrides) {
    if (auto value = request.Parameter(parameter))
      answer.headers.Set(std::string(header), std::string(*value));
  }
  object.content->Limit(range.offset, range.size);
  answer.content = std::move(object.content);
  return answer;
}

S3Result DeleteObject(S3Context& context, const S3Request& request, BodySource&) {
  S3Answer answer;
  answer.status = 204;
  ASSIGN_OR_RETURN(auto version_id, request.VersionId());
  WriteCondition condition;
  if (auto match = request.Header("If-Match")) condition.if_match = std::string(*match);
  if (version_id) {
    ASSIGN_OR_RETURN(auto erased, context.objects->DeleteVersion(request.bucket, request.key,
                                                                 *version_id, condition));
    if (erased && erased->is_delete_marker) answer.headers.Add("x-amz-delete-marker", "true");
    answer.headers.Add("x-amz-version-id", *version_id);
    return answer;
  }
  ASSIGN_OR_RETURN(auto markers, context.objects->Delete(request.bucket, {request.key},
                                                         context.clock->Now(), condition));
  if (!markers.empty()) {
    answer.headers.Add("x-amz-delete-marker", "true");
    WriteVersionId(request, markers.begin()->second, answer.headers);
  }
  return answer;
}

S3Result GetObjectAttributes(S3Context& context, const S3Request& request, BodySource&) {
  constexpr int kPartsMax = 1000;
  ASSIGN_OR_RETURN(auto version_id, request.VersionId());
  std::vector<std::string> wanted;
  for (std::string_view header : request.http->headers.GetAll("x-amz-object-attributes")) {
    for (std::string_view name : Split(header, ',')) wanted.emplace_back(Trim(name));
  }
  std::erase(wanted, "");
  if (wanted.empty()) {
    return s3_error::InvalidArgument(
        "The x-amz-object-attributes header specifying the attributes to be retrieved is "
        "either missing or empty",
        "x-amz-object-attributes", "");
  }
  for (const std::string& name : wanted) {
    constexpr std::string_view kNames[] = {"ETag", "Checksum", "ObjectParts", "StorageClass",
                                           "ObjectSize"};
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) {
      return s3_error::InvalidArgument("Invalid attribute name specified.",
                                       "x-amz-object-attributes", name);
    }
  }
  auto number_header = [&](std::string_view name, int fallback) -> ApiResult<int> {
    auto text = request.Header(name);
    if (!text) return fallback;
    auto number = ParseInt64(*text);
    if (!number || *number < 0 || *number > INT32_MAX) {
      return s3_error::InvalidArgument(
          "Provided " + std::string(name) + " not an integer or within integer range", name, *text);
    }
    return static_cast<int>(*number);
  };
  ASSIGN_OR_RETURN(int parts_max, number_header("x-amz-max-parts", kPartsMax));
  ASSIGN_OR_RETURN(int marker, number_header("x-amz-part-number-marker", 0));
  parts_max = std::min(parts_max, kPartsMax);

  auto opened = context.objects->Open(request.bucket, request.key, version_id);
  if (!opened) return AnswerUnreadable(context, request, version_id, std::move(opened).error());
  const OpenedObject& object = *opened;
  const ObjectRecord& record = object.record;
  auto has = [&](std::string_view name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  XmlWriter xml = StartDocument("GetObjectAttributesResponse");
  if (has("ETag")) xml.Element("ETag", record.etag);
  if (has("Checksum") && record.checksum) {
    xml.Open("Checksum");
    xml.Element(ChecksumElement(record.checksum->algorithm), record.checksum->value);
    xml.Element("ChecksumType", record.checksum->TypeName());
    xml.Close();
  }
  if (has("ObjectParts") && record.parts_count > 0) {
    xml.Open("ObjectParts");
    xml.Element("PartsCount", record.parts_count);
    if (record.checksum) {
      // Parts of an object are numbered anew, from 1 and without gaps.
      const int first = std::min(marker, record.parts_count);
      const int last = first + std::min(parts_max, record.parts_count - first);
      xml.Element("PartNumberMarker", marker);
      xml.Element("NextPartNumberMarker", std::max(last, marker));
      xml.Element("MaxParts", parts_max);
      xml.Element("IsTruncated", last < record.parts_count);
      for (int number = first + 1; number <= last; ++number) {
        const PartRecord& part = object.parts[number - 1];
        xml.Open("Part");
        xml.Element("PartNumber", number);
        xml.Element("Size", part.size);
        if (auto checksum = PartChecksumOf(part))
          xml.Element(ChecksumElement(checksum->algorithm), checksum->value);
        xml.Close();
      }
    }
    xml.Close();
  }
  if (has("StorageClass")) xml.Element("StorageClass", record.attributes.storage_class);
  if (has("ObjectSize")) xml.Element("ObjectSize", record.size);
  S3Answer answer = DocumentAnswer(std::move(xml));
  answer.headers.Add("Last-Modified", FormatHttpDate(record.last_modified));
  WriteVersionId(request, record, answer.headers);
  return answer;
}

}  // namespace penstock
