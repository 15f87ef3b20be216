#include "aws/s3_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "aws/xml_reader.h"
#include "aws/xml_writer.h"
#include "base/crc.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr std::string_view kXmlNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr int kPartsPageMax = 1000;

std::string TargetOf(const S3Location& at) {
  return "/" + at.bucket + "/" + PercentEncode(at.key, /*keep_slash=*/true);
}

std::string Unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  return std::string(response.headers.Get(name).value_or(""));
}

std::string Crc32Header(std::string_view body) {
  return Base64Encode(BigEndian(Crc32(body), sizeof(uint32_t)));
}

void AddChecksum(ServiceCall& call) {
  call.headers.Add("x-amz-sdk-checksum-algorithm", "CRC32");
  call.headers.Add("x-amz-checksum-crc32", Crc32Header(call.body));
}

void AddOptions(ServiceCall& call, const S3PutOptions& options) {
  if (!options.content_type.empty()) call.headers.Set("Content-Type", options.content_type);
  if (!options.server_side_encryption.empty()) {
    call.headers.Add("x-amz-server-side-encryption", options.server_side_encryption);
  }
  if (!options.kms_key_id.empty()) {
    call.headers.Add("x-amz-server-side-encryption-aws-kms-key-id", options.kms_key_id);
  }
}

ServiceCall CallOf(std::string method, std::string target) {
  ServiceCall call;
  call.service = "s3";
  call.method = std::move(method);
  call.target = std::move(target);
  return call;
}

CallError NotUnderstood(std::string_view what, const HttpResponse& response) {
  return {"MalformedAnswer", fmt::format("the answer to {} cannot be read", what), response.status,
          HeaderOf(response, "x-amz-request-id")};
}

// S3 starts some answers before it knows how they end: a 200 may carry an <Error>. The status it
// stands for is its code's.
CallResult<XmlElement> ReadXml(std::string_view what, HttpResponse response) {
  auto root = ParseXml(response.body);
  if (!root) return NotUnderstood(what, response);
  if (root->name != "Error") return *std::move(root);
  response.status = 400;
  CallError error = ReadCallError(response);
  if (error.IsRetryable()) error.http = 500;
  return error;
}

// Passes on exactly the range that was asked for: a store that ignores Range would send the whole
// object.
class RangeSink : public BodySink {
 public:
  RangeSink(BodySink& sink, uint64_t size) : sink_(sink), left_(size) {}
  Status Write(std::string_view bytes) override {
    if (bytes.size() > left_)
      return Corrupt("the answer is longer than the range that was asked for");
    left_ -= bytes.size();
    return sink_.Write(bytes);
  }
  uint64_t left() const { return left_; }

 private:
  BodySink& sink_;
  uint64_t left_;
};

uint64_t NumberOf(const XmlElement& element, std::string_view child) {
  return ParseUint64(element.ChildText(child)).value_or(0);
}

}  // namespace

Result<S3Location> ParseS3Uri(std::string_view uri) {
  if (!IsValidUtf8(uri)) {
    return InvalidArgument(
        fmt::format("\"{}\" is not valid UTF-8, as the keys of S3 are", ShowBytes(uri)));
  }
  size_t scheme = uri.find("://");
  std::string name = AsciiLower(uri.substr(0, scheme));
  if (scheme == std::string_view::npos || (name != "s3" && name != "s3n" && name != "s3a")) {
    return InvalidArgument(fmt::format("\"{}\" is no S3 location; write s3://bucket/key", uri));
  }
  std::string_view rest = uri.substr(scheme + 3);
  size_t slash = rest.find('/');
  S3Location at;
  at.bucket = rest.substr(0, slash);
  if (slash != std::string_view::npos) at.key = rest.substr(slash + 1);
  if (at.bucket.empty())
    return InvalidArgument(fmt::format("\"{}\" names no bucket; write s3://bucket/key", uri));
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, with the upper
  // case and the length of old us-east-1 buckets.
  bool legal =
      at.bucket.size() <= 255 && std::all_of(at.bucket.begin(), at.bucket.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
      });
  if (!legal || at.bucket == "." || at.bucket == "..") {
    return InvalidArgument(fmt::format(
        "\"{}\" cannot be a bucket's name (in \"{}\"): letters, digits, '-', '.' and '_' only",
        at.bucket, uri));
  }
  if (at.key.size() > 1024) {
    return InvalidArgument(
        fmt::format("the key in \"{}\" is {} bytes long; S3 allows 1024", uri, at.key.size()));
  }
  return at;
}

std::string FormatS3Uri(const S3Location& location) {
  return "s3://" + location.bucket + "/" + location.key;
}

S3Client::S3Client(ClientContext context, ServiceEndpoint endpoint)
    : context_(context), endpoint_(std::move(endpoint)) {}

CallResult<HttpResponse> S3Client::Send(const ServiceCall& call, BodySink* sink,
                                        std::stop_token stop) const {
  return CallService(context_, endpoint_, call, RetryPolicy::kStandard, sink, std::move(stop));
}

CallResult<void> S3Client::CreateBucket(const std::string& bucket, std::stop_token stop) const {
  std::string body;
  if (endpoint_.region != "us-east-1") {
    XmlWriter xml;
    xml.Open("CreateBucketConfiguration", kXmlNamespace);
    xml.Element("LocationConstraint", endpoint_.region);
    xml.Close();
    body = std::move(xml).Finish();
  }
  ServiceCall call = CallOf("PUT", "/" + bucket);
  call.body = body;
  auto response = Send(call, nullptr, stop);
  if (!response) return std::move(response).error();
  return {};
}

CallResult<void> S3Client::HeadBucket(const std::string& bucket, std::stop_token stop) const {
  auto response = Send(CallOf("HEAD", "/" + bucket), nullptr, stop);
  if (!response) return std::move(response).error();
  return {};
}

CallResult<std::string> S3Client::PutObject(const S3Location& at, std::string_view body,
                                            const S3PutOptions& options,
                                            std::stop_token stop) const {
  ServiceCall call = CallOf("PUT", TargetOf(at));
  call.body = body;
  AddOptions(call, options);
  AddChecksum(call);
  if (options.only_if_absent) call.headers.Add("If-None-Match", "*");
  ASSIGN_OR_RETURN(HttpResponse response, Send(call, nullptr, stop));
  return Unquoted(HeaderOf(response, "ETag"));
}

CallResult<std::string> S3Client::GetObject(const S3Location& at, std::stop_token stop) const {
  ASSIGN_OR_RETURN(HttpResponse response, Send(CallOf("GET", TargetOf(at)), nullptr, stop));
  return std::move(response.body);
}

CallResult<void> S3Client::GetRange(const S3Location& at, uint64_t offset, uint64_t size,
                                    const std::string& if_match, BodySink& sink,
                                    std::stop_token stop) const {
  if (size == 0) return {};
  ServiceCall call = CallOf("GET", TargetOf(at));
  call.headers.Add("Range", fmt::format("bytes={}-{}", offset, offset + size - 1));
  if (!if_match.empty()) call.headers.Add("If-Match", "\"" + if_match + "\"");
  RangeSink exact(sink, size);
  auto response = Send(call, &exact, stop);
  if (!response) return std::move(response).error();
  if (exact.left() == 0) return {};
  return CallError{
      "", fmt::format("the answer ended {} bytes before the end of the range", exact.left()), 0,
      HeaderOf(*response, "x-amz-request-id")};
}

CallResult<S3ObjectInfo> S3Client::HeadObject(const S3Location& at, std::stop_token stop) const {
  ASSIGN_OR_RETURN(HttpResponse response, Send(CallOf("HEAD", TargetOf(at)), nullptr, stop));
  auto size = ParseUint64(HeaderOf(response, "Content-Length"));
  if (!size) return NotUnderstood("HeadObject", response);
  return S3ObjectInfo{at.key, *size, Unquoted(HeaderOf(response, "ETag")),
                      ParseHttpDate(HeaderOf(response, "Last-Modified")).value_or(Instant{})};
}

CallResult<void> S3Client::DeleteObject(const S3Location& at, std::stop_token stop) const {
  auto response = Send(CallOf("DELETE", TargetOf(at)), nullptr, stop);
  if (!response) return std::move(response).error();
  return {};
}

CallResult<S3Listing> S3Client::List(const std::string& bucket, const std::string& prefix,
                                     const std::string& delimiter,
                                     const std::optional<std::string>& continuation_token,
                                     int keys_max, std::stop_token stop) const {
  std::string target = fmt::format("/{}?encoding-type=url&list-type=2&max-keys={}&prefix={}",
                                   bucket, keys_max, PercentEncode(prefix));
  if (!delimiter.empty()) target += "&delimiter=" + PercentEncode(delimiter);
  if (continuation_token) target += "&continuation-token=" + PercentEncode(*continuation_token);
  ASSIGN_OR_RETURN(HttpResponse response, Send(CallOf("GET", target), nullptr, stop));
  ASSIGN_OR_RETURN(XmlElement root, ReadXml("ListObjectsV2", std::move(response)));
  // Not every S3-compatible store honours encoding-type; only those that say so have encoded.
  bool encoded = root.ChildText("EncodingType") == "url";
  auto decode = [&](std::string_view text) {
    return encoded ? PercentDecode(text, /*plus_is_space=*/true) : std::string(text);
  };
  S3Listing listing;
  for (const XmlElement* object : root.ChildrenNamed("Contents")) {
    listing.objects.push_back({decode(object->ChildText("Key")), NumberOf(*object, "Size"),
                               Unquoted(object->ChildText("ETag")),
                               ParseIso(object->ChildText("LastModified")).value_or(Instant{})});
  }
  for (const XmlElement* folder : root.ChildrenNamed("CommonPrefixes")) {
    listing.common_prefixes.push_back(decode(folder->ChildText("Prefix")));
  }
  if (root.ChildText("IsTruncated") == "true") {
    std::string_view next = root.ChildText("NextContinuationToken");
    if (next.empty()) {
      return CallError{
          "MalformedAnswer", "the listing is cut but has no NextContinuationToken", 200, {}};
    }
    listing.continuation_token = next;
  }
  return listing;
}

CallResult<std::string> S3Client::CreateMultipartUpload(const S3Location& at,
                                                        const S3PutOptions& options,
                                                        std::stop_token stop) const {
  ServiceCall call = CallOf("POST", TargetOf(at) + "?uploads=");
  AddOptions(call, options);
  call.headers.Add("x-amz-checksum-algorithm", "CRC32");
  ASSIGN_OR_RETURN(HttpResponse response, Send(call, nullptr, stop));
  ASSIGN_OR_RETURN(XmlElement root, ReadXml("CreateMultipartUpload", std::move(response)));
  std::string id(root.ChildText("UploadId"));
  if (id.empty())
    return CallError{
        "MalformedAnswer", "the answer to CreateMultipartUpload has no UploadId", 200, {}};
  return id;
}

CallResult<S3Part> S3Client::UploadPart(const S3Location& at, const std::string& upload_id,
                                        int number, std::string_view body,
                                        std::stop_token stop) const {
  ServiceCall call = CallOf("PUT", fmt::format("{}?partNumber={}&uploadId={}", TargetOf(at), number,
                                               PercentEncode(upload_id)));
  call.body = body;
  AddChecksum(call);
  ASSIGN_OR_RETURN(HttpResponse response, Send(call, nullptr, stop));
  S3Part part{number, Unquoted(HeaderOf(response, "ETag")), body.size()};
  if (part.etag.empty()) return NotUnderstood("UploadPart", response);
  return part;
}

CallResult<std::string> S3Client::CompleteMultipartUpload(const S3Location& at,
                                                          const std::string& upload_id,
                                                          const std::vector<S3Part>& parts,
                                                          bool only_if_absent,
                                                          std::stop_token stop) const {
  std::map<int, const S3Part*> by_number;
  for (const S3Part& part : parts) by_number[part.number] = &part;
  XmlWriter xml;
  xml.Open("CompleteMultipartUpload", kXmlNamespace);
  for (const auto& [number, part] : by_number) {
    xml.Open("Part");
    xml.Element("PartNumber", number);
    xml.Element("ETag", "\"" + part->etag + "\"");
    xml.Close();
  }
  xml.Close();
  std::string body = std::move(xml).Finish();
  ServiceCall call = CallOf("POST", TargetOf(at) + "?uploadId=" + PercentEncode(upload_id));
  call.headers.Add("Content-Type", "application/xml");
  if (only_if_absent) call.headers.Add("If-None-Match", "*");
  call.body = body;
  // The error inside a 200 comes after CallService has returned, so its new tries are made here.
  constexpr int kTriesMax = 3;
  for (int tries = 1;; ++tries) {
    ASSIGN_OR_RETURN(HttpResponse response, Send(call, nullptr, stop));
    auto root = ReadXml("CompleteMultipartUpload", std::move(response));
    if (root) return Unquoted(root->ChildText("ETag"));
    if (tries == kTriesMax || !root.error().IsRetryable() || !BackOff(context_, tries, stop)) {
      return std::move(root).error();
    }
  }
}

CallResult<void> S3Client::AbortMultipartUpload(const S3Location& at, const std::string& upload_id,
                                                std::stop_token stop) const {
  auto response =
      Send(CallOf("DELETE", TargetOf(at) + "?uploadId=" + PercentEncode(upload_id)), nullptr, stop);
  if (!response && response.error().type != "NoSuchUpload") return std::move(response).error();
  return {};
}

CallResult<std::vector<S3Part>> S3Client::ListParts(const S3Location& at,
                                                    const std::string& upload_id,
                                                    std::stop_token stop) const {
  std::vector<S3Part> parts;
  int marker = 0;
  while (true) {
    std::string target = fmt::format("{}?max-parts={}&part-number-marker={}&uploadId={}",
                                     TargetOf(at), kPartsPageMax, marker, PercentEncode(upload_id));
    ASSIGN_OR_RETURN(HttpResponse response, Send(CallOf("GET", target), nullptr, stop));
    ASSIGN_OR_RETURN(XmlElement root, ReadXml("ListParts", std::move(response)));
    for (const XmlElement* part : root.ChildrenNamed("Part")) {
      parts.push_back({static_cast<int>(NumberOf(*part, "PartNumber")),
                       Unquoted(part->ChildText("ETag")), NumberOf(*part, "Size")});
    }
    if (root.ChildText("IsTruncated") != "true") return parts;
    int next = static_cast<int>(NumberOf(root, "NextPartNumberMarker"));
    if (next <= marker)
      return CallError{"MalformedAnswer", "the list of parts does not advance", 200, {}};
    marker = next;
  }
}

CallResult<std::vector<S3Upload>> S3Client::ListMultipartUploads(const std::string& bucket,
                                                                 const std::string& prefix,
                                                                 std::stop_token stop) const {
  std::vector<S3Upload> uploads;
  std::string key_marker, upload_marker;
  while (true) {
    std::string target = fmt::format(
        "/{}?encoding-type=url&max-uploads=1000&prefix={}&uploads=", bucket, PercentEncode(prefix));
    if (!key_marker.empty()) target += "&key-marker=" + PercentEncode(key_marker);
    if (!upload_marker.empty()) target += "&upload-id-marker=" + PercentEncode(upload_marker);
    ASSIGN_OR_RETURN(HttpResponse response, Send(CallOf("GET", target), nullptr, stop));
    ASSIGN_OR_RETURN(XmlElement root, ReadXml("ListMultipartUploads", std::move(response)));
    bool encoded = root.ChildText("EncodingType") == "url";
    auto decode = [&](std::string_view text) {
      return encoded ? PercentDecode(text, /*plus_is_space=*/true) : std::string(text);
    };
    for (const XmlElement* upload : root.ChildrenNamed("Upload")) {
      uploads.push_back(
          {decode(upload->ChildText("Key")), std::string(upload->ChildText("UploadId"))});
    }
    if (root.ChildText("IsTruncated") != "true") return uploads;
    std::string next = decode(root.ChildText("NextKeyMarker"));
    std::string next_upload(root.ChildText("NextUploadIdMarker"));
    if (next.empty() || (next == key_marker && next_upload == upload_marker)) {
      return CallError{"MalformedAnswer", "the list of uploads does not advance", 200, {}};
    }
    key_marker = std::move(next);
    upload_marker = std::move(next_upload);
  }
}

}  // namespace penstock
