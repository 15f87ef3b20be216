// The audit trail: one record per call, written to the log and shown to an observer (metrics). Also
// where every answer gets its request id and CORS headers, whoever made it.
#pragma once

#include <memory>
#include <string>

#include "aws/error_response.h"
#include "ports/clock.h"
#include "ports/http.h"

namespace penstock {

struct AccessRecord {
  std::string request_id;
  std::string peer_address;
  std::string account;        // empty: nobody was authenticated
  std::string access_key_id;  // as claimed, also by a caller that was refused
  std::string service;
  std::string operation;  // "PutItem"; for S3 the method and path, without the query (it may hold a
                          // signature)
  int status = 0;         // 0: the connection ended without an answer
  std::string error_type;  // of an answer with status >= 400, as far as it can be told
  std::chrono::nanoseconds duration{};
};

/// Sees every finished call. Called from any thread, also at the same time.
class AccessObserver {
 public:
  virtual ~AccessObserver() = default;
  virtual void OnCall(const AccessRecord& record) = 0;
};

/// "call account=… service=… operation="…" status=…": at info level; texts of the caller are quoted
/// and escaped.
void LogAccess(const AccessRecord& record);

/// A responder around `inner` that completes `record`, logs it and shows it to `observer` (may be
/// nullptr) when the answer is finished or given up. Adds request id headers of `protocol`, and
/// CORS headers if `cors`. `begun_at`: when the call came, by the clock's Monotonic().
std::unique_ptr<Responder> RecordedResponder(std::unique_ptr<Responder> inner, AccessRecord record,
                                             WireProtocol protocol, bool cors, Clock& clock,
                                             std::chrono::nanoseconds begun_at,
                                             AccessObserver* observer);

}  // namespace penstock
