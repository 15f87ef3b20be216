// ItemLocks: what makes it one step to read some items, decide and write them.
#pragma once

#include <array>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace penstock::dynamodb {

/// Thread-safe. One for all tables: a lock is many items', and enough of them that two batches
/// rarely meet.
class ItemLocks {
 public:
  using Held = std::vector<std::unique_lock<std::mutex>>;

  /// Waits for the locks of all these items (stored keys, KeyLayout::Encode), in an order that all
  /// callers share. REQUIRES: this thread holds none.
  Held Lock(std::span<const std::string_view> keys);

 private:
  static constexpr size_t kLocks = 8192;
  std::array<std::mutex, kLocks> mutexes_;
};

}  // namespace penstock::dynamodb
