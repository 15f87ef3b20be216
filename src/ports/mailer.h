// Electronic mail, as far as notifications need it.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"

namespace penstock {

/// One message to one recipient. Value type.
struct Mail {
  std::string to;          // an address without a name: "ops@example.com"
  std::string subject;     // UTF-8, one line
  std::string text;        // UTF-8
  std::string message_id;  // without angle brackets; the same for repeats of one message
  bool operator==(const Mail&) const = default;
};

/// Thread-safe.
class Mailer {
 public:
  virtual ~Mailer() = default;
  /// Returns once a mail server has taken it. kUnavailable, kDeadlineExceeded: try again later;
  /// kCanceled: `stop` came; another error will not go away.
  virtual Status Send(const Mail& mail, std::stop_token stop) = 0;
};

}  // namespace penstock
