#include "aws/xml_reader.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {

ApiResult<std::vector<NameValue>> ReadTagging(const std::string& document) {
  auto root = ParseXml(document);
  if (!root || root->name != "Tagging") return s3_error::MalformedXml();
  const XmlElement* set = root->Child("TagSet");
  if (set == nullptr) return s3_error::MalformedXml();
  std::vector<NameValue> tags;
  for (const XmlElement& tag : set->children) {
    if (tag.name != "Tag" || tag.Child("Key") == nullptr || tag.Child("Value") == nullptr) {
      return s3_error::MalformedXml();
    }
    tags.emplace_back(tag.ChildText("Key"), tag.ChildText("Value"));
  }
  return tags;
}

namespace {

S3Result SetObjectTags(S3Context& context, const S3Request& request, std::vector<NameValue> tags,
                       int status) {
  ASSIGN_OR_RETURN(auto version_id, request.VersionId());
  ASSIGN_OR_RETURN(ObjectRecord record, context.objects->SetTags(request.bucket, request.key,
                                                                 version_id, std::move(tags)));
  S3Answer answer;
  answer.status = status;
  WriteVersionId(request, record, answer.headers);
  return answer;
}

}  // namespace

S3Result GetTagging(S3Context& context, const S3Request& request, BodySource&) {
  std::vector<NameValue> tags = request.bucket_record.tags;
  Headers headers;
  if (!request.key.empty()) {
    ASSIGN_OR_RETURN(auto version_id, request.VersionId());
    ASSIGN_OR_RETURN(ObjectRecord record,
                     context.objects->Find(request.bucket, request.key, version_id));
    WriteVersionId(request, record, headers);
    tags = std::move(record.attributes.tags);
  } else if (tags.empty()) {
    return s3_error::NoSuchSetting("NoSuchTagSet", "The TagSet does not exist", request.bucket);
  }
  XmlWriter xml = StartDocument("Tagging");
  xml.Open("TagSet");
  for (const auto& [name, value] : tags) {
    xml.Open("Tag");
    xml.Element("Key", name);
    xml.Element("Value", value);
    xml.Close();
  }
  xml.Close();
  S3Answer answer = DocumentAnswer(std::move(xml));
  for (const auto& [name, value] : headers.fields()) answer.headers.Add(name, value);
  return answer;
}

S3Result PutTagging(S3Context& context, const S3Request& request, BodySource& body) {
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kDocumentBytesMax));
  ASSIGN_OR_RETURN(std::vector<NameValue> tags, ReadTagging(document));
  if (request.key.empty()) {
    RETURN_IF_ERROR(CheckTags(tags, "Bucket", kBucketTagsMax));
    RETURN_IF_ERROR(context.buckets->SetTags(request.bucket, std::move(tags)));
    return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
  }
  RETURN_IF_ERROR(CheckTags(tags, "Object", kObjectTagsMax));
  return SetObjectTags(context, request, std::move(tags), 200);
}

S3Result DeleteTagging(S3Context& context, const S3Request& request, BodySource&) {
  if (!request.key.empty()) return SetObjectTags(context, request, {}, 204);
  RETURN_IF_ERROR(context.buckets->SetTags(request.bucket, {}));
  return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
}

}  // namespace penstock
