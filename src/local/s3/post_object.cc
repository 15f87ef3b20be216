// PostObject: an upload from a web page's form.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
#include "aws/form_upload.h"
#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/object_headers.h"
#include "local/s3/operation.h"
#include "local/s3/post_policy.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

// Passes on bytes as long as they are few enough.
class BoundedSource final : public BodySource {
 public:
  BoundedSource(BodySource& source, std::optional<uint64_t> size_most)
      : source_(source), size_most_(size_most) {}
  Result<size_t> Read(std::span<char> buffer) override {
    ASSIGN_OR_RETURN(size_t count, source_.Read(buffer));
    size_ += count;
    if (size_most_ && size_ > *size_most_) return ResourceExhausted("the file is too long");
    return count;
  }

 private:
  BodySource& source_;
  const std::optional<uint64_t> size_most_;
  uint64_t size_ = 0;
};

// The form's fields as the headers that PutObject would have.
HttpRequest AsPut(const HttpRequest& post, const FormUpload& form) {
  HttpRequest put;
  put.method = "PUT";
  put.caller = post.caller;
  put.request_id = post.request_id;
  for (const auto& [name, value] : form.fields()) {
    if (name == "acl") put.headers.Add("x-amz-acl", value);
    const bool kept = name.starts_with("x-amz-meta-") || name == "x-amz-storage-class" ||
                      name.starts_with("x-amz-server-side-encryption") ||
                      name.starts_with("x-amz-checksum-") ||
                      name == "x-amz-website-redirect-location" || name == "content-type" ||
                      name == "cache-control" || name == "content-disposition" ||
                      name == "content-encoding" || name == "expires" || name == "content-md5";
    if (kept) put.headers.Add(name, value);
  }
  return put;
}

// With the file's name in place of the variable, as the policy's conditions mean it.
std::string ExpandedKey(std::string key, std::string_view file_name) {
  constexpr std::string_view kFileName = "${filename}";
  // Some browsers send the path on the user's disk.
  if (size_t at = file_name.find_last_of("/\\"); at != std::string_view::npos) {
    file_name.remove_prefix(at + 1);
  }
  if (size_t at = key.find(kFileName); at != std::string::npos) {
    key.replace(at, kFileName.size(), file_name);
  }
  return key;
}

ApiResult<std::string> KeyOf(const FormUpload& form) {
  auto field = form.Field("key");
  if (!field) {
    return s3_error::InvalidArgument(
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order "
        "of the fields.",
        "key", "");
  }
  std::string key = ExpandedKey(std::string(*field), form.file_name());
  if (key.empty())
    return s3_error::InvalidArgument("User key must have a length greater than 0.", "key", "");
  if (key.size() > kKeyBytesMax) return s3_error::KeyTooLong(key.size());
  if (!IsValidUtf8(key)) return s3_error::InvalidArgument("The key is not UTF-8", "key", "");
  return key;
}

S3Answer AnswerPost(const S3Request& request, const FormUpload& form, const std::string& key,
                    const ObjectRecord& record) {
  S3Answer answer;
  const std::string location =
      fmt::format("http://{}/{}/{}", request.Header("Host").value_or("localhost"), request.bucket,
                  PercentEncode(key, /*keep_slash=*/true));
  auto redirect = form.Field("success_action_redirect");
  if (!redirect) redirect = form.Field("redirect");
  std::string_view status = form.Field("success_action_status").value_or("");
  if (redirect && !redirect->empty()) {
    answer.status = 303;
    answer.headers.Add("Location",
                       fmt::format("{}{}bucket={}&key={}&etag={}", *redirect,
                                   redirect->find('?') == std::string_view::npos ? "?" : "&",
                                   PercentEncode(request.bucket), PercentEncode(key),
                                   PercentEncode(QuoteEtag(record.etag))));
  } else if (status == "201") {
    XmlWriter xml;
    xml.Declaration();
    xml.Open("PostResponse");
    xml.Element("Location", location);
    xml.Element("Bucket", request.bucket);
    xml.Element("Key", key);
    xml.Element("ETag", QuoteEtag(record.etag));
    answer = DocumentAnswer(std::move(xml));
    answer.status = 201;
    answer.headers.Add("Location", location);
  } else {
    answer.status = status == "200" ? 200 : 204;
    answer.headers.Add("Location", location);
  }
  answer.headers.Add("ETag", QuoteEtag(record.etag));
  if (record.checksum) WriteChecksum(*record.checksum, answer.headers);
  WriteEncryption(record.attributes, answer.headers);
  WriteVersionId(request, record, answer.headers);
  return answer;
}

}  // namespace

S3Result PostObject(S3Context& context, const S3Request& request, BodySource& body) {
  auto boundary = FormBoundary(request.Header("Content-Type").value_or(""));
  if (!boundary) {
    return ApiError{"PreconditionFailed",
                    "Bucket POST must be of the enclosure-type multipart/form-data",
                    412,
                    {{"Condition",
                      "Bucket POST must be of the enclosure-type "
                      "multipart/form-data"}}};
  }
  ASSIGN_OR_RETURN(auto form, FormUpload::Read(body, *boundary));
  ASSIGN_OR_RETURN(std::string key, KeyOf(*form));
  const Instant now = context.clock->Now();
  // Without a policy the request itself was signed, which AWS's clients never do.
  PostPolicy policy;
  if (auto text = form->Field("policy")) {
    ASSIGN_OR_RETURN(policy, ReadPostPolicy(*text));
    std::vector<std::pair<std::string, std::string>> fields = form->fields();
    std::erase_if(fields, [](const auto& field) { return field.first == "bucket"; });
    fields.emplace_back("bucket", request.bucket);
    for (auto& [name, value] : fields) {
      if (name == "key") value = ExpandedKey(std::move(value), form->file_name());
    }
    RETURN_IF_ERROR(CheckPostPolicy(policy, fields, now));
  }
  const HttpRequest put_http = AsPut(*request.http, *form);
  S3Request put;
  put.http = &put_http;
  put.bucket = request.bucket;
  put.key = key;
  ObjectRecord record;
  ASSIGN_OR_RETURN(record.attributes, ReadAttributes(put));
  if (auto tagging = form->Field("tagging")) {
    ASSIGN_OR_RETURN(record.attributes.tags, ReadTagging(std::string(*tagging)));
    RETURN_IF_ERROR(CheckTags(record.attributes.tags, "Object", kObjectTagsMax));
  }
  ASSIGN_OR_RETURN(ContentClaim claim, ReadContentClaim(put_http.headers));
  BoundedSource file(*form, policy.size_most);
  ASSIGN_OR_RETURN(Content content, ReceiveContent(*context.files, file, claim));
  if (policy.size_least && content.size < *policy.size_least) {
    return ApiError{"EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    400,
                    {{"ProposedSize", std::to_string(content.size)},
                     {"MinSizeAllowed", std::to_string(*policy.size_least)}}};
  }
  record.etag = HexEncode(content.md5);
  record.last_modified = now;
  if (content.checksum_algorithm) {
    record.checksum = Checksum{*content.checksum_algorithm, Base64Encode(content.checksum), false};
  }
  ASSIGN_OR_RETURN(record, context.objects->Put(request.bucket, key, std::move(record),
                                                std::move(content), WriteCondition()));
  return AnswerPost(request, *form, key, record);
}

}  // namespace penstock
