// Who we are when we call AWS or anything that speaks like it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "time/instant.h"

namespace penstock {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;            // empty for long-lived keys
  std::optional<Instant> expires_at{};  // absent: never
  bool operator==(const Credentials&) const = default;
};

/// Gives credentials that are valid now, renewing them in time. Thread-safe. The error says what
/// was looked for, where, and how to provide it.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  virtual Result<Credentials> Get() = 0;
};

/// Always these.
std::shared_ptr<CredentialsProvider> StaticCredentials(Credentials credentials);

}  // namespace penstock
