#include <algorithm>

#include "base/encoding.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr int kListMax = 1000;

// What both listings share.
struct Listing {
  ListQuery query;
  bool url_encoded = false;
  int keys_max = kListMax;  // as shown

  std::string Shown(std::string_view text) const {
    return url_encoded ? PercentEncode(text, /*keep_slash=*/true) : std::string(text);
  }
};

ApiResult<Listing> ReadListing(const S3Request& request) {
  Listing listing;
  listing.query.prefix = request.Parameter("prefix").value_or("");
  listing.query.delimiter = request.Parameter("delimiter").value_or("");
  if (auto encoding = request.Parameter("encoding-type"); encoding && !encoding->empty()) {
    if (*encoding != "url") {
      return s3_error::InvalidArgument("Invalid Encoding Method specified in Request",
                                       "encoding-type", *encoding);
    }
    listing.url_encoded = true;
  }
  ASSIGN_OR_RETURN(auto keys_max, request.Number("max-keys", 0, INT32_MAX));
  listing.keys_max = std::min(keys_max.value_or(kListMax), kListMax);
  listing.query.count_max = static_cast<size_t>(listing.keys_max);
  return listing;
}

void WriteCommonPrefixes(const Listing& listing, const ListPage& page, XmlWriter& xml) {
  for (const std::string& prefix : page.common_prefixes) {
    xml.Open("CommonPrefixes");
    xml.Element("Prefix", listing.Shown(prefix));
    xml.Close();
  }
}

void WriteObject(const Listing& listing, const ListedObject& object,
                 const std::optional<std::string>& owner, XmlWriter& xml) {
  xml.Open("Contents");
  xml.Element("Key", listing.Shown(object.key));
  xml.Element("LastModified", FormatIsoMillis(object.record.last_modified));
  xml.Element("ETag", QuoteEtag(object.record.etag));
  if (object.record.checksum) {
    xml.Element("ChecksumAlgorithm", ChecksumName(object.record.checksum->algorithm));
    xml.Element("ChecksumType", object.record.checksum->TypeName());
  }
  xml.Element("Size", object.record.size);
  if (owner) WriteOwner(xml, "Owner", *owner);
  xml.Element("StorageClass", object.record.attributes.storage_class);
  xml.Close();
}

// Tokens are opaque to clients: the last entry of the page, marked so that other texts are told
// apart.
constexpr std::string_view kTokenMark = "1:";

std::string MakeToken(const std::string& last) {
  return Base64Encode(std::string(kTokenMark) + last);
}

ApiResult<std::string> ReadToken(std::string_view token) {
  auto text = Base64Decode(token);
  if (!text || !text->starts_with(kTokenMark)) {
    return s3_error::InvalidArgument("The continuation token provided is incorrect",
                                     "continuation-token", token);
  }
  return text->substr(kTokenMark.size());
}

}  // namespace

S3Result ListObjectsV1(S3Context& context, const S3Request& request, BodySource&) {
  ASSIGN_OR_RETURN(Listing listing, ReadListing(request));
  listing.query.after = request.Parameter("marker").value_or("");
  ASSIGN_OR_RETURN(ListPage page, context.objects->List(request.bucket, listing.query));

  XmlWriter xml = StartDocument("ListBucketResult");
  xml.Element("Name", request.bucket);
  xml.Element("Prefix", listing.Shown(listing.query.prefix));
  xml.Element("Marker", listing.Shown(listing.query.after));
  // Without a delimiter the last key of the page serves as the next marker.
  if (page.truncated && !listing.query.delimiter.empty())
    xml.Element("NextMarker", listing.Shown(page.last));
  xml.Element("MaxKeys", listing.keys_max);
  if (!listing.query.delimiter.empty())
    xml.Element("Delimiter", listing.Shown(listing.query.delimiter));
  if (listing.url_encoded) xml.Element("EncodingType", "url");
  xml.Element("IsTruncated", page.truncated);
  for (const ListedObject& object : page.objects) {
    WriteObject(listing, object, request.bucket_record.owner, xml);
  }
  WriteCommonPrefixes(listing, page, xml);
  return DocumentAnswer(std::move(xml));
}

S3Result ListObjectsV2(S3Context& context, const S3Request& request, BodySource&) {
  if (request.Parameter("list-type") != "2") {
    return s3_error::InvalidArgument("Invalid List Type specified in Request", "list-type",
                                     *request.Parameter("list-type"));
  }
  ASSIGN_OR_RETURN(Listing listing, ReadListing(request));
  const std::string_view start_after = request.Parameter("start-after").value_or("");
  const auto token = request.Parameter("continuation-token");
  listing.query.after = start_after;
  if (token && !token->empty()) {
    ASSIGN_OR_RETURN(listing.query.after, ReadToken(*token));
  }
  std::optional<std::string> owner;
  if (request.Parameter("fetch-owner") == "true") owner = request.bucket_record.owner;
  ASSIGN_OR_RETURN(ListPage page, context.objects->List(request.bucket, listing.query));

  XmlWriter xml = StartDocument("ListBucketResult");
  xml.Element("Name", request.bucket);
  xml.Element("Prefix", listing.Shown(listing.query.prefix));
  if (token) xml.Element("ContinuationToken", *token);
  if (page.truncated) xml.Element("NextContinuationToken", MakeToken(page.last));
  if (!start_after.empty()) xml.Element("StartAfter", listing.Shown(start_after));
  xml.Element("KeyCount", uint64_t{page.objects.size() + page.common_prefixes.size()});
  xml.Element("MaxKeys", listing.keys_max);
  if (!listing.query.delimiter.empty())
    xml.Element("Delimiter", listing.Shown(listing.query.delimiter));
  if (listing.url_encoded) xml.Element("EncodingType", "url");
  xml.Element("IsTruncated", page.truncated);
  for (const ListedObject& object : page.objects) WriteObject(listing, object, owner, xml);
  WriteCommonPrefixes(listing, page, xml);
  return DocumentAnswer(std::move(xml));
}

}  // namespace penstock
