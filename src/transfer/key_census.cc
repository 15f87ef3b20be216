#include "transfer/key_census.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace penstock {
namespace {

constexpr uint64_t kSlotsMin = 1024;

}  // namespace

KeyCensus::KeyCensus(uint64_t memory_bytes)
    : slots_max_(std::bit_floor(std::max(kSlotsMin, memory_bytes / sizeof(uint64_t)))),
      slots_(kSlotsMin) {}

bool KeyCensus::Repeats(uint64_t hash) {
  hash = std::max<uint64_t>(hash, 1);  // 0 is a free slot
  std::lock_guard lock(mutex_);
  if (!IsOfSample(hash)) return false;
  if (!Insert(hash)) return true;
  if (++used_ > slots_.size() / 2) MakeRoom();
  return false;
}

bool KeyCensus::IsComplete() const {
  std::lock_guard lock(mutex_);
  return skipped_bits_ == 0;
}

bool KeyCensus::Insert(uint64_t hash) {
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] == hash) return false;
    if (slots_[at] != 0) continue;
    slots_[at] = hash;
    return true;
  }
}

void KeyCensus::MakeRoom() {
  const bool may_grow = slots_.size() < slots_max_;
  if (!may_grow) ++skipped_bits_;
  const std::vector<uint64_t> old =
      std::exchange(slots_, std::vector<uint64_t>(may_grow ? slots_.size() * 2 : slots_.size()));
  used_ = 0;
  for (uint64_t hash : old) {
    if (hash != 0 && IsOfSample(hash) && Insert(hash)) ++used_;
  }
}

}  // namespace penstock
