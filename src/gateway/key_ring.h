// The access keys that this server knows: who signs with them. A table in memory; whoever makes
// keys (the root key of the data folder, workers' keys) adds them here and keeps them elsewhere if
// they shall outlive the process.
#pragma once

#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aws/credentials.h"
#include "ports/random.h"
#include "time/instant.h"

namespace penstock {

struct AccessKey {
  std::string access_key_id;
  std::string secret;
  std::string account;   // 12 digits
  std::string user_arn;  // arn:aws:iam::<account>:root or …:user/NAME
  bool is_root = false;
  std::string session_token;  // temporary keys: must come with every request; permanent ones: empty
  std::optional<Instant> expires_at{};  // absent: never
  bool operator==(const AccessKey&) const = default;
};

/// "arn:aws:iam::123456789012:root".
std::string RootArn(std::string_view account);

/// A new key pair of AWS's shape: "AKIA" ("ASIA" for a temporary one, with a session token) and 16
/// letters and digits; a secret of 40 characters.
Credentials NewKeyPair(Random& random, bool temporary);

/// Thread-safe.
class KeyRing {
 public:
  /// Replaces a key of the same id.
  void Add(AccessKey key);
  /// Removing what is not there is no error.
  void Remove(std::string_view access_key_id);
  /// Drops all keys that expired before `now`; how many.
  size_t RemoveExpired(Instant now);
  /// Also finds expired keys: whether one still counts is for the asker to say.
  std::optional<AccessKey> Find(const std::string& access_key_id) const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, AccessKey> keys_;
};

}  // namespace penstock
