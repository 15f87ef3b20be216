// Where randomness comes from.
#pragma once

#include <cstdint>
#include <span>

namespace penstock {

/// Thread-safe. The real one draws from the operating system and is fit for keys and tokens.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;

  /// Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) {
    // Rejection keeps it uniform (Lemire's shorter form is not needed here).
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value = Next();
    while (value >= limit) value = Next();
    return value % bound;
  }
  void Fill(std::span<char> bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(Next() >> 24);
  }
};

}  // namespace penstock
