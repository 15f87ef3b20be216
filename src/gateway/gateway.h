// The one port: finds out which service a request is for, proves who sent it, reads and checks its
// body as far as that proof needs, and hands it to the service with `request.caller` set. Knows no
// service; errors of its own are worded as the addressed service words them. Nothing unsigned is
// served but: paths registered as open, metrics (PathAccess::kMetrics), DynamoDB's health text at
// GET /, SNS's confirmation links, and CORS preflights.
//
// A service gets a body that it may trust once it has read it to its end: the bodies of JSON, query
// and CBOR requests are complete in memory and checked before; S3's stream through
// aws/chunked_body.h, whose errors BodyError() translates. Of a browser's upload to S3 only the
// policy in its form is signed; the service holds the rest of the form against it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/signature_check.h"
#include "gateway/access_log.h"
#include "gateway/key_ring.h"
#include "gateway/request_route.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/random.h"

namespace penstock {

/// Who may ask for a path of our own.
enum class PathAccess {
  kOpen,     // anybody: health, the console's files
  kMetrics,  // loopback peers, or whoever has the bearer token
};

struct GatewayOptions {
  Clock* clock = nullptr;
  Random* random = nullptr;
  const KeyRing* key_ring = nullptr;
  AccessObserver* observer = nullptr;  // may be absent
  std::string region =
      "us-east-1";        // for callers whose signature names none (Version 2, "0", "aws-global")
  std::string s3_domain;  // "s3.example.org": b.s3.example.org is bucket b; empty: path style only
  std::string metrics_token;  // empty: loopback only
};

/// Thread-safe once everything is registered.
class Gateway : public HttpService {
 public:
  explicit Gateway(GatewayOptions options);

  /// `service` answers the requests signed for `signing_name`. It outlives the gateway. Before the
  /// first Serve().
  void Register(std::string signing_name, HttpService* service);
  /// `service` answers what begins with `prefix` ("/_penstock/health"); the longest prefix wins. A
  /// prefix matches whole path segments. It outlives the gateway. Before the first Serve().
  void RegisterPath(std::string prefix, HttpService* service,
                    PathAccess access = PathAccess::kOpen);

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  struct Mount {
    std::string prefix;
    HttpService* service;
    PathAccess access;
  };
  struct Call;

  HttpService* FindService(std::string_view signing_name) const;
  const Mount* FindMount(std::string_view path) const;
  void ServeMount(const Mount& mount, HttpRequest request, BodySource& body,
                  std::unique_ptr<Responder> responder);
  void ServePreflight(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder);
  void ServeAws(Call& call, BodySource& body);
  /// True if the request was one of those that need no signature, and is answered.
  bool ServeUnsigned(Call& call, BodySource& body);
  void ServeS3(Call& call, BodySource& body);
  void ServeForm(Call& call, const std::string& boundary, BodySource& body);
  void ServeBuffered(Call& call, BodySource& body);

  /// Holds time, scope and signature of a request against the key that it names.
  ApiResult<AccessKey> Authenticate(Call& call, const SignatureClaim& claim,
                                    std::string_view payload_hash);
  /// The key that `claim` names, if it is valid now, `check` finds the signature right for its
  /// secret, and the session token is its own; fills in `call.request.caller`.
  /// `check(const std::string& secret)` gives a Result<void, SignatureFault>.
  template <class Check>
  ApiResult<AccessKey> Admit(Call& call, const SignatureClaim& claim, Instant now, Check check);

  /// `cors_is_services`: the service tells browsers itself what they may read.
  std::unique_ptr<Responder> Recorded(Call& call, bool cors_is_services = false) const;
  void Fail(Call& call, const ApiError& error) const;
  void Forward(Call& call, HttpService& service, BodySource& body) const;

  const GatewayOptions options_;
  SigningKeyCache signing_keys_;
  std::vector<std::pair<std::string, HttpService*>> services_;  // few: a scan beats a map
  std::vector<Mount> mounts_;                                   // longest prefix first
};

}  // namespace penstock
