#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace penstock {
namespace {

// Looked up once: with EVP_sha256() and its like OpenSSL 3 looks up each time.
const EVP_MD* Algorithm(HashKind kind) {
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  switch (kind) {
    case HashKind::kMd5:
      return md5;
    case HashKind::kSha1:
      return sha1;
    case HashKind::kSha256:
      return sha256;
  }
  return nullptr;
}

std::string HashOnce(HashKind kind, std::string_view bytes) {
  Hasher hasher(kind);
  hasher.Update(bytes);
  return hasher.Finish();
}

/// RFC 2104. (OpenSSL's own takes several times as long to begin as a signature takes to make.)
std::string Hmac(HashKind kind, std::string_view key, std::string_view bytes) {
  constexpr size_t kBlockSize = 64;  // of all three
  std::string block(key.size() > kBlockSize ? HashOnce(kind, key) : std::string(key));
  block.resize(kBlockSize);
  for (char& c : block) c ^= 0x36;
  Hasher inner(kind);
  inner.Update(block);
  inner.Update(bytes);
  for (char& c : block) c ^= 0x36 ^ 0x5C;
  Hasher outer(kind);
  outer.Update(block);
  outer.Update(inner.Finish());
  OPENSSL_cleanse(block.data(), block.size());
  return outer.Finish();
}

}  // namespace

struct Hasher::Context {
  EVP_MD_CTX* evp;
};

Hasher::Hasher(HashKind kind) : context_(new Context{EVP_MD_CTX_new()}) {
  CHECK(context_->evp != nullptr &&
        EVP_DigestInit_ex(context_->evp, Algorithm(kind), nullptr) == 1);
}
Hasher::~Hasher() {
  if (context_) EVP_MD_CTX_free(context_->evp);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}

void Hasher::Update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Hasher::Finish() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(context_->evp, out, &size) == 1);
  return {reinterpret_cast<char*>(out), size};
}

std::string Md5(std::string_view bytes) { return HashOnce(HashKind::kMd5, bytes); }
std::string Sha1(std::string_view bytes) { return HashOnce(HashKind::kSha1, bytes); }
std::string Sha256(std::string_view bytes) { return HashOnce(HashKind::kSha256, bytes); }
std::string HmacSha256(std::string_view key, std::string_view bytes) {
  return Hmac(HashKind::kSha256, key, bytes);
}
std::string HmacSha1(std::string_view key, std::string_view bytes) {
  return Hmac(HashKind::kSha1, key, bytes);
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace penstock
