// The one way out: signs a request with Signature Version 4, sends it, reads the service's error.
// The typed clients (dynamodb_client.h, s3_client.h, emr_client.h, data_pipeline_client.h) stand on
// it. Whether a service is AWS's, ours or anybody's is an endpoint, never another code path.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/random.h"

namespace penstock {

/// Where a service is and as whom to call it. Value type; the pointed-to things outlive the
/// clients.
struct ServiceEndpoint {
  std::string url;     // "http://127.0.0.1:7400", no final slash
  std::string region;  // of the signature's scope
  std::shared_ptr<CredentialsProvider> credentials;
  std::string ca_bundle;  // PEM file with the certificates to trust; empty: the HTTP client's own
  /// Of these credentials; copies of the endpoint share it.
  std::shared_ptr<SigningKeyCache> signing_keys = std::make_shared<SigningKeyCache>();
};

/// What every client needs of the world. Copied freely; the pointees outlive the clients.
struct ClientContext {
  HttpClient* http;
  Clock* clock;
  Random* random;
};

/// Why a call failed.
struct CallError {
  std::string
      type;  // "ProvisionedThroughputExceededException", without name space; empty: no answer came
  std::string message;  // the service's words, or what the network said
  int http = 0;         // 0: no answer came
  std::string request_id;

  /// A throttle of any class (…ThroughputExceeded, Throttling…, RequestLimitExceeded, SlowDown,
  /// TooManyRequests, 429).
  bool IsThrottle() const;
  /// A throttle, a 5xx, or no answer: the same request may succeed later. Not so if we were told to
  /// stop, or have no credentials.
  bool IsRetryable() const;
  /// As an Error for people: "<attempted>: <type>: <message> (HTTP 400, request …)".
  Error ToError(std::string_view attempted) const;
};

template <class T>
using CallResult = Result<T, CallError>;

enum class RetryPolicy {
  kNone,      // one try; for callers with a controller of their own (transfer)
  kStandard,  // up to 3 tries with jittered exponential back-off from 100 ms; IsRetryable() only
  kPatient,   // the same, but throttles are waited out, for ten minutes in all
};

/// One request to a service, before it is signed.
struct ServiceCall {
  std::string service;  // signing name
  std::string method = "POST";
  std::string target = "/";  // path and query, encoded
  Headers headers;
  std::string_view body;     // outlives the call
  Duration timeout{60'000};  // of silence
};

/// Signs and sends `call`, again as `retry` says; the answer is 2xx. With `sink` the body of a 2xx
/// goes there; once bytes went into it there is no further try. Errors are read from JSON, XML and
/// header forms. Thread-safe.
CallResult<HttpResponse> CallService(const ClientContext& context, const ServiceEndpoint& endpoint,
                                     const ServiceCall& call, RetryPolicy retry,
                                     BodySink* sink = nullptr, std::stop_token stop = {});

/// The call of one operation of a JSON service: X-Amz-Target `<target_prefix>.<operation>`, content
/// type application/x-amz-json-`<version>`. `body` outlives it.
ServiceCall JsonCall(std::string_view service, std::string_view target_prefix,
                     std::string_view version, std::string_view operation, std::string_view body);

/// Reads the error of an answer that is not 2xx (or of a 200 that carries one).
CallError ReadCallError(const HttpResponse& response);

/// Sleeps before the `tries`-th new try (1 is the first): uniform in [0, 100 ms × 2^tries], at most
/// 20 s. False if `stop` came meanwhile.
bool BackOff(const ClientContext& context, int tries, const std::stop_token& stop);

}  // namespace penstock
