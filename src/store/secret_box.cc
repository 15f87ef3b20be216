#include "store/secret_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

constexpr char kVersion = 1;
constexpr size_t kSaltSize = 16, kCounterSize = 8, kTagSize = 16, kNonceSize = 12;
constexpr size_t kHeaderSize = 1 + kSaltSize + kCounterSize;
constexpr size_t kOpenedKeysMax = 256;

struct ContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }

std::string Nonce(std::string_view counter) {
  return std::string(kNonceSize - kCounterSize, '\0').append(counter);
}

}  // namespace

SecretBox::SecretBox(std::string_view key, Random& random) : key_(key), salt_(kSaltSize, '\0') {
  CHECK(key.size() == kKeySize, "a key of {} bytes", key.size());
  random.Fill(salt_);
  seal_key_ = CipherKey(salt_);
}

SecretBox::~SecretBox() {
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(seal_key_.data(), seal_key_.size());
  for (auto& [salt, key] : opened_keys_) OPENSSL_cleanse(key.data(), key.size());
}

std::string SecretBox::CipherKey(std::string_view salt) const {
  return HmacSha256(key_, std::string("penstock sealed record").append(salt));
}

std::string SecretBox::Seal(std::string_view plain, std::string_view context) const {
  uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  std::string sealed(kHeaderSize + plain.size() + kTagSize, '\0');
  sealed[0] = kVersion;
  salt_.copy(&sealed[1], kSaltSize);
  BigEndian(count, kCounterSize).copy(&sealed[1 + kSaltSize], kCounterSize);
  std::string nonce = Nonce(std::string_view(sealed).substr(1 + kSaltSize, kCounterSize));
  CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  bool ok = cipher != nullptr &&
            EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(seal_key_),
                               Bytes(nonce)) == 1 &&
            EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                              static_cast<int>(context.size())) == 1 &&
            EVP_EncryptUpdate(cipher.get(), Bytes(&sealed[kHeaderSize]), &size, Bytes(plain),
                              static_cast<int>(plain.size())) == 1 &&
            EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                &sealed[kHeaderSize + plain.size()]) == 1;
  CHECK(ok, "AES-256-GCM is not available");
  return sealed;
}

Result<std::string> SecretBox::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kHeaderSize + kTagSize || sealed[0] != kVersion) {
    return Corrupt("a stored record is cut short or of an unknown version");
  }
  std::string salt(sealed.substr(1, kSaltSize));
  std::string key;
  if (salt == salt_) {
    key = seal_key_;
  } else {
    std::lock_guard lock(mutex_);
    auto found = opened_keys_.find(salt);
    if (found == opened_keys_.end()) {
      if (opened_keys_.size() >= kOpenedKeysMax) opened_keys_.clear();
      found = opened_keys_.emplace(salt, CipherKey(salt)).first;
    }
    key = found->second;
  }
  std::string nonce = Nonce(sealed.substr(1 + kSaltSize, kCounterSize));
  std::string_view body = sealed.substr(kHeaderSize, sealed.size() - kHeaderSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(body.size(), '\0');
  CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  unsigned char nothing[1];
  bool ok =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(plain.data()), &size, Bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), nothing, &size) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!ok) {
    return Corrupt(
        "a stored record does not open with this data folder's secret key; put back the key file "
        "that belongs to the "
        "database");
  }
  return plain;
}

}  // namespace penstock
