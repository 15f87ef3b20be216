// A client whose server is a function call away: no sockets, no threads.
#pragma once

#include "ports/clock.h"
#include "ports/http.h"
#include "ports/random.h"

namespace penstock {

/// Sends requests straight to one HttpService, whatever host the URL names (it only becomes the
/// Host field).
///
/// Serve runs on the calling thread. If it keeps the responder, Send waits until somebody completes
/// it, until `stop`, or until it was silent for the request's timeout, or until the
/// request's total is over; it has then left, and PeerConnected() is false. While Serve itself
/// runs, stopping shows only in PeerConnected() and in errors from the body source and from Write.
/// A responder that is destroyed unanswered, or a body shorter than announced, is kUnavailable, as
/// it would be over a socket. Thread-safe. Responders may outlive the client.
class InProcessClient final : public HttpClient {
 public:
  /// All three outlive it.
  InProcessClient(HttpService* service, Clock* clock, Random* random)
      : service_(service), clock_(clock), random_(random) {}

  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink* sink,
                            std::stop_token stop) override;

 private:
  HttpService* const service_;
  Clock* const clock_;
  Random* const random_;
};

}  // namespace penstock
