// The operating system's randomness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "ports/random.h"

namespace penstock {

/// Every number comes from getrandom(2), so all of them are fit for keys and tokens; a buffer
/// spares a system call per number. A number is wiped from the buffer when it is handed out.
/// Thread-safe.
class SystemRandom final : public Random {
 public:
  SystemRandom() = default;
  SystemRandom(const SystemRandom&) = delete;
  SystemRandom& operator=(const SystemRandom&) = delete;
  ~SystemRandom() override;

  uint64_t Next() override;

 private:
  std::mutex mutex_;
  std::array<uint64_t, 128> numbers_{};
  size_t left_ = 0;  // numbers_[0, left_) are unused
};

}  // namespace penstock
