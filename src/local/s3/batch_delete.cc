#include <map>

#include "aws/xml_reader.h"
#include "base/text.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kKeysMax = 1000;

struct Target {
  std::string key;
  std::string version_id;
  std::optional<std::string> etag;
};

struct BatchDelete {
  std::vector<Target> targets;
  bool quiet = false;
};

ApiResult<BatchDelete> ReadBatchDelete(const std::string& document) {
  auto root = ParseXml(document);
  if (!root || root->name != "Delete") return s3_error::MalformedXml();
  BatchDelete batch;
  batch.quiet = EqualsIgnoreCase(Trim(root->ChildText("Quiet")), "true");
  for (const XmlElement* object : root->ChildrenNamed("Object")) {
    Target target{
        std::string(object->ChildText("Key")), std::string(object->ChildText("VersionId")), {}};
    if (target.key.empty()) return s3_error::MalformedXml();
    if (const XmlElement* etag = object->Child("ETag")) target.etag = etag->text;
    if (object->Child("LastModifiedTime") != nullptr || object->Child("Size") != nullptr) {
      return s3_error::NotImplemented("deleting on condition of time or size");
    }
    batch.targets.push_back(std::move(target));
  }
  if (batch.targets.empty() || batch.targets.size() > kKeysMax) return s3_error::MalformedXml();
  return batch;
}

std::optional<ApiError> Refusal(const Target& target) {
  if (target.key.size() > kKeyBytesMax) return s3_error::KeyTooLong(target.key.size());
  if (!target.version_id.empty() && !IsVersionId(target.version_id)) {
    return s3_error::NoSuchVersion(target.key, target.version_id);
  }
  return std::nullopt;
}

}  // namespace

S3Result DeleteObjects(S3Context& context, const S3Request& request, BodySource& body) {
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kDocumentBytesMax));
  ASSIGN_OR_RETURN(BatchDelete batch, ReadBatchDelete(document));

  const Instant now = context.clock->Now();
  std::vector<std::optional<ApiError>> failures(batch.targets.size());
  // By position: the version that was removed for good; by key: the delete marker that was made.
  std::vector<std::optional<ObjectRecord>> erased(batch.targets.size());
  std::map<std::string, ObjectRecord> markers;
  std::vector<std::string> together;
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    const Target& target = batch.targets[i];
    failures[i] = Refusal(target);
    if (failures[i]) continue;
    const WriteCondition condition{.only_if_absent = false, .if_match = target.etag};
    if (!target.version_id.empty()) {
      auto version =
          context.objects->DeleteVersion(request.bucket, target.key, target.version_id, condition);
      if (version) {
        erased[i] = *std::move(version);
      } else {
        failures[i] = std::move(version).error();
      }
      continue;
    }
    if (!target.etag) {
      together.push_back(target.key);
      continue;
    }
    auto deleted = context.objects->Delete(request.bucket, {target.key}, now, condition);
    if (deleted) {
      markers.merge(*deleted);
    } else {
      failures[i] = std::move(deleted).error();
    }
  }
  ASSIGN_OR_RETURN(auto made, context.objects->Delete(request.bucket, std::move(together), now));
  markers.merge(made);

  XmlWriter xml = StartDocument("DeleteResult");
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    const Target& target = batch.targets[i];
    if (!failures[i] && batch.quiet) continue;
    xml.Open(failures[i] ? "Error" : "Deleted");
    xml.Element("Key", target.key);
    if (!target.version_id.empty()) xml.Element("VersionId", target.version_id);
    if (failures[i]) {
      xml.Element("Code", failures[i]->type);
      xml.Element("Message", failures[i]->message);
    } else if (erased[i] && erased[i]->is_delete_marker) {
      xml.Element("DeleteMarker", true);
      xml.Element("DeleteMarkerVersionId", erased[i]->ShownVersionId());
    } else if (auto marker = markers.find(target.key);
               marker != markers.end() && target.version_id.empty()) {
      xml.Element("DeleteMarker", true);
      xml.Element("DeleteMarkerVersionId", marker->second.ShownVersionId());
    }
    xml.Close();
  }
  return DocumentAnswer(std::move(xml));
}

}  // namespace penstock
