// The MD5_… functions are deprecated because MD5 is; their successors hide the state that Save
// needs.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "transfer/running_md5.h"

#include <openssl/md5.h>

#include <cstring>

#include "base/encoding.h"
#undef OPENSSL_SUPPRESS_DEPRECATED

namespace penstock {

static_assert(sizeof(MD5_CTX) == sizeof(uint32_t) * 23);

namespace {

MD5_CTX* Context(std::array<uint32_t, 23>* state) {
  return reinterpret_cast<MD5_CTX*>(state->data());
}

}  // namespace

RunningMd5::RunningMd5() : state_{} { MD5_Init(Context(&state_)); }

void RunningMd5::Update(std::string_view bytes) {
  MD5_Update(Context(&state_), bytes.data(), bytes.size());
}

std::string RunningMd5::Finish() {
  std::string digest(MD5_DIGEST_LENGTH, '\0');
  MD5_Final(reinterpret_cast<unsigned char*>(digest.data()), Context(&state_));
  return digest;
}

std::string RunningMd5::Save() const {
  return HexEncode({reinterpret_cast<const char*>(state_.data()), sizeof(state_)});
}

std::optional<RunningMd5> RunningMd5::Restore(std::string_view saved) {
  std::optional<std::string> bytes = HexDecode(saved);
  RunningMd5 md5;
  if (!bytes || bytes->size() != sizeof(md5.state_)) return std::nullopt;
  std::memcpy(md5.state_.data(), bytes->data(), bytes->size());
  // The last word counts the bytes of a block that is not full.
  if (Context(&md5.state_)->num >= MD5_CBLOCK) return std::nullopt;
  return md5;
}

}  // namespace penstock
