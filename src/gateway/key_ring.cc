#include "gateway/key_ring.h"

#include <fmt/core.h>

#include <mutex>

#include "base/encoding.h"

namespace penstock {
namespace {

constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr size_t kIdRandomSize = 16;
constexpr size_t kSecretBytes = 30;  // 40 characters of base64
constexpr size_t kTokenBytes = 96;

std::string RandomBase64(Random& random, size_t bytes) {
  std::string raw(bytes, '\0');
  random.Fill(raw);
  return Base64Encode(raw);
}

}  // namespace

std::string RootArn(std::string_view account) {
  return fmt::format("arn:aws:iam::{}:root", account);
}

Credentials NewKeyPair(Random& random, bool temporary) {
  Credentials pair;
  pair.access_key_id = temporary ? "ASIA" : "AKIA";
  for (size_t i = 0; i < kIdRandomSize; ++i)
    pair.access_key_id += kIdAlphabet[random.Below(kIdAlphabet.size())];
  pair.secret_access_key = RandomBase64(random, kSecretBytes);
  if (temporary) pair.session_token = RandomBase64(random, kTokenBytes);
  return pair;
}

void KeyRing::Add(AccessKey key) {
  std::unique_lock lock(mutex_);
  std::string id = key.access_key_id;
  keys_.insert_or_assign(std::move(id), std::move(key));
}

void KeyRing::Remove(std::string_view access_key_id) {
  std::unique_lock lock(mutex_);
  keys_.erase(std::string(access_key_id));
}

size_t KeyRing::RemoveExpired(Instant now) {
  std::unique_lock lock(mutex_);
  return std::erase_if(keys_, [&](const auto& entry) {
    return entry.second.expires_at && *entry.second.expires_at <= now;
  });
}

std::optional<AccessKey> KeyRing::Find(const std::string& access_key_id) const {
  std::shared_lock lock(mutex_);
  auto found = keys_.find(access_key_id);
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

}  // namespace penstock
