#include <algorithm>

#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr std::string_view kFirstRegion =
    "us-east-1";  // has no LocationConstraint, and rules of its own
constexpr int kListBucketsMax = 10'000;

// "eu-west-1", "us-gov-east-1"…
bool IsRegionName(std::string_view text) {
  std::vector<std::string_view> pieces = Split(text, '-');
  if (pieces.size() < 3 || !ParseUint64(pieces.back())) return false;
  pieces.pop_back();
  return std::all_of(pieces.begin(), pieces.end(), [](std::string_view piece) {
    return piece.size() >= 2 &&
           std::all_of(piece.begin(), piece.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  });
}

// The region that the request's document asks for; empty if it does not.
ApiResult<std::string> ReadLocationConstraint(const std::string& document) {
  if (Trim(document).empty()) return std::string();
  auto root = ParseXml(document);
  if (!root || root->name != "CreateBucketConfiguration") return s3_error::MalformedXml();
  if (root->Child("Location") != nullptr || root->Child("Bucket") != nullptr) {
    return s3_error::NotImplemented("directory buckets");
  }
  std::string constraint(Trim(root->ChildText("LocationConstraint")));
  if (constraint.empty()) return constraint;
  if (constraint == "EU") return std::string("eu-west-1");
  if (constraint == kFirstRegion || !IsRegionName(constraint)) {
    return s3_error::InvalidLocationConstraint(constraint);
  }
  return constraint;
}

}  // namespace

S3Result ListBuckets(S3Context& context, const S3Request& request, BodySource&) {
  ASSIGN_OR_RETURN(auto count_max, request.Number("max-buckets", 1, kListBucketsMax));
  const std::string prefix(request.Parameter("prefix").value_or(""));
  const std::string_view region = request.Parameter("bucket-region").value_or("");
  std::string after;
  if (auto token = request.Parameter("continuation-token"); token && !token->empty()) {
    auto decoded = Base64Decode(*token);
    if (!decoded) {
      return s3_error::InvalidArgument("The continuation token provided is incorrect",
                                       "continuation-token", *token);
    }
    after = *std::move(decoded);
  }
  const auto count = static_cast<size_t>(count_max.value_or(kListBucketsMax));
  ASSIGN_OR_RETURN(auto buckets,
                   context.buckets->List(request.caller().account, prefix, after, count + 1));

  XmlWriter xml = StartDocument("ListAllMyBucketsResult");
  WriteOwner(xml, "Owner", request.caller().account);
  xml.Open("Buckets");
  for (size_t i = 0; i < std::min(buckets.size(), count); ++i) {
    const NamedBucket& bucket = buckets[i];
    if (!region.empty() && bucket.record.region != region) continue;
    xml.Open("Bucket");
    xml.Element("Name", bucket.name);
    xml.Element("CreationDate", FormatIsoMillis(bucket.record.created_at));
    xml.Element("BucketRegion", bucket.record.region);
    xml.Close();
  }
  xml.Close();
  if (buckets.size() > count)
    xml.Element("ContinuationToken", Base64Encode(buckets[count - 1].name));
  if (!prefix.empty()) xml.Element("Prefix", prefix);
  return DocumentAnswer(std::move(xml));
}

S3Result CreateBucket(S3Context& context, const S3Request& request, BodySource& body) {
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kDocumentBytesMax));
  ASSIGN_OR_RETURN(std::string region, ReadLocationConstraint(document));
  if (auto acl = request.Header("x-amz-acl"); acl && *acl != "private")
    return s3_error::BucketAclNotSupported();
  for (std::string_view grant : {"full-control", "read", "read-acp", "write", "write-acp"}) {
    if (request.Header("x-amz-grant-" + std::string(grant)))
      return s3_error::BucketAclNotSupported();
  }
  if (auto lock = request.Header("x-amz-bucket-object-lock-enabled");
      lock && EqualsIgnoreCase(*lock, "true")) {
    return s3_error::NotImplemented("object lock");
  }
  if (region.empty()) region = request.caller().region;
  if (!IsRegionName(region)) region = context.default_region;

  BucketRecord record{.owner = request.caller().account,
                      .region = region,
                      .created_at = std::chrono::floor<std::chrono::seconds>(context.clock->Now()),
                      .tags = {}};
  if (auto created = context.buckets->Create(request.bucket, record); !created) {
    if (created.error().type != "BucketAlreadyOwnedByYou") return std::move(created).error();
    // Making one's own bucket again succeeds in the first region, for the sake of clients older
    // than the error.
    ASSIGN_OR_RETURN(BucketRecord existing, context.buckets->Find(request.bucket));
    if (region != kFirstRegion || existing.region != kFirstRegion)
      return std::move(created).error();
  }
  S3Answer answer;
  answer.headers.Add("Location", "/" + request.bucket);
  return answer;
}

S3Result HeadBucket(S3Context&, const S3Request& request, BodySource&) {
  S3Answer answer;
  answer.headers.Add("x-amz-bucket-region", request.bucket_record.region);
  answer.headers.Add("x-amz-access-point-alias", "false");
  answer.headers.Add("Content-Type", "application/xml");
  return answer;
}

S3Result DeleteBucket(S3Context& context, const S3Request& request, BodySource&) {
  RETURN_IF_ERROR(context.buckets->Delete(request.bucket));
  return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
}

S3Result GetBucketLocation(S3Context&, const S3Request& request, BodySource&) {
  // The root itself holds the text; the first region is an empty element.
  const std::string region =
      request.bucket_record.region == kFirstRegion ? "" : request.bucket_record.region;
  S3Answer answer;
  answer.headers.Add("Content-Type", "application/xml");
  answer.body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<LocationConstraint xmlns=\"{}\">{}</LocationConstraint>",
      kS3Namespace, XmlEscape(region));
  return answer;
}

}  // namespace penstock
