#include "local/s3/operation.h"

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
