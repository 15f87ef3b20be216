// S3Service: an Amazon S3 in one folder and one index. Give it authenticated requests: it checks
// that the caller owns the bucket, not who the caller is.
//
// Not kept: ACLs, policies, lifecycle rules and the other settings of buckets but versioning, CORS
// and tags. Reading them shows the defaults of a new bucket, changing them is NotImplemented.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/files.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/random.h"

namespace penstock {

struct S3Options {
  std::string folder;         // objects' bytes: <folder>/objects, <folder>/tmp; made if needed
  Files* files = nullptr;     // all four outlive the service
  KeyValue* index = nullptr;  // keys beginning with "s3/" are the service's
  Clock* clock = nullptr;
  Random* random = nullptr;
  std::string default_region =
      "us-east-1";  // of buckets made by callers whose region is no region's name
};

/// Thread-safe. Bodies are read and written in pieces of fixed size; every change survives power
/// loss before it is answered.
class S3Service final : public HttpService {
 public:
  /// Removes what a crash left over. The error is the folder's or the index's.
  static Result<std::unique_ptr<S3Service>> Open(S3Options options);
  /// REQUIRES: no request is being served, and all responders are gone.
  ~S3Service() override;

  /// `request.caller` is who signed; without one the answer is AccessDenied, save to CORS
  /// preflights.
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  struct Parts;
  explicit S3Service(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace penstock
