// Talks to an S3Service as a signed caller, for tests and fuzzing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "local/s3/s3_service.h"
#include "ports/http.h"

namespace penstock {

/// Keeps the answer; the responder may be destroyed after it.
struct CapturedResponse {
  HttpResponse response;
  bool answered = false;
};

class CapturingResponder final : public Responder {
 public:
  explicit CapturingResponder(CapturedResponse* captured) : captured_(captured) {}
  void Respond(HttpResponse response) override {
    captured_->response = std::move(response);
    captured_->answered = true;
  }
  Status Begin(int status, Headers headers, std::optional<uint64_t> size) override {
    captured_->response = {.status = status, .headers = std::move(headers), .body = {}};
    if (size) captured_->response.headers.Set("Content-Length", std::to_string(*size));
    return {};
  }
  Status Write(std::string_view bytes) override {
    captured_->response.body += bytes;
    return {};
  }
  Status Finish() override {
    captured_->answered = true;
    return {};
  }
  bool PeerConnected() override { return true; }

 private:
  CapturedResponse* const captured_;
};

class S3TestClient {
 public:
  explicit S3TestClient(HttpService* service, std::string account = "111111111111")
      : service_(service), account_(std::move(account)) {}

  /// `answered` is false when the service gave up halfway.
  CapturedResponse Send(std::string method, std::string target, std::string_view body = {},
                        Headers headers = {}, BodySource* source = nullptr) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    request.request_id = "00000000-0000-0000-0000-000000000001";
    if (!request.headers.Has("Content-Length"))
      request.headers.Add("Content-Length", std::to_string(body.size()));
    request.caller =
        Caller{account_, "AKIDEXAMPLE", "arn:aws:iam::" + account_ + ":root", "us-east-1", "s3"};
    CapturedResponse captured;
    StringSource memory(body);
    service_->Serve(std::move(request), source != nullptr ? *source : memory,
                    std::make_unique<CapturingResponder>(&captured));
    return captured;
  }

  HttpResponse operator()(std::string method, std::string target, std::string_view body = {},
                          Headers headers = {}) {
    return Send(std::move(method), std::move(target), body, std::move(headers)).response;
  }

 private:
  HttpService* const service_;
  const std::string account_;
};

}  // namespace penstock
