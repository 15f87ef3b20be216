#include "system/system_random.h"

#include <strings.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace penstock {
namespace {

void FillFromKernel(char* bytes, size_t size) {
  while (size > 0) {
    ssize_t count = getrandom(bytes, size, 0);
    if (count < 0 && errno == EINTR) continue;
    // Without randomness no key can be made, and no caller could do better.
    CHECK(count > 0, "getrandom: {}", std::strerror(errno));
    bytes += count;
    size -= static_cast<size_t>(count);
  }
}

}  // namespace

SystemRandom::~SystemRandom() { explicit_bzero(numbers_.data(), sizeof numbers_); }

uint64_t SystemRandom::Next() {
  std::lock_guard lock(mutex_);
  if (left_ == 0) {
    FillFromKernel(reinterpret_cast<char*>(numbers_.data()), sizeof numbers_);
    left_ = numbers_.size();
  }
  uint64_t number = numbers_[--left_];
  explicit_bzero(&numbers_[left_], sizeof(uint64_t));
  return number;
}

}  // namespace penstock
