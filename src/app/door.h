// Door: what stands at the port while the server is being put together. Its address must be known
// before its parts can be made.
#pragma once

#include <atomic>

#include "ports/http.h"

namespace penstock {

/// 503 until it is opened, then what `inside` answers. Thread-safe.
class Door : public HttpService {
 public:
  /// `inside` outlives the door.
  void Open(HttpService* inside) { inside_.store(inside, std::memory_order_release); }

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    if (HttpService* inside = inside_.load(std::memory_order_acquire)) {
      return inside->Serve(std::move(request), body, std::move(responder));
    }
    responder->Respond(
        {.status = 503, .headers = {{"Retry-After", "1"}}, .body = "the server is starting\n"});
  }

 private:
  std::atomic<HttpService*> inside_ = nullptr;
};

}  // namespace penstock
