// SecretBox: seals byte strings for rest with AES-256-GCM under the data folder's key, so that a
// stolen database file gives nothing away. A sealed string is
//
//   version (1 byte, 0x01) | salt (16) | counter (8, big-endian) | ciphertext | tag (16)
//
// The cipher key is HMAC-SHA256(folder key, "penstock sealed record" | salt). The salt is drawn
// once per SecretBox and the counter never repeats within it, so that a nonce is never used twice
// however many records are written over the years (random 96-bit nonces under one key would be good
// for 2^32 records only, NIST SP 800-38D section 8.3).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "ports/random.h"

namespace penstock {

/// Thread-safe.
class SecretBox {
 public:
  static constexpr size_t kKeySize = 32;

  /// REQUIRES: key.size() == kKeySize.
  SecretBox(std::string_view key, Random& random);
  ~SecretBox();
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  /// `context` names the place of the record (table and key): the sealed string opens only there.
  std::string Seal(std::string_view plain, std::string_view context) const;
  /// kCorrupt if it was changed, moved from another place, or sealed under another key.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;

 private:
  std::string CipherKey(std::string_view salt) const;

  std::string key_;
  std::string salt_;
  std::string seal_key_;
  mutable std::atomic<uint64_t> counter_{0};
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::string>
      opened_keys_;  // by salt: one for each former start; guarded
};

}  // namespace penstock
