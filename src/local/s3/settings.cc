// The settings of buckets and objects. This server keeps none of them: reads answer what AWS
// answers for a bucket on which nobody ever set anything, and changes are refused by name, so that
// nobody relies on what is not there. Setting what is so anyway is no change.
#include <algorithm>
#include <array>

#include "aws/xml_reader.h"
#include "base/text.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

struct Setting {
  std::string_view parameter;
  std::string_view name;        // in words
  std::string_view error_code;  // of a read; empty: `document` is the answer
  std::string_view error_message;
  std::string_view document;  // what is inside the root element
  std::string_view root;
};

constexpr Setting kSettings[] = {
    {"acl", "access control lists", "", "", "", "AccessControlPolicy"},  // written by GetAcl
    {"policy", "bucket policies", "NoSuchBucketPolicy", "The bucket policy does not exist", "", ""},
    {"policyStatus", "bucket policies", "NoSuchBucketPolicy", "The bucket policy does not exist",
     "", ""},
    {"encryption", "default encryption", "ServerSideEncryptionConfigurationNotFoundError",
     "The server side encryption configuration was not found", "", ""},
    {"lifecycle", "lifecycle rules", "NoSuchLifecycleConfiguration",
     "The lifecycle configuration does not exist", "", ""},
    {"publicAccessBlock", "changing the public access block", "", "",
     "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
     "<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</"
     "RestrictPublicBuckets>",
     "PublicAccessBlockConfiguration"},
    {"ownershipControls", "changing ownership controls", "", "",
     "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>", "OwnershipControls"},
    {"website", "static websites", "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration", "", ""},
    {"logging", "access logging", "", "", "", "BucketLoggingStatus"},
    {"notification", "event notifications", "", "", "", "NotificationConfiguration"},
    {"requestPayment", "requester pays", "", "", "<Payer>BucketOwner</Payer>",
     "RequestPaymentConfiguration"},
    {"accelerate", "transfer acceleration", "", "", "", "AccelerateConfiguration"},
    {"object-lock", "object lock", "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket", "", ""},
    {"replication", "replication", "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found", "", ""},
    {"retention", "object lock", "NoSuchObjectLockConfiguration",
     "The specified object does not have a ObjectLock configuration", "", ""},
    {"legal-hold", "object lock", "NoSuchObjectLockConfiguration",
     "The specified object does not have a ObjectLock configuration", "", ""},
};

// Parts of buckets and objects whose reads are not answered either.
constexpr std::pair<std::string_view, std::string_view> kOtherFeatures[] = {
    {"analytics", "analytics configurations"},
    {"inventory", "inventory configurations"},
    {"metrics", "metrics configurations"},
    {"intelligent-tiering", "Intelligent-Tiering configurations"},
    {"metadataTable", "metadata tables"},
    {"metadataConfiguration", "metadata tables"},
    {"metadataInventoryTable", "metadata tables"},
    {"metadataJournalTable", "metadata tables"},
    {"restore", "restoring archived objects"},
    {"select", "SelectObjectContent"},
    {"torrent", "torrents"},
    {"renameObject", "renaming objects"},
    {"session", "directory buckets"},
};

const Setting* FindSetting(const S3Request& request) {
  for (const Setting& setting : kSettings) {
    if (request.Parameter(setting.parameter)) return &setting;
  }
  return nullptr;
}

ApiError NotImplementedFor(const S3Request& request) {
  for (const auto& [parameter, value] : request.query) {
    if (std::string_view name = SettingName(parameter); !name.empty())
      return s3_error::NotImplemented(name);
  }
  return s3_error::NotImplemented("this request");
}

// Same elements with the same texts, in whatever order.
bool SaysTheSame(const XmlElement& a, const XmlElement& b) {
  if (a.name != b.name || a.children.size() != b.children.size()) return false;
  if (a.children.empty()) return EqualsIgnoreCase(Trim(a.text), Trim(b.text));
  return std::all_of(a.children.begin(), a.children.end(), [&](const XmlElement& child) {
    const XmlElement* other = b.Child(child.name);
    return other != nullptr && SaysTheSame(child, *other);
  });
}

S3Answer GetAcl(const S3Request& request) {
  const std::string& owner = request.bucket_record.owner;
  XmlWriter xml = StartDocument("AccessControlPolicy");
  WriteOwner(xml, "Owner", owner);
  xml.Open("AccessControlList");
  xml.Open("Grant");
  xml.OpenWithAttributes(
      "Grantee",
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"");
  xml.Element("ID", CanonicalUserId(owner));
  xml.Element("DisplayName", owner);
  xml.Close();
  xml.Element("Permission", "FULL_CONTROL");
  xml.Close();
  xml.Close();
  return DocumentAnswer(std::move(xml));
}

}  // namespace

std::string_view SettingName(std::string_view parameter) {
  for (const Setting& setting : kSettings) {
    if (setting.parameter == parameter) return setting.name;
  }
  for (const auto& [feature, name] : kOtherFeatures) {
    if (feature == parameter) return name;
  }
  return {};
}

S3Result GetSetting(S3Context& context, const S3Request& request, BodySource&) {
  const Setting* setting = FindSetting(request);
  if (setting == nullptr) return NotImplementedFor(request);
  if (!request.key.empty()) {
    if (setting->parameter != "acl" && setting->parameter != "retention" &&
        setting->parameter != "legal-hold") {
      return NotImplementedFor(request);
    }
    ASSIGN_OR_RETURN(auto version_id, request.VersionId());
    RETURN_IF_ERROR(context.objects->Find(request.bucket, request.key, version_id));
  }
  if (setting->parameter == "acl") return GetAcl(request);
  if (!setting->error_code.empty()) {
    return s3_error::NoSuchSetting(std::string(setting->error_code),
                                   std::string(setting->error_message), request.bucket);
  }
  S3Answer answer;
  answer.headers.Add("Content-Type", "application/xml");
  answer.body = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{} xmlns=\"{}\">{}</{}>",
                            setting->root, kS3Namespace, setting->document, setting->root);
  return answer;
}

S3Result ChangeSetting(S3Context&, const S3Request& request, BodySource& body) {
  const Setting* setting = FindSetting(request);
  const bool has_default = setting != nullptr && !setting->document.empty();
  if (!has_default || request.http->method != "PUT" || !request.key.empty())
    return NotImplementedFor(request);
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kDocumentBytesMax));
  auto given = ParseXml(document);
  if (!given) return s3_error::MalformedXml();
  auto standing = ParseXml(fmt::format("<{0}>{1}</{0}>", setting->root, setting->document));
  if (!standing || !SaysTheSame(*given, *standing)) return NotImplementedFor(request);
  return S3Answer();
}

S3Result PutAcl(S3Context& context, const S3Request& request, BodySource&) {
  if (!request.key.empty()) {
    ASSIGN_OR_RETURN(auto version_id, request.VersionId());
    RETURN_IF_ERROR(context.objects->Find(request.bucket, request.key, version_id));
  }
  // Of all ACLs only the one that changes nothing can be set.
  auto canned = request.Header("x-amz-acl");
  if (!canned || (*canned != "private" && *canned != "bucket-owner-full-control"))
    return s3_error::AclNotSupported();
  return S3Answer();
}

}  // namespace penstock
