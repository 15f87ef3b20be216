#include "aws/xml_reader.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

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

}  // namespace

S3Result GetTagging(S3Context& context, const S3Request& request, BodySource&) {
  std::vector<NameValue> tags = request.bucket_record.tags;
  if (!request.key.empty()) {
    ASSIGN_OR_RETURN(ObjectRecord record, context.objects->Find(request.bucket, request.key));
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
  return DocumentAnswer(std::move(xml));
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
  RETURN_IF_ERROR(context.objects->SetTags(request.bucket, request.key, std::move(tags)));
  return S3Answer();
}

S3Result DeleteTagging(S3Context& context, const S3Request& request, BodySource&) {
  if (request.key.empty()) {
    RETURN_IF_ERROR(context.buckets->SetTags(request.bucket, {}));
  } else {
    RETURN_IF_ERROR(context.objects->SetTags(request.bucket, request.key, {}));
  }
  return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
}

}  // namespace penstock
