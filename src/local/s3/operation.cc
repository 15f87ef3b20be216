#include "local/s3/operation.h"

#include "base/text.h"
#include "local/s3/s3_error.h"

namespace penstock {

XmlWriter StartDocument(std::string_view root) {
  XmlWriter xml;
  xml.Declaration();
  xml.Open(root, kS3Namespace);
  return xml;
}

S3Answer DocumentAnswer(XmlWriter document) {
  document.Close();
  S3Answer answer;
  answer.headers.Add("Content-Type", "application/xml");
  answer.body = std::move(document).Finish();
  return answer;
}

void WriteOwner(XmlWriter& xml, std::string_view element, std::string_view account) {
  xml.Open(element);
  xml.Element("ID", CanonicalUserId(account));
  xml.Element("DisplayName", account);
  xml.Close();
}

ApiResult<int> PartNumberOf(const S3Request& request) {
  auto text = request.Parameter("partNumber");
  auto number = ParseInt64(text.value_or(""));
  if (!number || *number < 1 || *number > kPartNumberMax) {
    return s3_error::InvalidArgument(
        "Part number must be an integer between 1 and 10000, inclusive", "partNumber",
        text.value_or(""));
  }
  return static_cast<int>(*number);
}

void WriteVersionId(const S3Request& request, const ObjectRecord& record, Headers& headers) {
  if (request.bucket_record.versioning == Versioning::kNever) return;
  headers.Set("x-amz-version-id", std::string(record.ShownVersionId()));
}

ApiResult<WriteCondition> ReadWriteCondition(const S3Request& request) {
  WriteCondition condition;
  if (auto none_match = request.Header("If-None-Match")) {
    if (*none_match != "*")
      return s3_error::NotImplemented("If-None-Match with an ETag on writes: only '*' is");
    condition.only_if_absent = true;
  }
  if (auto match = request.Header("If-Match")) condition.if_match = std::string(*match);
  if (condition.only_if_absent && condition.if_match) {
    return s3_error::NotImplemented("If-Match together with If-None-Match on writes");
  }
  return condition;
}

}  // namespace penstock
