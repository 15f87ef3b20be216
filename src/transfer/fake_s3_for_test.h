// A small and faulty S3. For tests only.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "aws/service_client.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "ports/http.h"

namespace penstock::testing {

/// Objects, listings, multipart uploads, conditions and ranges. One thread at a time.
class FakeS3 {
 public:
  std::map<std::string, std::string> objects;  // "/bucket/key"
  std::map<std::string, std::map<int, std::string>> uploads;
  /// How each object was said to be encrypted: "AES256", "aws:kms key", "".
  std::map<std::string, std::string> encryption;
  /// Asked of each request: a status to answer instead, or one of those below; 0: no fault.
  std::function<int(const std::string& method, const std::string& target)> s3_fault;
  static constexpr int kLost = -1;       // it is carried out, and no answer comes
  static constexpr int kDone500 = -2;    // it is carried out, and the answer is 500
  static constexpr int kReset = -3;      // the connection breaks in the middle of the answer's body
  static constexpr int kCutShort = -4;   // half of the body comes, under the length of the whole
  static constexpr int kSlowDown = 503;  // with the code SlowDown
  static constexpr int kConflict = 409;  // with the code ConditionalRequestConflict
  static constexpr int kUploadGone = -5;   // as kConflict, and the upload is given up
  std::map<std::string, int> s3_requests;  // how many, by method

 protected:
  Result<HttpResponse> AnswerS3(const ClientRequest& request, const std::string& body,
                                BodySink* sink) {
    const std::string target = request.url.substr(request.url.find('/', 8));
    ++s3_requests[request.method];
    const int fault = s3_fault ? s3_fault(request.method, target) : 0;
    if (fault > 0) return Refusal(fault);
    if (fault == kUploadGone) {
      uploads.clear();
      return Refusal(kConflict);
    }
    HttpResponse response = S3(request, body);
    if (fault == kLost) return Unavailable("connection reset");
    if (fault == kDone500) return Refusal(500);
    const bool is_short = (fault == kReset || fault == kCutShort) && response.status / 100 == 2;
    if (!is_short) return response;
    response.body.resize(response.body.size() / 2);
    if (fault == kReset) {
      // What came before went to the reader.
      if (sink != nullptr) RETURN_IF_ERROR(sink->Write(response.body));
      return Unavailable("connection reset by peer");
    }
    return response;
  }

 private:
  static HttpResponse Refusal(int status) {
    HttpResponse response;
    response.status = status;
    const char* code = status == kSlowDown   ? "SlowDown"
                       : status == kConflict ? "ConditionalRequestConflict"
                       : status >= 500       ? "InternalError"
                                             : "AccessDenied";
    response.body = fmt::format("<Error><Code>{}</Code><Message>no</Message></Error>", code);
    return response;
  }

  HttpResponse S3(const ClientRequest& request, const std::string& body) {
    std::string target = request.url.substr(request.url.find('/', 8));
    std::string path = PercentDecode(target.substr(0, target.find('?')));
    std::map<std::string, std::string> query;
    if (size_t mark = target.find('?'); mark != std::string::npos) {
      for (auto& [name, value] : ParseQuery(target.substr(mark + 1))) query[name] = value;
    }
    auto etag = [](const std::string& content) { return "\"" + HexEncode(Md5(content)) + "\""; };
    HttpResponse response;
    auto missing = [&](const char* code = "NoSuchKey") {
      response.status = 404;
      response.body = fmt::format("<Error><Code>{}</Code><Message>no</Message></Error>", code);
      return response;
    };
    bool is_taken = request.headers.Get("If-None-Match").has_value() && objects.contains(path);
    if (query.contains("list-type")) {
      std::string prefix = path + (path.ends_with('/') ? "" : "/") + query["prefix"];
      response.body = "<ListBucketResult><IsTruncated>false</IsTruncated>";
      for (const auto& [key, content] : objects) {
        if (!key.starts_with(prefix)) continue;
        response.body +=
            fmt::format("<Contents><Key>{}</Key><Size>{}</Size><ETag>{}</ETag></Contents>",
                        key.substr(key.find('/', 1) + 1), content.size(), etag(content));
      }
      response.body += "</ListBucketResult>";
    } else if (query.contains("uploads") && request.method == "GET") {
      response.body = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>";
      for (const auto& [id, upload] : uploads) {
        response.body +=
            "<Upload><Key>" + upload_keys_[id] + "</Key><UploadId>" + id + "</UploadId></Upload>";
      }
      response.body += "</ListMultipartUploadsResult>";
    } else if (query.contains("uploads")) {
      encryption[path] = EncryptionOf(request);
      std::string id = fmt::format("u{}", ++uploads_made_);
      uploads[id] = {};
      upload_keys_[id] = path.substr(path.find('/', 1) + 1);
      response.body = "<InitiateMultipartUploadResult><UploadId>" + id +
                      "</UploadId></InitiateMultipartUploadResult>";
    } else if (query.contains("partNumber")) {
      uploads[query["uploadId"]][std::stoi(query["partNumber"])] = body;
      response.headers.Add("ETag", etag(body));
    } else if (query.contains("uploadId") && request.method == "GET") {
      if (!uploads.contains(query["uploadId"])) return missing("NoSuchUpload");
      response.body = "<ListPartsResult><IsTruncated>false</IsTruncated>";
      for (const auto& [number, part] : uploads[query["uploadId"]]) {
        response.body +=
            fmt::format("<Part><PartNumber>{}</PartNumber><Size>{}</Size><ETag>{}</ETag></Part>",
                        number, part.size(), etag(part));
      }
      response.body += "</ListPartsResult>";
    } else if (query.contains("uploadId") && request.method == "DELETE") {
      uploads.erase(query["uploadId"]);
      response.status = 204;
    } else if (query.contains("uploadId")) {
      if (!uploads.contains(query["uploadId"])) return missing("NoSuchUpload");
      if (is_taken) return Taken();
      // Only the parts that are named, by number and ETag.
      std::string whole;
      for (const auto& [number, part] : uploads[query["uploadId"]]) {
        if (body.find(fmt::format("<PartNumber>{}<", number)) != std::string::npos) whole += part;
      }
      uploads.erase(query["uploadId"]);
      objects[path] = whole;
      response.body = "<CompleteMultipartUploadResult><ETag>" + etag(whole) +
                      "</ETag></CompleteMultipartUploadResult>";
    } else if (request.method == "PUT") {
      if (is_taken) return Taken();
      encryption[path] = EncryptionOf(request);
      objects[path] = body;
      response.headers.Add("ETag", etag(body));
    } else if (request.method == "DELETE") {
      objects.erase(path);
      response.status = 204;
    } else {
      auto found = objects.find(path);
      if (found == objects.end()) return missing();
      auto match = request.headers.Get("If-Match");
      if (match && *match != etag(found->second)) return Taken();
      response.headers.Add("ETag", etag(found->second));
      response.body = found->second;
      if (auto range = request.headers.Get("Range")) {
        size_t dash = range->find('-');
        size_t first = *ParseUint(range->substr(6, dash - 6)),
               last = *ParseUint(range->substr(dash + 1));
        response.status = 206;
        response.body = found->second.substr(first, last - first + 1);
      }
      response.headers.Add("Content-Length", std::to_string(response.body.size()));
      if (request.method == "HEAD") response.body.clear();
    }
    return response;
  }
  static std::string EncryptionOf(const ClientRequest& request) {
    std::string kind(request.headers.Get("x-amz-server-side-encryption").value_or(""));
    auto key = request.headers.Get("x-amz-server-side-encryption-aws-kms-key-id");
    return key ? kind + " " + std::string(*key) : kind;
  }
  static HttpResponse Taken() {
    HttpResponse response;
    response.status = 412;
    response.body = "<Error><Code>PreconditionFailed</Code><Message>taken</Message></Error>";
    return response;
  }
  static std::optional<size_t> ParseUint(std::string_view text) {
    size_t value = 0;
    for (char c : text) value = value * 10 + static_cast<size_t>(c - '0');
    return value;
  }

  std::map<std::string, std::string> upload_keys_;
  int uploads_made_ = 0;
};

}  // namespace penstock::testing
