// GetBucketVersioning, PutBucketVersioning, ListObjectVersions.
#include <algorithm>

#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr int kVersionListMax = 1000;

void WriteVersion(const ListedVersion& version, const std::string& shown_key,
                  const std::string& owner, XmlWriter& xml) {
  const ObjectRecord& record = version.record;
  xml.Open(record.is_delete_marker ? "DeleteMarker" : "Version");
  xml.Element("Key", shown_key);
  xml.Element("VersionId", record.ShownVersionId());
  xml.Element("IsLatest", version.is_latest);
  xml.Element("LastModified", FormatIsoMillis(record.last_modified));
  if (!record.is_delete_marker) {
    xml.Element("ETag", QuoteEtag(record.etag));
    if (record.checksum) {
      xml.Element("ChecksumAlgorithm", ChecksumName(record.checksum->algorithm));
      xml.Element("ChecksumType", record.checksum->TypeName());
    }
    xml.Element("Size", record.size);
  }
  WriteOwner(xml, "Owner", owner);
  if (!record.is_delete_marker) xml.Element("StorageClass", record.attributes.storage_class);
  xml.Close();
}

}  // namespace

S3Result GetVersioning(S3Context&, const S3Request& request, BodySource&) {
  XmlWriter xml = StartDocument("VersioningConfiguration");
  const Versioning versioning = request.bucket_record.versioning;
  if (versioning != Versioning::kNever) {
    xml.Element("Status", versioning == Versioning::kEnabled ? "Enabled" : "Suspended");
  }
  return DocumentAnswer(std::move(xml));
}

S3Result PutVersioning(S3Context& context, const S3Request& request, BodySource& body) {
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kDocumentBytesMax));
  auto root = ParseXml(document);
  if (!root || root->name != "VersioningConfiguration") return s3_error::MalformedXml();
  if (Trim(root->ChildText("MfaDelete")) == "Enabled") {
    return s3_error::NotImplemented("MFA delete");
  }
  std::string_view status = Trim(root->ChildText("Status"));
  if (status.empty()) {
    return ApiError{"IllegalVersioningConfigurationException",
                    "The Versioning element must be specified",
                    400,
                    {}};
  }
  if (status != "Enabled" && status != "Suspended") return s3_error::MalformedXml();
  RETURN_IF_ERROR(context.buckets->SetVersioning(
      request.bucket, status == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended));
  return S3Answer();
}

S3Result ListObjectVersions(S3Context& context, const S3Request& request, BodySource&) {
  VersionQuery query;
  query.prefix = request.Parameter("prefix").value_or("");
  query.delimiter = request.Parameter("delimiter").value_or("");
  query.key_marker = request.Parameter("key-marker").value_or("");
  query.version_id_marker = request.Parameter("version-id-marker").value_or("");
  if (!query.version_id_marker.empty() && query.key_marker.empty()) {
    return s3_error::InvalidArgument(
        "A version-id marker cannot be specified without a key marker.", "version-id-marker",
        query.version_id_marker);
  }
  if (!query.version_id_marker.empty() && !IsVersionId(query.version_id_marker)) {
    return s3_error::InvalidArgument("Invalid version id specified", "version-id-marker",
                                     query.version_id_marker);
  }
  const auto encoding = request.Parameter("encoding-type").value_or("");
  if (!encoding.empty() && encoding != "url") {
    return s3_error::InvalidArgument("Invalid Encoding Method specified in Request",
                                     "encoding-type", encoding);
  }
  auto shown = [&](std::string_view text) {
    return encoding.empty() ? std::string(text) : PercentEncode(text, /*keep_slash=*/true);
  };
  ASSIGN_OR_RETURN(auto keys_max, request.Number("max-keys", 0, INT32_MAX));
  const int count_max = std::min(keys_max.value_or(kVersionListMax), kVersionListMax);
  query.count_max = static_cast<size_t>(count_max);
  ASSIGN_OR_RETURN(VersionPage page, ListVersions(*context.storage, request.bucket, query));

  XmlWriter xml = StartDocument("ListVersionsResult");
  xml.Element("Name", request.bucket);
  xml.Element("Prefix", shown(query.prefix));
  xml.Element("KeyMarker", shown(query.key_marker));
  xml.Element("VersionIdMarker", query.version_id_marker);
  if (page.truncated) {
    xml.Element("NextKeyMarker", shown(page.next_key_marker));
    if (!page.next_version_id_marker.empty())
      xml.Element("NextVersionIdMarker", page.next_version_id_marker);
  }
  xml.Element("MaxKeys", count_max);
  if (!query.delimiter.empty()) xml.Element("Delimiter", shown(query.delimiter));
  if (!encoding.empty()) xml.Element("EncodingType", "url");
  xml.Element("IsTruncated", page.truncated);
  for (const ListedVersion& version : page.versions) {
    WriteVersion(version, shown(version.key), request.bucket_record.owner, xml);
  }
  for (const std::string& prefix : page.common_prefixes) {
    xml.Open("CommonPrefixes");
    xml.Element("Prefix", shown(prefix));
    xml.Close();
  }
  return DocumentAnswer(std::move(xml));
}

}  // namespace penstock
