// A local service that speaks AWS STS (2011-06-15, query protocol), as far as this server has
// identities to tell of: GetCallerIdentity. It has no temporary credentials, and says so.
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html)
#pragma once

#include "ports/http.h"

namespace penstock {

/// Stateless; thread-safe.
class StsService : public HttpService {
 public:
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;
};

}  // namespace penstock
